using System.Collections;
using System.Collections.Concurrent;
using Microsoft.Build.Framework;

namespace Serenity.Fuzzing.Checks;

/// <summary>Keeps what a task logs, and what tasks of one build keep for each other.</summary>
public sealed class RecordingEngine : IBuildEngine4
{
    private readonly ConcurrentDictionary<object, object> _kept = [];

    public ConcurrentQueue<BuildErrorEventArgs> Errors { get; } = [];

    public ConcurrentQueue<BuildWarningEventArgs> Warnings { get; } = [];

    /// <summary>Messages that are shown without asking for more.</summary>
    public ConcurrentQueue<string> Said { get; } = [];

    /// <summary>What only a binary log shows: causes, with their stacks.</summary>
    public ConcurrentQueue<string> Details { get; } = [];

    public bool ContinueOnError => false;

    public int LineNumberOfTaskNode => 0;

    public int ColumnNumberOfTaskNode => 0;

    public string ProjectFileOfTaskNode => "test.csproj";

    public bool IsRunningMultipleNodes => false;

    public bool BuildProjectFile(string projectFileName, string[] targetNames, IDictionary globalProperties, IDictionary targetOutputs) => throw new NotSupportedException();

    public void LogCustomEvent(CustomBuildEventArgs e)
    {
    }

    public void LogErrorEvent(BuildErrorEventArgs e) => Errors.Enqueue(e);

    public void LogMessageEvent(BuildMessageEventArgs e)
    {
        (e.Importance == MessageImportance.Low ? Details : Said).Enqueue(e.Message ?? "");
    }

    public void LogWarningEvent(BuildWarningEventArgs e) => Warnings.Enqueue(e);

    public object GetRegisteredTaskObject(object key, RegisteredTaskObjectLifetime lifetime) => _kept.GetValueOrDefault(key)!;

    public void RegisterTaskObject(object key, object obj, RegisteredTaskObjectLifetime lifetime, bool allowEarlyCollection) => _kept[key] = obj;

    public object UnregisterTaskObject(object key, RegisteredTaskObjectLifetime lifetime) => _kept.TryRemove(key, out object? kept) ? kept : null!;

    /// <summary>What MSBuild does at the end of a build with what tasks keep for as long.</summary>
    public void EndBuild()
    {
        foreach (object key in _kept.Keys)
        {
            if (_kept.TryRemove(key, out object? kept))
                (kept as IDisposable)?.Dispose();
        }
    }

    public bool BuildProjectFile(string projectFileName, string[] targetNames, IDictionary globalProperties, IDictionary targetOutputs, string toolsVersion) =>
        throw new NotSupportedException();

    public bool BuildProjectFilesInParallel(
        string[] projectFileNames, string[] targetNames, IDictionary[] globalProperties, IDictionary[] targetOutputsPerProject, string[] toolsVersion,
        bool useResultsCache, bool unloadProjectsOnCompletion) => throw new NotSupportedException();

    public BuildEngineResult BuildProjectFilesInParallel(
        string[] projectFileNames, string[] targetNames, IDictionary[] globalProperties, IList<string>[] removeGlobalProperties, string[] toolsVersion,
        bool returnTargetOutputs) => throw new NotSupportedException();

    public void Yield()
    {
    }

    public void Reacquire()
    {
    }
}
