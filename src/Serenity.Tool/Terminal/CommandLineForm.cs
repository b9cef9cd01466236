using System.Text.RegularExpressions;

namespace Serenity.Tool.Terminal;

/// <summary>
/// Problems are worded for project files, since most are met in a build. What one of them says to write into an item is written another way on
/// the command line; this says how.
/// </summary>
internal static partial class CommandLineForm
{
    private static readonly Dictionary<string, string> _options = new(StringComparer.Ordinal)
    {
        ["MemoryBudget"] = "-b",
        ["WeightBudget"] = "--weight-budget",
        ["FreeDimensions"] = "-d",
        ["WorkLimit"] = "--work-limit",
        ["SearchLimit"] = "--search-limit",
        ["Rewrite"] = "-r",
        ["Executor"] = "-e",
        ["Alignment"] = "--alignment",
        ["Partition"] = "--no-partition",
        ["Bounds"] = "--bounds",
        ["Inputs"] = "--inputs",
        ["Outputs"] = "--outputs",
        ["FixedInputs"] = "--fixed-inputs",
        ["Fuse"] = "--no-fuse",
        ["Precision"] = "--precision",
        ["Verify"] = "--no-verify",
        ["VerifyLimit"] = "--verify-limit",
    };

    /// <summary>A sentence to stand behind a message; empty where it names nothing that an item has.</summary>
    public static string Of(string message)
    {
        List<string> parts = [];
        HashSet<string> told = new(StringComparer.Ordinal);
        foreach (Match metadata in WithValue().Matches(message))
        {
            string name = metadata.Groups["name"].Value, value = metadata.Groups["value"].Value;
            if (Written(name, value) is { } written && told.Add(name))
                parts.Add(written);
        }
        foreach (Match metadata in Bare().Matches(message))
        {
            if (told.Add(metadata.Value))
                parts.Add($"{metadata.Value} is {_options[metadata.Value]}");
        }
        return parts.Count == 0 ? "" : $" On the command line: {string.Join(", ", parts)}.";
    }

    private static string? Written(string name, string value) => name switch
    {
        // Switches, which can only turn off.
        "Partition" or "Fuse" or "Verify" => value == "false" ? _options[name] : null,
        "FreeDimensions" => string.Join(' ', value.Split(';').Select(size => $"-d {Quoted(size)}")),
        _ => $"{_options[name]} {Quoted(value)}",
    };

    private static string Quoted(string value) => value.All(c => char.IsAsciiLetterOrDigit(c) || c is '=' or '.' or '_' or ':' or '-' or '/') ? value : $"\"{value}\"";

    [GeneratedRegex("(?<![\\w'-])(?<name>MemoryBudget|WeightBudget|FreeDimensions|WorkLimit|SearchLimit|Rewrite|Executor|Alignment|Partition|Bounds|Inputs|Outputs|FixedInputs|Precision|Fuse|VerifyLimit|Verify)=\"(?<value>[^\"]*)\"")]
    private static partial Regex WithValue();

    // Only names that are no words of their own, and not what a model calls its nodes.
    [GeneratedRegex("(?<![\\w'/.-])(MemoryBudget|WeightBudget|FreeDimensions|WorkLimit|SearchLimit|VerifyLimit)(?![\\w'/=-])")]
    private static partial Regex Bare();
}
