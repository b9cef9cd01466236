namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>Blocks of memory, and addresses that run through all of them: an offset in one is an address, and no range of addresses that lies in a block reaches into another.</summary>
internal sealed class ArenaBlocks
{
    /// <summary>Addresses between two blocks, and what the first of each is a multiple of: more than any alignment.</summary>
    private const long Gap = 1 << 16;

    private readonly long[] _starts;

    /// <param name="bytes">Size of each block.</param>
    public ArenaBlocks(IReadOnlyList<long> bytes)
    {
        Bytes = bytes;
        _starts = new long[bytes.Count];
        for (int i = 0; i < _starts.Length; i++)
        {
            _starts[i] = End;
            End += i + 1 < _starts.Length ? (bytes[i] + (2 * Gap) - 1) / Gap * Gap : bytes[i];
        }
    }

    /// <summary>Size of each block.</summary>
    public IReadOnlyList<long> Bytes { get; }

    /// <summary>The address behind the last block.</summary>
    public long End { get; }

    /// <summary>The address of an offset in a block.</summary>
    public long Address(int block, long offset) => offset >= 0 && offset <= Bytes[block] ? _starts[block] + offset : -1;

    /// <summary>The block that a range of addresses lies in, and its offset there; -1 if it lies in none.</summary>
    public (int Block, long Offset) Find(long address, long bytes)
    {
        for (int i = _starts.Length - 1; i >= 0; i--)
        {
            if (address >= _starts[i])
                return bytes >= 0 && address - _starts[i] + bytes <= Bytes[i] ? (i, address - _starts[i]) : (-1, 0);
        }
        return (-1, 0);
    }
}
