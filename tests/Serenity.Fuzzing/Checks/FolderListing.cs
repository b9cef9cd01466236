namespace Serenity.Fuzzing.Checks;

/// <summary>What lies in a folder: every path with size and time, links not followed.</summary>
internal static class FolderListing
{
    /// <summary>Lists a folder, except for what lies below some of its folders.</summary>
    public static SortedDictionary<string, string> Of(string root, params IReadOnlyList<string> except)
    {
        SortedDictionary<string, string> all = new(StringComparer.Ordinal);
        Walk(new DirectoryInfo(root));
        return all;

        void Walk(DirectoryInfo folder)
        {
            foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
            {
                if (except.Contains(entry.FullName))
                    continue;
                if (entry is FileInfo file)
                {
                    all.Add(entry.FullName, FormattableString.Invariant($"{file.LastWriteTimeUtc.Ticks} {(file.LinkTarget is null ? file.Length : -1)}"));
                    continue;
                }
                all.Add(entry.FullName, "folder");
                if (entry.LinkTarget is null)
                    Walk((DirectoryInfo)entry);
            }
        }
    }

    /// <summary>The first path that is new, gone or changed; null if there is none.</summary>
    public static string? Difference(SortedDictionary<string, string> before, SortedDictionary<string, string> after)
    {
        foreach ((string path, string was) in before)
        {
            if (!after.TryGetValue(path, out string? now))
                return $"'{path}' is gone";
            if (now != was)
                return $"'{path}' changed";
        }
        return after.Keys.FirstOrDefault(path => !before.ContainsKey(path)) is { } added ? $"'{added}' is new" : null;
    }
}
