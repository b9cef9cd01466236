namespace Serenity.Planning.Placement.Pools;

/// <summary>States side by side: for each a place per slot, a bound, the state it is from, and bytes per pool.</summary>
internal sealed class PoolLayer(int slots, int pools)
{
    /// <summary>Places, a row a state.</summary>
    public ushort[] Places { get; private set; } = new ushort[64 * slots];

    /// <summary>Bounds.</summary>
    public long[] Bounds { get; private set; } = new long[64];

    /// <summary>The state before.</summary>
    public int[] Parents { get; private set; } = new int[64];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    private long[] _filled = new long[64 * pools];

    /// <summary>The places of a state.</summary>
    public Span<ushort> Row(int state) => Places.AsSpan(state * slots, slots);

    /// <summary>How full the pools are.</summary>
    public Span<long> Filled(int state) => _filled.AsSpan(state * pools, pools);

    /// <summary>No states.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds a state, whose row is to be written.</summary>
    public int Add(long bound, int parent)
    {
        if (Count == Bounds.Length)
        {
            int more = 2 * Count;
            (Places, Bounds, Parents) = (Larger(Places, more * slots), Larger(Bounds, more), Larger(Parents, more));
            _filled = Larger(_filled, more * pools);
        }
        (Bounds[Count], Parents[Count]) = (bound, parent);
        return Count++;
    }

    /// <summary>Takes the state away that was added last.</summary>
    public void RemoveLast() => Count--;

    /// <summary>Puts a state in the place of an earlier one.</summary>
    public void Move(int from, int to)
    {
        if (from == to)
            return;
        Row(from).CopyTo(Row(to));
        Filled(from).CopyTo(Filled(to));
        (Bounds[to], Parents[to]) = (Bounds[from], Parents[from]);
    }

    /// <summary>Leaves out all from one on.</summary>
    public void Truncate(int count) => Count = count;

    private static T[] Larger<T>(T[] array, int length)
    {
        Array.Resize(ref array, length);
        return array;
    }
}
