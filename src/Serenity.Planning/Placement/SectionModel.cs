namespace Serenity.Planning.Placement;

/// <summary>
/// A problem along the sweep line: the maximal sets of buffers that are live together, the sections, in order of time. Two buffers
/// are live together exactly if they share a section, and each buffer covers consecutive sections, so nothing else of the
/// lifetimes matters. Only buffers that are not empty are pieces.
/// </summary>
internal sealed class SectionModel
{
    private readonly int[] _byStartIndex, _byStart, _coverIndex, _cover;

    public SectionModel(RigidBlocks blocks)
    {
        Blocks = blocks;
        ArenaBuffer[] buffers = blocks.Problem.Buffers;
        Mask = blocks.Problem.Alignment - 1;
        int[] byLower = Enumerate(buffers, (a, b) =>
            buffers[a].Lower != buffers[b].Lower ? buffers[a].Lower.CompareTo(buffers[b].Lower) : a.CompareTo(b));
        int n = Count = byLower.Length;
        Buffer = byLower;
        First = new int[n];
        Last = new int[n];
        FindSections(buffers);

        OnGrid = true;
        for (int i = 0; i < blocks.BlockOf.Length; i++)
            OnGrid &= ((blocks.Residue[blocks.BlockOf[i]] + blocks.Distance[i]) & Mask) == 0;
        Bytes = new long[n];
        Height = new long[n];
        Block = new int[n];
        Tied = new bool[n];
        PieceOf = new int[buffers.Length];
        Array.Fill(PieceOf, -1);
        Headroom = new long[SectionCount];
        for (int i = 0; i < n; i++)
        {
            PieceOf[Buffer[i]] = i;
            Bytes[i] = buffers[Buffer[i]].Bytes;
            Height[i] = OnGrid ? Lift(Bytes[i]) : Bytes[i];
            Block[i] = blocks.BlockOf[Buffer[i]];
            Tied[i] = blocks.Parts(Block[i]).Length > 1;
            for (int s = First[i]; s < Last[i]; s++)
                Headroom[s] = Math.Max(Headroom[s], Height[i] - Bytes[i]);
        }
        Twin = FindTwins();
        (_byStartIndex, _byStart) = Index(true);
        (_coverIndex, _cover) = Index(false);
    }

    /// <summary>Blocks of the problem.</summary>
    public RigidBlocks Blocks { get; }

    /// <summary>Number of pieces.</summary>
    public int Count { get; }

    /// <summary>Number of sections.</summary>
    public int SectionCount { get; private set; }

    /// <summary>Alignment - 1.</summary>
    public long Mask { get; }

    /// <summary>True if every piece starts at a multiple of the alignment wherever its block lies, so that heights can be rounded up.</summary>
    public bool OnGrid { get; }

    /// <summary>Buffer of each piece.</summary>
    public int[] Buffer { get; }

    /// <summary>Piece of each buffer; -1 if it is empty.</summary>
    public int[] PieceOf { get; }

    /// <summary>First section of each piece.</summary>
    public int[] First { get; }

    /// <summary>The section behind the last one of each piece.</summary>
    public int[] Last { get; }

    /// <summary>Bytes of each piece.</summary>
    public long[] Bytes { get; }

    /// <summary>Bytes that a piece takes from what lies on it: rounded up to the alignment where that is exact.</summary>
    public long[] Height { get; }

    /// <summary>Block of each piece.</summary>
    public int[] Block { get; }

    /// <summary>True if the piece's block has several parts.</summary>
    public bool[] Tied { get; }

    /// <summary>The previous piece with the same lifetime and size, or -1; free pieces only.</summary>
    public int[] Twin { get; }

    /// <summary>Bytes by which the heights of a section may exceed the capacity, since the topmost piece need not be rounded up.</summary>
    public long[] Headroom { get; }

    /// <summary>The lowest offset on the grid that is not below a floor.</summary>
    public long Lift(long floor) => (floor + Mask) & ~Mask;

    /// <summary>Pieces whose first section this is.</summary>
    public ReadOnlySpan<int> StartingAt(int section) =>
        _byStart.AsSpan(_byStartIndex[section], _byStartIndex[section + 1] - _byStartIndex[section]);

    /// <summary>Pieces that are live in a section.</summary>
    public ReadOnlySpan<int> Covering(int section) =>
        _cover.AsSpan(_coverIndex[section], _coverIndex[section + 1] - _coverIndex[section]);

    private static int[] Enumerate(ArenaBuffer[] buffers, Comparison<int> comparison)
    {
        int count = 0;
        foreach (ArenaBuffer buffer in buffers)
            count += buffer.Bytes > 0 ? 1 : 0;
        int[] ids = new int[count];
        count = 0;
        for (int i = 0; i < buffers.Length; i++)
        {
            if (buffers[i].Bytes > 0)
                ids[count++] = i;
        }
        Array.Sort(ids, comparison);
        return ids;
    }

    /// <summary>A section ends where a buffer dies after another was born: what is live just before is maximal.</summary>
    private void FindSections(ArenaBuffer[] buffers)
    {
        int n = Buffer.Length;
        int[] byUpper = new int[n];
        for (int i = 0; i < n; i++)
            byUpper[i] = i;
        Array.Sort(byUpper, (a, b) => buffers[Buffer[a]].Upper.CompareTo(buffers[Buffer[b]].Upper));
        int born = 0, section = -1;
        for (int k = 0; k < n; k++)
        {
            int upper = buffers[Buffer[byUpper[k]]].Upper;
            int before = born;
            for (; born < n && buffers[Buffer[born]].Lower < upper; born++)
                First[born] = section + 1;
            if (born > before)
                section++;
            Last[byUpper[k]] = section + 1;
        }
        SectionCount = section + 1;
    }

    private int[] FindTwins()
    {
        int[] twin = new int[Count];
        Dictionary<(int, int, long), int> last = [];
        for (int i = 0; i < Count; i++)
        {
            twin[i] = -1;
            if (Tied[i])
                continue;
            (int, int, long) key = (First[i], Last[i], Bytes[i]);
            twin[i] = last.GetValueOrDefault(key, -1);
            last[key] = i;
        }
        return twin;
    }

    private (int[] Index, int[] Values) Index(bool startsOnly)
    {
        int[] index = new int[SectionCount + 1];
        for (int i = 0; i < Count; i++)
        {
            for (int s = First[i]; s < (startsOnly ? First[i] + 1 : Last[i]); s++)
                index[s + 1]++;
        }
        for (int s = 0; s < SectionCount; s++)
            index[s + 1] += index[s];
        int[] values = new int[index[SectionCount]];
        int[] fill = index.AsSpan(0, SectionCount).ToArray();
        for (int i = 0; i < Count; i++)
        {
            for (int s = First[i]; s < (startsOnly ? First[i] + 1 : Last[i]); s++)
                values[fill[s]++] = i;
        }
        return (index, values);
    }
}
