using System.Formats.Tar;

namespace Serenity.Onnx.Models;

/// <summary>
/// Whether a path leads to an ordinary file. A repository can hold links to devices and a folder a pipe: opening one may take forever, and so may reading it. Neither
/// has a length, so a file of which bytes are wanted is told by its length, without being opened.
/// </summary>
public static class RegularFile
{
    /// <summary>Bytes of the file that a path leads to, its links followed; 0 for an empty file, a pipe or a device, none of which holds anything to read; null where there is no file.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="followLinks">False where a link leads to a file that is not ours: it counts as no file.</param>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be looked at.</exception>
    public static long? LengthOf(string path, bool followLinks = true)
    {
        FileInfo file = new(path);
        if (!file.Exists)
            return null;
        if (file.LinkTarget is null)
            return file.Length;
        return followLinks && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target.Length : null;
    }

    // Names such as /dev/stdout are links to whatever is open there, and other programs need them.
    private static bool IsOfSystem(string path) =>
        (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal)) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal);

    /// <summary>True if a pipe, a socket or a device has this name: moving an output there would replace it.</summary>
    /// <param name="path">An absolute path; a link counts as what it is, since it is the link that is replaced.</param>
    public static bool IsSpecial(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                return false;
            if (IsOfSystem(path))
                return true;
            if (LengthOf(path, followLinks: false) != 0)
                return false;
            // .NET tells them from an empty file nowhere but where it writes archives.
            using MemoryStream archive = new();
            using (TarWriter writer = new(archive, leaveOpen: true))
                writer.WriteEntry(path, "file");
            archive.Position = 0;
            using TarReader reader = new(archive);
            return reader.GetNextEntry()?.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A socket is in no archive; an empty file that cannot be read is refused where it is written.
            return e is IOException;
        }
    }
}
