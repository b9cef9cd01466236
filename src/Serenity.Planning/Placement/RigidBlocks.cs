namespace Serenity.Planning.Placement;

/// <summary>
/// The buffers of a problem, gathered into blocks that move as one: a block is a buffer on its own, or buffers tied together by
/// links. Each part of a block lies at a fixed distance, zero or more, from the block's base.
/// </summary>
internal sealed class RigidBlocks
{
    private readonly int[] _starts, _parts;

    /// <summary>Gathers and checks.</summary>
    /// <exception cref="ArgumentException">A buffer, a link or the alignment is not valid, or links contradict each other.</exception>
    public RigidBlocks(ArenaProblem problem)
    {
        Check(problem);
        Problem = problem;
        int n = problem.Buffers.Length;
        (int[] root, long[] distance) = Tie(problem);

        int[] block = new int[n];
        int[] sizes = new int[n];
        int count = 0;
        for (int i = 0; i < n; i++)
        {
            if (root[i] == i)
                block[i] = count++;
        }
        for (int i = 0; i < n; i++)
        {
            block[i] = block[root[i]];
            sizes[block[i]]++;
        }
        _starts = new int[count + 1];
        for (int k = 0; k < count; k++)
            _starts[k + 1] = _starts[k] + sizes[k];
        _parts = new int[n];
        int[] fill = _starts.AsSpan(0, count).ToArray();
        for (int i = 0; i < n; i++)
            _parts[fill[block[i]]++] = i;

        BlockOf = block;
        Distance = distance;
        Residue = new long[count];
        bool[] linked = new bool[n];
        foreach (ArenaLink link in problem.Links)
            linked[link.Buffer] = true;
        for (int k = 0; k < count; k++)
            Settle(k, linked);
    }

    /// <summary>The problem itself.</summary>
    public ArenaProblem Problem { get; }

    /// <summary>Number of blocks.</summary>
    public int Count => Residue.Length;

    /// <summary>Block of each buffer.</summary>
    public int[] BlockOf { get; }

    /// <summary>Bytes from the base of its block to each buffer; never negative.</summary>
    public long[] Distance { get; }

    /// <summary>The base of each block is this modulo the alignment.</summary>
    public long[] Residue { get; }

    /// <summary>Buffers of a block, the nearest to its base first.</summary>
    public ReadOnlySpan<int> Parts(int block) => _parts.AsSpan(_starts[block], _starts[block + 1] - _starts[block]);

    /// <summary>The lowest base of a block that is not below <paramref name="atLeast"/> and has the right alignment.</summary>
    public long AlignBase(int block, long atLeast)
    {
        long mask = Problem.Alignment - 1;
        return atLeast + ((Residue[block] - atLeast) & mask);
    }

    /// <summary>Offsets of all buffers, from the base of each block.</summary>
    public long[] Offsets(ReadOnlySpan<long> bases)
    {
        long[] offsets = new long[BlockOf.Length];
        for (int i = 0; i < offsets.Length; i++)
            offsets[i] = bases[BlockOf[i]] + Distance[i];
        return offsets;
    }

    private void Settle(int block, bool[] linked)
    {
        Span<int> parts = _parts.AsSpan(_starts[block], _starts[block + 1] - _starts[block]);
        long least = long.MaxValue;
        foreach (int part in parts)
            least = Math.Min(least, Distance[part]);
        foreach (int part in parts)
            Distance[part] -= least;
        parts.Sort((a, b) => Distance[a] != Distance[b] ? Distance[a].CompareTo(Distance[b]) : a.CompareTo(b));

        // Every buffer that is not the moving end of a link has to be aligned; all of them must agree.
        long mask = Problem.Alignment - 1;
        long residue = -1;
        foreach (int part in parts)
        {
            if (linked[part])
                continue;
            long wanted = -Distance[part] & mask;
            if (residue >= 0 && residue != wanted)
                throw new ArgumentException($"The links of buffer {part} put two aligned buffers at an unaligned distance.", nameof(linked));
            residue = wanted;
        }
        Residue[block] = Math.Max(residue, 0);

        for (int i = 0; i < parts.Length; i++)
        {
            for (int j = i + 1; j < parts.Length; j++)
            {
                ArenaBuffer a = Problem.Buffers[parts[i]], b = Problem.Buffers[parts[j]];
                if (a.Bytes > 0 && b.Bytes > 0 && a.Lower < b.Upper && b.Lower < a.Upper && Distance[parts[j]] < Distance[parts[i]] + a.Bytes)
                    throw new ArgumentException($"The links make buffers {parts[i]} and {parts[j]} overlap.", nameof(linked));
            }
        }
    }

    private static void Check(ArenaProblem problem)
    {
        if (problem.Alignment < 1 || (problem.Alignment & (problem.Alignment - 1)) != 0)
            throw new ArgumentException($"The alignment {problem.Alignment} is no power of two.", nameof(problem));
        int n = problem.Buffers.Length;
        for (int i = 0; i < n; i++)
        {
            ArenaBuffer buffer = problem.Buffers[i];
            if (buffer.Bytes < 0 || buffer.Upper <= buffer.Lower)
                throw new ArgumentException($"Buffer {i} has a negative size or an empty lifetime.", nameof(problem));
        }
        foreach (ArenaLink link in problem.Links)
        {
            if ((uint)link.Buffer >= (uint)n || (uint)link.Anchor >= (uint)n)
                throw new ArgumentException($"A link ties buffer {link.Buffer} to buffer {link.Anchor}; there are {n} buffers.", nameof(problem));
        }
    }

    /// <summary>Root of each buffer's block, and its distance from the root.</summary>
    private static (int[] Root, long[] Distance) Tie(ArenaProblem problem)
    {
        int n = problem.Buffers.Length;
        List<(int To, long Distance)>?[] ties = new List<(int, long)>?[n];
        foreach (ArenaLink link in problem.Links)
        {
            (ties[link.Anchor] ??= []).Add((link.Buffer, link.Distance));
            (ties[link.Buffer] ??= []).Add((link.Anchor, -link.Distance));
        }
        int[] root = new int[n];
        long[] distance = new long[n];
        Array.Fill(root, -1);
        Stack<int> open = new();
        for (int start = 0; start < n; start++)
        {
            if (root[start] >= 0)
                continue;
            root[start] = start;
            open.Push(start);
            while (open.TryPop(out int at))
            {
                if (ties[at] is not { } list)
                    continue;
                foreach ((int to, long step) in list)
                {
                    if (root[to] < 0)
                    {
                        root[to] = start;
                        distance[to] = distance[at] + step;
                        open.Push(to);
                    }
                    else if (distance[to] != distance[at] + step)
                    {
                        throw new ArgumentException($"The links of buffers {at} and {to} contradict each other.", nameof(problem));
                    }
                }
            }
        }
        return (root, distance);
    }
}
