using Serenity.Build.Output;

namespace Serenity.Tool.Terminal;

/// <summary>The optimizers that there are.</summary>
/// <param name="Apart">Works on a model in a process of its own.</param>
/// <param name="InProcess">Works on it in this process.</param>
internal sealed record OptimizerEngines(OptimizerEngine Apart, OptimizerEngine InProcess);

/// <summary>What every command needs.</summary>
/// <param name="Engines">The optimizers.</param>
/// <param name="Console">Where output goes.</param>
/// <param name="Folder">Absolute path that relative paths start from.</param>
/// <param name="StepSummary">Absolute path of the file in which GitHub's runner takes the summary of a step; null outside of one.</param>
internal sealed record ToolContext(OptimizerEngines Engines, ToolConsole Console, string Folder, string? StepSummary)
{
    /// <summary>An absolute path.</summary>
    public string PathOf(string given) => Path.GetFullPath(given, Folder);
}
