namespace Serenity.Onnx.Diagnostics;

/// <summary>Finds the file that somebody most likely meant by a path at which there is none.</summary>
public static class NearestFile
{
    // A folder may hold anything.
    private const int MostEntries = 1000;

    // Shorter names are all alike.
    private const int LeastName = 3;

    /// <summary>True for a path that begins with a drive, where there are no drives.</summary>
    public static bool IsOfWindows(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return !OperatingSystem.IsWindows() && path.Length > 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] is '/' or '\\';
    }

    /// <summary>What a path is taken for that begins with a drive, as a sentence.</summary>
    public const string WindowsPath = "It begins with a drive of Windows, and this system has none. Write a path that is relative, with '/' between folders: that holds everywhere.";

    /// <summary>Sentences to stand behind a message that there is no such file; empty if none is near.</summary>
    /// <param name="written">The path as it was written.</param>
    /// <param name="folder">Absolute path that it is relative to.</param>
    public static string Hint(string written, string folder)
    {
        ArgumentNullException.ThrowIfNull(written);
        if (IsOfWindows(written))
            return " " + WindowsPath;
        string[] parts = written.Replace('\\', '/').Split('/');
        if (parts[^1].Length == 0)
            return "";
        try
        {
            if (Walk(parts, folder, (part, names) => names.FirstOrDefault(n => n.Equals(part, StringComparison.OrdinalIgnoreCase))) is { } found)
            {
                string why = found == string.Join('/', parts) ? "On this system it is '/' that stands between folders." : "Upper and lower case are different letters on this system.";
                return $" Did you mean '{found}'? {why}";
            }
            string? meant = Elsewhere(parts[^1], folder) ?? Walk(parts, folder, Near);
            return meant is null ? "" : $" Did you mean '{meant}'?";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "";
        }
    }

    /// <summary>The path of a file, part by part, each as it is or as another name stands for it; null where none does.</summary>
    private static string? Walk(string[] parts, string folder, Func<string, string[], string?> stand)
    {
        List<string> used = [];
        string at = folder;
        for (int i = 0; i < parts.Length; i++)
        {
            bool isFile = i == parts.Length - 1;
            string part = parts[i];
            // The first of an absolute path is empty.
            if (part is "" or "." or "..")
            {
                used.Add(part);
                at = i == 0 && part.Length == 0 ? "/" : Path.Combine(at, part);
                continue;
            }
            string path = Path.Combine(at, part);
            if (!(isFile ? File.Exists(path) : Directory.Exists(path)))
            {
                if (stand(part, Names(at, isFile)) is not { } other)
                    return null;
                part = other;
            }
            used.Add(part);
            at = Path.Combine(at, part);
        }
        return string.Join('/', used);
    }

    private static string? Near(string part, string[] names)
    {
        string ending = Path.GetExtension(part), name = Path.GetFileNameWithoutExtension(part);
        IEnumerable<string> like = names.Where(n => Path.GetExtension(n) == ending).Select(n => Path.GetFileNameWithoutExtension(n)).Where(n => n.Length >= LeastName);
        return name.Length >= LeastName && NearestName.Of(name, like) is { } nearest ? nearest + ending : null;
    }

    /// <summary>A file of that name in the folder, or in one right below it.</summary>
    private static string? Elsewhere(string name, string folder)
    {
        if (File.Exists(Path.Combine(folder, name)))
            return name;
        IEnumerable<string> below = Names(folder, files: false).Where(other => !other.StartsWith('.') && other is not ("bin" or "obj"));
        return below.Select(other => $"{other}/{name}").FirstOrDefault(path => File.Exists(Path.Combine(folder, path)));
    }

    private static string[] Names(string folder, bool files) => !Directory.Exists(folder) ? []
        : [.. (files ? Directory.EnumerateFiles(folder) : Directory.EnumerateDirectories(folder)).Take(MostEntries).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
