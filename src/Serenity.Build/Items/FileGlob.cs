namespace Serenity.Build.Items;

/// <summary>Files that a glob stands for, as MSBuild reads one: <c>*</c>, <c>?</c> and <c>**</c>.</summary>
internal static class FileGlob
{
    /// <summary>Absolute paths, sorted; links to folders are not followed.</summary>
    /// <param name="pattern">The glob.</param>
    /// <param name="folder">Absolute path that it is relative to.</param>
    /// <param name="most">Most files to look for, so that a slip does not read a whole disk.</param>
    public static string[] Find(string pattern, string folder, int most)
    {
        pattern = pattern.Replace('\\', '/');
        // From the last folder without a wildcard down.
        int wildcard = pattern.IndexOfAny(['*', '?']), slash = wildcard < 0 ? pattern.LastIndexOf('/') : pattern.LastIndexOf('/', wildcard);
        string start = Path.GetFullPath(slash < 0 ? "." : pattern[..(slash + 1)], folder), rest = pattern[(slash + 1)..];
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = rest.Contains('/', StringComparison.Ordinal) || rest.Contains("**", StringComparison.Ordinal),
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        ItemPattern below = new(rest);
        return Directory.Exists(start)
            ? [.. Directory.EnumerateFiles(start, "*", options).Where(path => below.Matches(Path.GetRelativePath(start, path))).Take(most).Order(StringComparer.Ordinal)] : [];
    }
}
