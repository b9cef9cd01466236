using System.Text.RegularExpressions;

namespace Serenity.Build.Items;

/// <summary>A part of an Include as MSBuild reads it: a path, or a glob with <c>*</c>, <c>?</c> and <c>**</c>.</summary>
/// <param name="text">The part, without expressions.</param>
public sealed class ItemPattern(string text)
{
    private readonly Regex _regex = new(
        "^" + Regex.Escape(Normal(text)).Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal).Replace(@"\*\*", ".*", StringComparison.Ordinal)
            .Replace(@"\*", "[^/]*", StringComparison.Ordinal).Replace(@"\?", "[^/]", StringComparison.Ordinal) + "$",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking);

    /// <summary>The part as it was written.</summary>
    public string Text => text;

    /// <summary>True if it may stand for any number of files, or for none.</summary>
    public bool IsGlob => text.Contains('*', StringComparison.Ordinal) || text.Contains('?', StringComparison.Ordinal);

    /// <summary>True if it stands for an item.</summary>
    public bool Matches(string item) => _regex.IsMatch(Normal(item));

    /// <summary>The parts of an Include; null if it holds an expression, of which nothing is known.</summary>
    public static IReadOnlyList<ItemPattern>? Of(string include) => include.Contains("$(", StringComparison.Ordinal) || include.Contains("@(", StringComparison.Ordinal)
        ? null : [.. include.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part => new ItemPattern(part))];

    private static string Normal(string path) => path.Replace('\\', '/');
}
