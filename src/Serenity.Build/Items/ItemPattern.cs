namespace Serenity.Build.Items;

/// <summary>A part of an Include as MSBuild reads it: a path, or a glob with <c>*</c>, <c>?</c> and <c>**</c>. Letters count alike in both cases.</summary>
/// <remarks>
/// Not a regular expression: that would be compiled in every build, which takes longer than all that is asked of it, and one that cannot be made to hang by its text longer still.
/// </remarks>
/// <param name="text">The part, without expressions.</param>
public sealed class ItemPattern(string text)
{
    private static readonly string[] _ofModels = [".onnx", ".ort"];

    private readonly string _pattern = Normal(text);

    /// <summary>The part as it was written.</summary>
    public string Text => text;

    /// <summary>True if it may stand for any number of files, or for none.</summary>
    public bool IsGlob => text.Contains('*', StringComparison.Ordinal) || text.Contains('?', StringComparison.Ordinal);

    /// <summary>True if it stands for an item. Takes time in proportion to both lengths multiplied.</summary>
    public bool Matches(string item)
    {
        item = Normal(item);
        // Which positions of the item the rest of the pattern matches from, from its end on.
        bool[] rest = new bool[item.Length + 1];
        rest[item.Length] = true;
        for (int end = _pattern.Length; end > 0;)
        {
            ReadOnlySpan<char> token = LastToken(end);
            end -= token.Length;
            bool[] from = new bool[item.Length + 1];
            bool below = false;
            for (int i = item.Length; i >= 0; i--)
            {
                bool isEnd = i == item.Length;
                // A folder at any depth, or none.
                below |= !isEnd && item[i] == '/' && rest[i + 1];
                from[i] = token switch
                {
                    "**/" => rest[i] || below,
                    "**" => rest[i] || (!isEnd && from[i + 1]),
                    "*" => rest[i] || (!isEnd && item[i] != '/' && from[i + 1]),
                    "?" => !isEnd && item[i] != '/' && rest[i + 1],
                    _ => !isEnd && char.ToUpperInvariant(item[i]) == char.ToUpperInvariant(token[0]) && rest[i + 1],
                };
            }
            rest = from;
        }
        return rest[0];
    }

    /// <summary>The parts of an Include; null if it holds an expression, of which nothing is known.</summary>
    public static IReadOnlyList<ItemPattern>? Of(string include) => include.Contains("$(", StringComparison.Ordinal) || include.Contains("@(", StringComparison.Ordinal)
        ? null : [.. include.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(part => new ItemPattern(part))];

    /// <summary>A sentence for a path that was meant as several, with commas between them; empty for any other.</summary>
    /// <param name="include">The path, or the part of an Include.</param>
    /// <param name="folder">Absolute path that it is relative to.</param>
    public static string CommaHint(string include, string folder)
    {
        ArgumentNullException.ThrowIfNull(include);
        string[] parts = include.Split(',', StringSplitOptions.TrimEntries);
        bool IsFile(string part) => part.Length > 0 && (_ofModels.Contains(Path.GetExtension(part), StringComparer.OrdinalIgnoreCase) || File.Exists(Path.Combine(folder, Normal(part))));
        return parts.Length > 1 && parts.All(IsFile) ? $" A comma separates nothing, so this is one path; with semicolons it is {parts.Length}: Include=\"{string.Join(';', parts)}\"." : "";
    }

    private ReadOnlySpan<char> LastToken(int end)
    {
        ReadOnlySpan<char> before = _pattern.AsSpan(0, end);
        return before.EndsWith("**/", StringComparison.Ordinal) ? before[^3..] : before.EndsWith("**", StringComparison.Ordinal) ? before[^2..] : before[^1..];
    }

    private static string Normal(string path) => path.Replace('\\', '/');
}
