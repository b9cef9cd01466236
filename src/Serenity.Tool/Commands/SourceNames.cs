namespace Serenity.Tool.Commands;

/// <summary>
/// Pairs the models of two sides by the names of their sources: the same name first, then names of which one is the end of the other. A model that is named alone is <c>net.onnx</c>, and
/// <c>models/net.onnx</c> to the project that builds it.
/// </summary>
internal static class SourceNames
{
    /// <summary>Every name of both sides once, in pairs or alone, in the order of names.</summary>
    public static IReadOnlyList<(string? Before, string? After)> Pair(IReadOnlyCollection<string> before, IReadOnlyCollection<string> after)
    {
        HashSet<string> same = new(before.Intersect(after, StringComparer.Ordinal), StringComparer.Ordinal);
        ILookup<string, string> was = Others(before, same), now = Others(after, same);
        List<(string? Before, string? After)> pairs = [.. same.Select(name => ((string?)name, (string?)name))];
        HashSet<string> paired = new(StringComparer.Ordinal);
        foreach (string name in was.SelectMany(group => group))
        {
            // Of several that it could be it is none.
            string[] ends = [.. now[FileOf(name)].Where(other => IsEnd(name, other))];
            bool only = ends.Length == 1 && was[FileOf(name)].Count(other => IsEnd(other, ends[0])) == 1;
            pairs.Add((name, only ? ends[0] : null));
            if (only)
                paired.Add(ends[0]);
        }
        pairs.AddRange(now.SelectMany(group => group).Where(name => !paired.Contains(name)).Select(name => ((string?)null, (string?)name)));
        return [.. pairs.OrderBy(pair => Of(pair), StringComparer.Ordinal)];
    }

    /// <summary>What a pair is called: the longer of its names.</summary>
    public static string Of((string? Before, string? After) pair) => pair.Before is { } before && !(pair.After?.Length > before.Length) ? before : pair.After!;

    private static ILookup<string, string> Others(IEnumerable<string> names, HashSet<string> same) => names.Where(name => !same.Contains(name)).ToLookup(FileOf, StringComparer.Ordinal);

    private static string FileOf(string name) => name[(name.LastIndexOf('/') + 1)..];

    private static bool IsEnd(string one, string other) => one.EndsWith("/" + other, StringComparison.Ordinal) || other.EndsWith("/" + one, StringComparison.Ordinal);
}
