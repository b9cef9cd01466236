using Microsoft.Build.Logging.StructuredLogger;

namespace Serenity.Build.IntegrationTests;

/// <summary>How a <c>dotnet</c> command ended: exit code, text, and what its binary log says.</summary>
internal sealed class BuildResult(string command, int exitCode, string output, string? binlog)
{
    private Microsoft.Build.Logging.StructuredLogger.Build? _log;

    public int ExitCode => exitCode;

    public string Output => output;

    /// <summary>Errors, as (code, what they are about: a model where the text begins with one, else the file); each once.</summary>
    public (string Code, string About)[] Errors => [.. All<Error>().Select(e => (e.Code, About(e.File, e.Text))).Distinct()];

    /// <summary>Texts of the errors.</summary>
    public string[] ErrorTexts => [.. All<Error>().Select(e => e.Text).Distinct()];

    /// <summary>Warnings, as (code, what they are about).</summary>
    public (string Code, string About)[] Warnings => [.. All<Warning>().Select(w => (w.Code, About(w.File, w.Text))).Distinct()];

    /// <summary>Names of the models given to each call of the optimizing task.</summary>
    public string[][] Optimized => [.. All<Microsoft.Build.Logging.StructuredLogger.Task>().Where(t => t.Name == "SerenityOptimize").Select(ModelsOf)];

    /// <summary>How many of those were really optimized, and not taken from the plan cache.</summary>
    public int Searches => All<Message>().Select(m => m.Text).Distinct().Count(t => t.Contains("peak activation memory", StringComparison.Ordinal) && !t.EndsWith("(plan cache)", StringComparison.Ordinal));

    /// <summary>True if of our tasks that one ran, and no other.</summary>
    public bool RanOnly(string task) => All<Microsoft.Build.Logging.StructuredLogger.Task>().Select(t => t.Name)
        .Where(name => name.StartsWith("Serenity", StringComparison.Ordinal)).Distinct().SequenceEqual([task]);

    private Microsoft.Build.Logging.StructuredLogger.Build Log => _log ??= BinaryLog.ReadBuild(binlog ?? throw new InvalidOperationException("no binary log"));

    /// <summary>Asserts that it succeeded.</summary>
    public BuildResult Succeeds()
    {
        Assert.AreEqual(0, exitCode, $"{command}\n{output}");
        return this;
    }

    /// <summary>Asserts that it failed.</summary>
    public BuildResult Fails()
    {
        Assert.AreNotEqual(0, exitCode, $"{command}\n{output}");
        return this;
    }

    public IReadOnlyList<T> All<T>()
        where T : TreeNode => Log.FindChildrenRecursive<T>();

    private static string About(string file, string text) => text.Split(": ", 2) is [var model, _] && model.EndsWith(".onnx", StringComparison.Ordinal) ? model : file;

    private static string[] ModelsOf(Microsoft.Build.Logging.StructuredLogger.Task task) =>
        [.. task.FindChildrenRecursive<Parameter>().Where(p => p.Name == "Models").SelectMany(p => p.Children.OfType<Item>()).Select(i => i.Text)];
}
