namespace Serenity.Tool.Commands;

/// <summary>Where a path leads, its links followed: two paths may name one file.</summary>
internal static class RealPath
{
    /// <summary>Links of links that are followed; more are a circle.</summary>
    private const int MostLinks = 64;

    /// <summary>The path with every link on the way followed. What does not exist, or cannot be read, stays as it is written.</summary>
    /// <param name="path">An absolute path.</param>
    public static string Of(string path) => Of(Path.GetFullPath(path), MostLinks);

    private static string Of(string path, int links)
    {
        if (links == 0 || Path.GetDirectoryName(path) is not { } parent)
            return path;
        string here = Path.Combine(Of(parent, links), Path.GetFileName(path));
        try
        {
            FileSystemInfo info = Directory.Exists(here) ? new DirectoryInfo(here) : new FileInfo(here);
            return info.LinkTarget is { } target ? Of(Path.GetFullPath(target, Path.GetDirectoryName(here)!), links - 1) : here;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return here;
        }
    }
}
