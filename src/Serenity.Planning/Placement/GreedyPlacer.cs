namespace Serenity.Planning.Placement;

/// <summary>Places blocks one after the other, each at the lowest base that is free over its lifetime.</summary>
internal sealed class GreedyPlacer
{
    /// <summary>From so many buffers on it is worth finding out which live with which.</summary>
    private const int ManyBuffers = 1000;

    private readonly RigidBlocks _blocks;
    private readonly LifetimeNeighbours? _neighbours;
    private readonly bool[] _isPlaced;
    private readonly ArenaBuffer[] _buffers;
    private readonly long[] _offsets;

    /// <summary>Buffers placed so far, by offset; not kept where neighbours are known.</summary>
    private readonly int[] _placed;
    private readonly long[] _placedOffset;
    private readonly List<(long From, long To)> _forbidden = [];
    private int _count;

    public GreedyPlacer(RigidBlocks blocks)
        : this(blocks, blocks.Problem.Buffers.Length >= ManyBuffers ? LifetimeNeighbours.Find(blocks.Problem.Buffers) : null)
    {
    }

    /// <summary>Creates a placer.</summary>
    /// <param name="blocks">What it places.</param>
    /// <param name="neighbours">Which buffers live with which; null to look through all. The placements are the same.</param>
    internal GreedyPlacer(RigidBlocks blocks, LifetimeNeighbours? neighbours)
    {
        _neighbours = neighbours;
        _isPlaced = new bool[blocks.Problem.Buffers.Length];
        _blocks = blocks;
        _buffers = blocks.Problem.Buffers;
        _offsets = new long[_buffers.Length];
        _placed = new int[_buffers.Length];
        _placedOffset = new long[_buffers.Length];
    }

    /// <summary>The static orders that are tried, as block ids; all deterministic.</summary>
    public static IEnumerable<int[]> Orders(RigidBlocks blocks)
    {
        int n = blocks.Count;
        long[] bytes = new long[n], span = new long[n], area = new long[n], lower = new long[n], total = new long[n];
        long[] pressure = Pressure(blocks.Problem);
        for (int k = 0; k < n; k++)
        {
            long from = long.MaxValue, to = long.MinValue;
            foreach (int part in blocks.Parts(k))
            {
                ArenaBuffer buffer = blocks.Problem.Buffers[part];
                bytes[k] += buffer.Bytes;
                from = Math.Min(from, buffer.Lower);
                to = Math.Max(to, buffer.Upper);
                area[k] += buffer.Bytes * (buffer.Upper - buffer.Lower);
                total[k] = Math.Max(total[k], pressure[part]);
            }
            span[k] = to - from;
            lower[k] = from;
        }
        yield return Sorted(n, bytes, span);
        yield return Sorted(n, area, bytes);
        yield return Sorted(n, span, bytes);
        yield return Sorted(n, total, bytes);
        yield return Sorted(n, total, area);
        long[] earliest = new long[n];
        for (int k = 0; k < n; k++)
            earliest[k] = -lower[k];
        yield return Sorted(n, earliest, bytes);
    }

    /// <summary>Places all blocks in one order, and returns the arena size. <see cref="Offsets"/> has the placement.</summary>
    public long Place(ReadOnlySpan<int> order)
    {
        _count = 0;
        Array.Clear(_isPlaced);
        long size = 0;
        foreach (int block in order)
        {
            ReadOnlySpan<int> parts = _blocks.Parts(block);
            long at = parts.Length == 1 && _neighbours is null ? LowestOfOne(parts[0], block) : LowestOfMany(parts, block);
            foreach (int part in parts)
            {
                _offsets[part] = at + _blocks.Distance[part];
                if (_buffers[part].Bytes == 0)
                    continue;
                size = Math.Max(size, _offsets[part] + _buffers[part].Bytes);
                _isPlaced[part] = true;
                if (_neighbours is null)
                    Insert(part);
            }
        }
        // Empty buffers may have been set behind the end.
        for (int i = 0; i < _offsets.Length; i++)
            size = Math.Max(size, _offsets[i]);
        return size;
    }

    /// <summary>Offsets of all buffers after <see cref="Place"/>.</summary>
    public ReadOnlySpan<long> Offsets => _offsets;

    private long LowestOfOne(int part, int block)
    {
        ArenaBuffer buffer = _buffers[part];
        long at = _blocks.AlignBase(block, 0);
        if (buffer.Bytes == 0)
            return at;
        for (int k = 0; k < _count; k++)
        {
            ArenaBuffer other = _buffers[_placed[k]];
            if (other.Lower >= buffer.Upper || buffer.Lower >= other.Upper)
                continue;
            if (_placedOffset[k] >= at + buffer.Bytes)
                break;
            long end = _placedOffset[k] + other.Bytes;
            if (end > at)
                at = _blocks.AlignBase(block, end);
        }
        return at;
    }

    private long LowestOfMany(ReadOnlySpan<int> parts, int block)
    {
        _forbidden.Clear();
        foreach (int part in parts)
        {
            ArenaBuffer buffer = _buffers[part];
            if (buffer.Bytes == 0)
                continue;
            long distance = _blocks.Distance[part];
            if (_neighbours is not null)
            {
                foreach (int other in _neighbours.Of(part))
                {
                    if (_isPlaced[other])
                        _forbidden.Add((_offsets[other] - buffer.Bytes - distance, _offsets[other] + _buffers[other].Bytes - distance));
                }
                continue;
            }
            for (int k = 0; k < _count; k++)
            {
                ArenaBuffer other = _buffers[_placed[k]];
                if (other.Lower < buffer.Upper && buffer.Lower < other.Upper)
                    _forbidden.Add((_placedOffset[k] - buffer.Bytes - distance, _placedOffset[k] + other.Bytes - distance));
            }
        }
        // Ascending starts: what a raised base has passed cannot hold it again.
        _forbidden.Sort();
        long at = _blocks.AlignBase(block, 0);
        foreach ((long from, long to) in _forbidden)
        {
            if (from >= at)
                break;
            if (to > at)
                at = _blocks.AlignBase(block, to);
        }
        return at;
    }

    private void Insert(int part)
    {
        long offset = _offsets[part];
        int at = _count;
        while (at > 0 && _placedOffset[at - 1] > offset)
            at--;
        Array.Copy(_placed, at, _placed, at + 1, _count - at);
        Array.Copy(_placedOffset, at, _placedOffset, at + 1, _count - at);
        _placed[at] = part;
        _placedOffset[at] = offset;
        _count++;
    }

    /// <summary>For each buffer, the largest live sum over its lifetime.</summary>
    private static long[] Pressure(ArenaProblem problem)
    {
        ArenaBuffer[] buffers = problem.Buffers;
        int n = buffers.Length;
        int[] times = new int[2 * n];
        for (int i = 0; i < n; i++)
        {
            times[2 * i] = buffers[i].Lower;
            times[2 * i + 1] = buffers[i].Upper;
        }
        Array.Sort(times);
        long[] live = new long[2 * n + 1];
        foreach (ArenaBuffer buffer in buffers)
        {
            live[First(times, buffer.Lower)] += buffer.Bytes;
            live[First(times, buffer.Upper)] -= buffer.Bytes;
        }
        for (int t = 1; t < live.Length; t++)
            live[t] += live[t - 1];

        long[] pressure = new long[n];
        for (int i = 0; i < n; i++)
        {
            int to = First(times, buffers[i].Upper);
            for (int t = First(times, buffers[i].Lower); t < to; t++)
                pressure[i] = Math.Max(pressure[i], live[t]);
        }
        return pressure;
    }

    private static int First(int[] times, int time)
    {
        int low = 0, high = times.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (times[middle] < time)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>0 .. n-1 by descending first key, then second key, then id.</summary>
    private static int[] Sorted(int n, long[] first, long[] second)
    {
        int[] order = new int[n];
        for (int k = 0; k < n; k++)
            order[k] = k;
        Array.Sort(order, (a, b) =>
            first[a] != first[b] ? first[b].CompareTo(first[a]) : second[a] != second[b] ? second[b].CompareTo(second[a]) : a.CompareTo(b));
        return order;
    }
}
