using System.Security.Cryptography;
using System.Text;
using Serenity.Onnx.Models;

namespace Serenity.Build.Cache;

/// <summary>
/// What entries of a plan cache are signed with: known to those who may write plans for each other, and to nobody who can only put a file into a
/// project, as a pull request can.
/// </summary>
public static class CacheSecret
{
    /// <summary>
    /// The environment variable that holds the secret of a cache that several machines or users share: any text. A build server sets it from its own store of
    /// secrets, which builds of pull requests from elsewhere do not get.
    /// </summary>
    public const string Variable = "SERENITY_CACHE_KEY";

    private const int Bytes = 32;

    /// <summary>
    /// The secret of this build: that of <see cref="Variable"/>; else this user's own, made at random when it is first asked for and kept in the user's folder for
    /// application data, away from every project; null where there is no such folder, and then nothing in a cache can be trusted.
    /// </summary>
    public static byte[]? Find() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } shared
        ? SHA256.HashData(Encoding.UTF8.GetBytes(shared))
        : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) is { Length: > 0 } folder ? OfUser(Path.Combine(folder, "Serenity.Build", "cache.key")) : null;

    /// <summary>The secret in a file, which is made if it is not there; null if it is neither there nor can be made.</summary>
    /// <param name="path">Absolute path.</param>
    internal static byte[]? OfUser(string path)
    {
        try
        {
            if (Read(path) is { } known)
                return known;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // Two builds may make it at once: whoever is first to put it in its place has made it, and both read that.
            string temporary = $"{path}.{Guid.NewGuid():N}";
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            try
            {
                using (FileStream stream = new(temporary, options))
                    stream.Write(RandomNumberGenerator.GetBytes(Bytes));
                File.Move(temporary, path, overwrite: false);
            }
            catch (IOException)
            {
                File.Delete(temporary);
            }
            return Read(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    private static byte[]? Read(string path)
    {
        if (RegularFile.LengthOf(path, followLinks: false) != Bytes)
            return null;
        byte[] secret = File.ReadAllBytes(path);
        return secret.Length == Bytes ? secret : null;
    }
}
