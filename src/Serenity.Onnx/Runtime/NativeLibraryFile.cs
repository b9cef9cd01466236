using System.Buffers.Binary;

namespace Serenity.Onnx.Runtime;

/// <summary>
/// Looks at a native library before it is loaded. The loader of Linux maps a file without a look at its length, so a library that was cut short (a full disk, a
/// broken download) ends the whole process with a bus error instead of failing to load.
/// </summary>
internal static class NativeLibraryFile
{
    // ELF-64, little-endian: where the tables of program and section headers are, and how long (System V ABI, "ELF header").
    private const int HeaderBytes = 64, ProgramTableAt = 32, SectionTableAt = 40, ProgramEntryBytesAt = 54, ProgramEntriesAt = 56,
        SectionEntryBytesAt = 58, SectionEntriesAt = 60, SegmentOffsetAt = 8, SegmentBytesAt = 32;

    /// <summary>True for an ELF library that is shorter than its own tables say. Anything else is left to the loader, which refuses it in good order.</summary>
    public static bool IsCutShort(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1);
            byte[] header = new byte[HeaderBytes];
            if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || !header.AsSpan(0, 6).SequenceEqual("\u007FELF\u0002\u0001"u8))
                return false;
            long programs = Long(header, ProgramTableAt), sections = Long(header, SectionTableAt);
            int entry = Short(header, ProgramEntryBytesAt), count = Short(header, ProgramEntriesAt);
            if (Ends(sections, (long)Short(header, SectionEntryBytesAt) * Short(header, SectionEntriesAt), file.Length) || Ends(programs, (long)entry * count, file.Length))
                return true;
            byte[] table = new byte[entry * count];
            file.Position = programs;
            file.ReadExactly(table);
            for (int i = 0; i < count && entry >= SegmentBytesAt + 8; i++)
            {
                if (Ends(Long(table, (i * entry) + SegmentOffsetAt), Long(table, (i * entry) + SegmentBytesAt), file.Length))
                    return true;
            }
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>True if a stretch ends behind the end of the file.</summary>
    private static bool Ends(long offset, long bytes, long length) => offset < 0 || bytes < 0 || offset > length || bytes > length - offset;

    private static long Long(byte[] data, int at) => BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(at));

    private static int Short(byte[] data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(at));
}
