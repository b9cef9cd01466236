using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Cache;

/// <summary>
/// One result in one file: a mark, the key, then manifest, model, model and plan of each variant of the manifest, name of the data file and data, each with its length before it (8 bytes,
/// little-endian), then the HMAC-SHA256 of all that, by a secret that whoever may write entries knows (<see cref="CacheSecret"/>).
/// </summary>
public static class PlanCacheEntry
{
    private const int BufferBytes = 1 << 20;

    private static ReadOnlySpan<byte> Mark => "serenity-plan 3\n"u8;

    /// <summary>Writes an entry.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="key">Its key.</param>
    /// <param name="output">The result.</param>
    /// <param name="secret">What it is signed with.</param>
    public static void Write(Stream stream, string key, OptimizedOutput output, byte[] secret)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(output);
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        using (CryptoHashStream hashed = new(stream, hash))
        {
            hashed.Write(Mark);
            WriteSection(hashed, Encoding.ASCII.GetBytes(key));
            WriteSection(hashed, ManifestJson.Write(output.Manifest));
            WriteSection(hashed, output.Model);
            foreach (OptimizedVariant variant in output.Variants)
            {
                WriteSection(hashed, variant.Model);
                WriteSection(hashed, variant.Plan);
            }
            WriteSection(hashed, Encoding.UTF8.GetBytes(output.DataFile ?? ""));
            // The data comes last and unmeasured: it may be larger than memory, and is only known as something that writes itself.
            output.WriteData?.Invoke(hashed);
        }
        stream.Write(hash.GetHashAndReset());
    }

    /// <summary>Reads an entry whose signature, key and content are right; null for anything else.</summary>
    /// <param name="path">Absolute path of the file.</param>
    /// <param name="key">The key asked for.</param>
    /// <param name="modelFile">Name of the file that the model will have, without a folder.</param>
    /// <param name="secret">What it has to be signed with.</param>
    public static OptimizedOutput? Read(string path, string key, string modelFile, byte[] secret)
    {
        try
        {
            if (RegularFile.LengthOf(path, followLinks: false) is not > SHA256.HashSizeInBytes)
                return null;
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferBytes, FileOptions.SequentialScan);
            long body = stream.Length - SHA256.HashSizeInBytes;
            if (body <= 0 || !IsWhole(stream, body, secret))
                return null;
            stream.Position = 0;
            byte[] mark = new byte[Mark.Length];
            stream.ReadExactly(mark);
            if (!mark.AsSpan().SequenceEqual(Mark) || Encoding.ASCII.GetString(ReadSection(stream)) != key)
                return null;
            MemoryManifest manifest = ManifestJson.Read(ReadSection(stream), path);
            byte[] model = ReadSection(stream);
            OptimizedVariant[] variants = [.. manifest.Variants.Select(v => new OptimizedVariant(v.Layout, ReadSection(stream), ReadSection(stream)))];
            string dataFile = Encoding.UTF8.GetString(ReadSection(stream));
            long start = stream.Position;
            OptimizedOutput entry = dataFile.Length == 0
                ? new OptimizedOutput(manifest, model, null, null) { Variants = variants }
                : new OptimizedOutput(manifest, model, dataFile, target => CopyData(path, start, body, target, secret)) { Variants = variants };
            return EntryCheck.IsSound(entry, modelFile) ? entry : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException or DecoderFallbackException or SerenityException)
        {
            return null;
        }
    }

    private static bool IsWhole(FileStream stream, long body, byte[] secret)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        byte[] buffer = new byte[(int)Math.Min(BufferBytes, body)];
        for (long left = body; left > 0;)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0)
                return false;
            hash.AppendData(buffer, 0, read);
            left -= read;
        }
        Span<byte> stated = stackalloc byte[SHA256.HashSizeInBytes];
        stream.ReadExactly(stated);
        return CryptographicOperations.FixedTimeEquals(stated, hash.GetHashAndReset());
    }

    private static void CopyData(string path, long start, long end, Stream target, byte[] secret)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferBytes, FileOptions.SequentialScan);
        // Signed as a whole: what was put in its place since it was found is told at the end, before the file that is written here counts.
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        byte[] buffer = new byte[BufferBytes];
        for (long at = 0; at < end;)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, (at < start ? start : end) - at));
            if (read == 0)
                throw new EndOfStreamException("a plan cache entry became shorter while it was read");
            hash.AppendData(buffer, 0, read);
            if (at >= start)
                target.Write(buffer, 0, read);
            at += read;
        }
        Span<byte> stated = stackalloc byte[SHA256.HashSizeInBytes];
        stream.ReadExactly(stated);
        if (!CryptographicOperations.FixedTimeEquals(stated, hash.GetHashAndReset()))
            throw new IOException("a plan cache entry was changed while it was read");
    }

    private static void WriteSection(Stream stream, ReadOnlySpan<byte> content)
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, content.Length);
        stream.Write(length);
        stream.Write(content);
    }

    private static byte[] ReadSection(Stream stream)
    {
        Span<byte> prefix = stackalloc byte[sizeof(long)];
        stream.ReadExactly(prefix);
        long length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length < 0 || length > stream.Length - stream.Position || length > Array.MaxLength)
            throw new InvalidDataException();
        byte[] content = new byte[length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Passes bytes on and hashes them on the way.</summary>
    private sealed class CryptoHashStream(Stream inner, IncrementalHash hash) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            hash.AppendData(buffer);
            inner.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
