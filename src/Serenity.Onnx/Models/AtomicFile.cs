using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Models;

/// <summary>Writes a file so that nobody ever sees half of it: to a temporary name in the same folder, then moved over the old file.</summary>
public static class AtomicFile
{
    /// <summary>What the names of temporary files end with.</summary>
    public const string TemporaryEnding = ".tmp";

    /// <summary>Writes a file, creating its folder.</summary>
    /// <exception cref="SerenityException">SER1601: cannot be written; the old file, if any, is as it was.</exception>
    public static void Write(string path, ReadOnlyMemory<byte> bytes) => Write(path, stream => stream.Write(bytes.Span));

    /// <summary>Writes a file, creating its folder.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="write">Writes the content to the stream it is given.</param>
    /// <exception cref="SerenityException">SER1601: cannot be written; the old file, if any, is as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        path = Path.GetFullPath(path);
        // Two builds may write the same output at once: each has its own temporary file, and the last move wins whole.
        if (RegularFile.IsSpecial(path))
            throw new SerenityException(SerenityCodes.InputOutput, path, $"The file '{path}' cannot be written: a pipe or a device has that name, and would be replaced. Give another file.");
        string temporary = $"{path}.{Guid.NewGuid():N}{TemporaryEnding}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
                write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Delete(temporary);
            throw new SerenityException(SerenityCodes.InputOutput, path, $"The file '{path}' cannot be written: {Reason(e).Replace(temporary, path, StringComparison.Ordinal)}", e);
        }
        catch
        {
            Delete(temporary);
            throw;
        }
    }

    /// <summary>True for a name that a temporary file of ours has: one that is still there belongs to a build that runs, or was killed.</summary>
    public static bool IsTemporaryName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith(TemporaryEnding, StringComparison.Ordinal) && name[..^TemporaryEnding.Length].Split('.') is [_, .., var id] && Guid.TryParseExact(id, "N", out _);
    }

    /// <summary>Why a file could not be read or written, in one line, with what to do.</summary>
    internal static string Reason(Exception e)
    {
        const int diskFull = 28, diskFullWindows = unchecked((int)0x80070070), sharing = unchecked((int)0x80070020);
        string why = e switch
        {
            UnauthorizedAccessException => "access is denied. Check the permissions of the file and its folder.",
            PathTooLongException => "the path is too long. Move the project to a shorter path.",
            DirectoryNotFoundException => "its folder does not exist.",
            IOException when e.HResult is diskFull or diskFullWindows => "the disk is full. Free some space and build again.",
            IOException when e.HResult == sharing => "another process has it open. Close that process and build again.",
            _ => e.Message.ReplaceLineEndings(" "),
        };
        return why;
    }

    private static void Delete(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            // The error that brought us here matters more than the file that is left.
        }
    }
}
