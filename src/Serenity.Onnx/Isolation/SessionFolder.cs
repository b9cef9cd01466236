using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Isolation;

/// <summary>
/// The folder that a parent and its host share, in the one for temporary files; all that the host writes goes there. It holds a file that the parent keeps locked while
/// it lives, so that one which a killed build left behind can be told from one in use, and is removed by the next host.
/// </summary>
internal sealed class SessionFolder : IDisposable
{
    private const string Prefix = "serenity-host-", LockFile = "parent.lock";

    /// <summary>How often a new one is made where another host took the last for an abandoned one, in the moment between its folder and its lock.</summary>
    private const int Attempts = 100;

    private static readonly object _removing = new();

    private readonly FileStream _lock;

    private SessionFolder(string path)
    {
        Path = path;
        try
        {
            _lock = Lock(path, FileMode.CreateNew);
            // The file is opened before it is locked: in that moment another may have locked it, and have removed all and be gone. What is there once it is locked stays.
            if (!File.Exists(System.IO.Path.Combine(path, LockFile)))
            {
                _lock.Dispose();
                throw new IOException("The folder was removed as it was made.");
            }
        }
        catch
        {
            Delete(path);
            throw;
        }
    }

    /// <summary>Its absolute path.</summary>
    public string Path { get; }

    /// <summary>Creates one that nobody else can read.</summary>
    /// <exception cref="SerenityException">SER1601: there is no place for it.</exception>
    public static SessionFolder Create()
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                // Where TMPDIR is relative, so is the full name.
                return new SessionFolder(System.IO.Path.GetFullPath(Directory.CreateTempSubdirectory(Prefix).FullName));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && attempt < Attempts)
            {
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new SerenityException(
                    SerenityCodes.InputOutput, null,
                    "No file can be written to the folder for temporary files, through which models are handed to the process that works on them."
                    + " Make it writable, point TMPDIR (TEMP on Windows) to another folder, or set SerenityIsolate to false.", e);
            }
        }
    }

    /// <summary>The error where what parent and host hand each other is missing, or cut short.</summary>
    /// <param name="file">The model.</param>
    /// <param name="cause">What was found; null for nothing.</param>
    public static SerenityException CutShort(string file, Exception? cause) => new(
        SerenityCodes.InputOutput, file,
        $"What was asked or found out of the model was cut short in the folder for temporary files, {System.IO.Path.GetTempPath()}. Most likely it is full: make room there, or name another folder (TMPDIR, or TEMP on Windows).", cause);

    /// <summary>Removes folders whose parents are dead, beside the given one. One call waits for another in this process, so that all are gone when it returns.</summary>
    public static void RemoveAbandoned(string folder)
    {
        lock (_removing)
            RemoveAbandonedBeside(folder);
    }

    private static void RemoveAbandonedBeside(string folder)
    {
        foreach (string other in Directory.EnumerateDirectories(System.IO.Path.GetDirectoryName(folder)!, Prefix + "*"))
        {
            try
            {
                // None of ours is a link; through one that another user put there, what it leads to would be removed.
                if (new DirectoryInfo(other).LinkTarget is not null)
                    continue;
                // Throws where the parent lives. Without a lock it is empty: just being made, and its maker then makes another, or removed but for itself.
                if (File.Exists(System.IO.Path.Combine(other, LockFile)))
                {
                    using FileStream taken = Lock(other, FileMode.Open);
                    // Held meanwhile, as its maker opens the file before it locks it; not on Windows, where both are one and a file that is open cannot go.
                    if (OperatingSystem.IsWindows())
                        taken.Dispose();
                    Remove(other);
                }
                else
                    Directory.Delete(other);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another's.
            }
        }
    }

    /// <summary>Removes it; what is left harms nobody, so failing is silent.</summary>
    public void Dispose()
    {
        _lock.Dispose();
        Delete(Path);
    }

    /// <summary>Removes the folder of that path.</summary>
    public static void Delete(string path)
    {
        try
        {
            Remove(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>The lock goes last: whoever is ended halfway leaves what the next host can tell for abandoned.</summary>
    private static void Remove(string path)
    {
        foreach (string folder in Directory.EnumerateDirectories(path))
            Directory.Delete(folder, recursive: true);
        foreach (string file in Directory.EnumerateFiles(path))
        {
            if (System.IO.Path.GetFileName(file) != LockFile)
                File.Delete(file);
        }
        Directory.Delete(path, recursive: true);
    }

    private static FileStream Lock(string path, FileMode mode) => new(System.IO.Path.Combine(path, LockFile), mode, FileAccess.ReadWrite, FileShare.None, 1);
}
