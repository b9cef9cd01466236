namespace Serenity.Planning.Placement;

/// <summary>
/// Which sizes an arena can have at all. It ends where some buffer ends, and a buffer begins a fixed number of bytes behind a multiple of the alignment; so a
/// size that no buffer's end can be is no size, and a bound in between rises to the next one.
/// </summary>
internal sealed class ArenaSizes
{
    /// <summary>True at r if a buffer can end r bytes behind a multiple of the alignment; of length 1 if anything goes.</summary>
    private readonly bool[] _ends;

    /// <summary>Reads the sizes of a problem.</summary>
    public ArenaSizes(RigidBlocks blocks)
    {
        long grain = blocks.Problem.Alignment == 1 ? 0 : blocks.Problem.Alignment;
        // What holds for a multiple of the alignment holds for a divisor of it.
        _ends = new bool[Math.Min(blocks.Problem.Alignment, 4096)];
        for (int i = 0; i < blocks.BlockOf.Length; i++)
        {
            long bytes = blocks.Problem.Buffers[i].Bytes, offset = blocks.Residue[blocks.BlockOf[i]] + blocks.Distance[i];
            grain = Gcd(Gcd(grain, bytes), offset);
            _ends[(offset + bytes) & (_ends.Length - 1)] = true;
        }
        Grain = Math.Max(grain, 1);
    }

    /// <summary>Every size is a multiple of this many bytes.</summary>
    public long Grain { get; }

    /// <summary>The least size that is not below so many bytes.</summary>
    public long AtLeast(long bytes)
    {
        if (bytes <= 0)
            return bytes;
        bytes = (bytes + Grain - 1) / Grain * Grain;
        for (int tried = 0; tried < _ends.Length && !_ends[bytes & (_ends.Length - 1)]; tried++)
            bytes++;
        return bytes;
    }

    private static long Gcd(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
