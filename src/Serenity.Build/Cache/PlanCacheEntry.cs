using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Cache;

/// <summary>
/// One result in one file: a mark, the key, then manifest, model, name of the data file and data, each with its length before it (8 bytes,
/// little-endian), then the SHA-256 of all that.
/// </summary>
public static class PlanCacheEntry
{
    private const int BufferBytes = 1 << 20;

    private static ReadOnlySpan<byte> Mark => "serenity-plan 1\n"u8;

    /// <summary>Writes an entry.</summary>
    public static void Write(Stream stream, string key, OptimizedOutput output)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(output);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (CryptoHashStream hashed = new(stream, hash))
        {
            hashed.Write(Mark);
            WriteSection(hashed, Encoding.ASCII.GetBytes(key));
            WriteSection(hashed, ManifestJson.Write(output.Manifest));
            WriteSection(hashed, output.Model);
            WriteSection(hashed, Encoding.UTF8.GetBytes(output.DataFile ?? ""));
            // The data comes last and unmeasured: it may be larger than memory, and is only known as something that writes itself.
            output.WriteData?.Invoke(hashed);
        }
        stream.Write(hash.GetHashAndReset());
    }

    /// <summary>Reads an entry whose hash and key are right; null for anything else.</summary>
    public static OptimizedOutput? Read(string path, string key)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferBytes, FileOptions.SequentialScan);
            long body = stream.Length - SHA256.HashSizeInBytes;
            if (body <= 0 || !IsWhole(stream, body))
                return null;
            stream.Position = 0;
            byte[] mark = new byte[Mark.Length];
            stream.ReadExactly(mark);
            if (!mark.AsSpan().SequenceEqual(Mark) || Encoding.ASCII.GetString(ReadSection(stream)) != key)
                return null;
            MemoryManifest manifest = ManifestJson.Read(ReadSection(stream), path);
            byte[] model = ReadSection(stream);
            string dataFile = Encoding.UTF8.GetString(ReadSection(stream));
            if (dataFile.Length == 0)
                return new OptimizedOutput(manifest, model, null, null);
            // Never a path: the entry may come from a shared folder.
            if (Path.GetFileName(dataFile) != dataFile)
                return null;
            long start = stream.Position;
            return new OptimizedOutput(manifest, model, dataFile, target => CopyData(path, start, body, target));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException or SerenityException)
        {
            return null;
        }
    }

    private static bool IsWhole(FileStream stream, long body)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
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
        return stated.SequenceEqual(hash.GetHashAndReset());
    }

    private static void CopyData(string path, long start, long end, Stream target)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferBytes, FileOptions.SequentialScan);
        stream.Position = start;
        byte[] buffer = new byte[BufferBytes];
        for (long left = end - start; left > 0;)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0)
                throw new EndOfStreamException("a plan cache entry became shorter while it was read");
            target.Write(buffer, 0, read);
            left -= read;
        }
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
