using Serenity.Build.Output;

namespace Serenity.Tool.Terminal;

/// <summary>What every command needs.</summary>
/// <param name="Engine">The optimizer.</param>
/// <param name="Console">Where output goes.</param>
/// <param name="Folder">Absolute path that relative paths start from.</param>
internal sealed record ToolContext(OptimizerEngine Engine, ToolConsole Console, string Folder)
{
    /// <summary>An absolute path.</summary>
    public string PathOf(string given) => Path.GetFullPath(given, Folder);
}
