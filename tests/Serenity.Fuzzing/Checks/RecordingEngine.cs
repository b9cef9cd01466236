using System.Collections;
using System.Collections.Concurrent;
using Microsoft.Build.Framework;

namespace Serenity.Fuzzing.Checks;

/// <summary>Keeps what a task logs.</summary>
public sealed class RecordingEngine : IBuildEngine
{
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
}
