namespace Serenity.Onnx.Models;

/// <summary>Where a path leads, its links followed: two paths may name one file.</summary>
public static class RealPath
{
    /// <summary>The path with every link in it followed; what does not exist stays as it is written.</summary>
    /// <param name="path">An absolute path.</param>
    /// <exception cref="IOException">A link cannot be read, or links go in a circle.</exception>
    /// <exception cref="UnauthorizedAccessException">A link may not be read.</exception>
    public static string Of(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string root = Path.GetPathRoot(path)!;
        string real = root;
        foreach (string step in path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            string next = Path.Combine(real, step);
            FileSystemInfo info = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            real = info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Of(target.FullName) : next;
        }
        return real;
    }
}
