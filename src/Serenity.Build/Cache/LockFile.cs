namespace Serenity.Build.Cache;

/// <summary>A file that exists while somebody holds it, so that a folder of results holds results only. A process that dies lets go of it; the empty file it leaves is taken by the next.</summary>
internal sealed class LockFile : IDisposable
{
    private readonly FileStream _stream;

    private LockFile(FileStream stream) => _stream = stream;

    /// <summary>Takes the lock; null if it was let go just now and must be tried again.</summary>
    /// <param name="path">Absolute path of the file.</param>
    /// <exception cref="IOException">Somebody holds it, or the folder does not allow it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder does not allow it.</exception>
    public static LockFile? TryTake(string path)
    {
        FileStream stream = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None);
        try
        {
            if (HasName(stream, path))
                return new LockFile(stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
        stream.Dispose();
        return null;
    }

    /// <summary>Lets go of it.</summary>
    public void Dispose()
    {
        try
        {
            // Before it is let go: afterwards the name may be another's.
            if (!OperatingSystem.IsWindows())
                File.Delete(_stream.Name);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // It stays, and is taken by the next.
        }
        _stream.Dispose();
    }

    // On Unix a file that was opened just before its holder deleted it can be locked although its name is gone, and the next makes it anew. .NET tells no file from
    // another but by what it looks like, so this one is given a length of its own.
    private static bool HasName(FileStream stream, string path)
    {
        int length = Random.Shared.Next(1, 1 << 20);
        stream.SetLength(length);
        return new FileInfo(path) is { Exists: true } named && named.Length == length;
    }
}
