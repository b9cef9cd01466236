using System.Security.Cryptography;

namespace Serenity.Build.Identity;

/// <summary>SHA-256 as manifests state it: lower-case hex.</summary>
public static class ContentHash
{
    /// <summary>Hash of bytes in memory.</summary>
    public static string Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        return Hex(hash);
    }

    /// <summary>Hash of a file's content.</summary>
    public static string OfFile(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        return Hex(SHA256.HashData(stream));
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
}
