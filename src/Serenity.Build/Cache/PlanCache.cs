using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Cache;

/// <summary>
/// A folder of results by key, one file each (<see cref="PlanCacheEntry"/>). Entries arrive whole, by a move, are signed, and are checked value by value when
/// read: one that is cut short, altered, signed by somebody else or says what no plan says counts as missing and is replaced. Several builds may use one
/// folder at once. A cache that cannot be used (read-only, full) never fails a build.
/// </summary>
/// <param name="folder">Absolute path; created when the first entry is added.</param>
/// <param name="secret">What entries are signed with; null where nothing can be trusted, and then nothing is found or kept.</param>
public sealed class PlanCache(string folder, byte[]? secret)
{
    /// <summary>A cache whose entries are signed with the secret of this build.</summary>
    /// <param name="folder">Absolute path; created when the first entry is added.</param>
    public PlanCache(string folder)
        : this(folder, CacheSecret.Find())
    {
    }

    /// <summary>An entry not used for so long is removed when another is added.</summary>
    private static readonly TimeSpan _keep = TimeSpan.FromDays(30);

    private static readonly TimeSpan _lockPoll = TimeSpan.FromMilliseconds(20);

    /// <summary>The result for a key, or null.</summary>
    /// <param name="key">The key.</param>
    /// <param name="modelFile">Name of the file that the model will have, without a folder.</param>
    public OptimizedOutput? Find(string key, string modelFile)
    {
        if (secret is null)
            return null;
        string path = PathOf(key);
        OptimizedOutput? entry = PlanCacheEntry.Read(path, key, modelFile, secret);
        if (entry is not null)
            Touch(path);
        return entry;
    }

    /// <summary>True if there is an entry for a key, sound or not.</summary>
    public bool Contains(string key) => secret is not null && File.Exists(PathOf(key));

    /// <summary>False if nothing was ever added.</summary>
    public bool Exists => Directory.Exists(folder);

    /// <summary>Adds a result.</summary>
    /// <returns>False if the folder could not be written; the build goes on without.</returns>
    public bool Add(string key, OptimizedOutput output)
    {
        if (secret is null)
            return false;
        try
        {
            // What stands in its place and is no file would stand there forever.
            if (Directory.Exists(PathOf(key)))
                Directory.Delete(PathOf(key));
            AtomicFile.Write(PathOf(key), stream => PlanCacheEntry.Write(stream, key, output, secret));
            RemoveOld();
            return true;
        }
        catch (Exception problem) when (problem is SerenityException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>
    /// Waits until no other build works on a key, so that the same model in two projects, or for two target frameworks, is optimized
    /// once. Held until disposed, and freed by the system if the process dies.
    /// </summary>
    /// <returns>The lock; null where the folder does not allow one, and then the work may be done twice.</returns>
    public IDisposable? Lock(string key, CancellationToken cancellation)
    {
        string path = PathOf(key) + ".lock";
        int refused = 0;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                Directory.CreateDirectory(folder);
                if (new FileInfo(path).LinkTarget is not null)
                    return null;
                if (LockFile.TryTake(path) is { } held)
                    return held;
            }
            catch (IOException problem) when (problem.GetType() == typeof(IOException) && (File.Exists(path) || ++refused < 5))
            {
                // Held by another build. It holds the lock only while it optimizes this very model, or is dead and holds nothing.
                cancellation.WaitHandle.WaitOne(_lockPoll);
            }
            catch (UnauthorizedAccessException) when (OperatingSystem.IsWindows() && ++refused < 5)
            {
                // On its way out: Windows refuses a file that is deleted as soon as its last handle is closed.
                cancellation.WaitHandle.WaitOne(_lockPoll);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    private string PathOf(string key) => Path.Combine(folder, key + ".plan");

    private static void Touch(string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // A shared cache may be read-only; then somebody else keeps it tidy.
        }
    }

    private void RemoveOld()
    {
        DateTime limit = DateTime.UtcNow - _keep;
        foreach (string path in Directory.EnumerateFiles(folder, "*.plan*"))
        {
            if (File.GetLastWriteTimeUtc(path) < limit)
                File.Delete(path);
        }
    }
}
