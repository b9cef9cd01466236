using System.CommandLine;

namespace Serenity.Tool.Commands;

/// <summary>The switch that every command with a result has.</summary>
internal static class JsonOption
{
    /// <summary>Creates it; each command owns its own.</summary>
    public static Option<bool> Create() => new("--json") { Description = "Write the result as JSON, for scripts." };
}
