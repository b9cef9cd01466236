namespace Serenity.Planning.Scheduling.Search;

/// <summary>The sets of operators of a region after which some tensor dies, each with what is held only at its end; see <see cref="KillMoves"/>.</summary>
internal sealed class KillingSets(SearchProblem problem, SearchState state, KillRegion region)
{
    // Operators that kill something on their own: no other smallest set contains one.
    private readonly ulong[] _lone = new ulong[RegionSet.Words];
    private ulong[] _sets = new ulong[64 * RegionSet.Words];
    private long[] _excess = new long[64];
    private int[] _last = new int[64], _kept = new int[64];
    private int _setCount;

    /// <summary>How many there are.</summary>
    public int Count => _setCount;

    /// <summary>A set.</summary>
    public Span<ulong> Set(int i) => _sets.AsSpan(i * RegionSet.Words, RegionSet.Words);

    /// <summary>Bytes that are held while the last operator of a set runs, and not after it.</summary>
    public long Excess(int i) => _excess[i];

    /// <summary>The operator of a set that has to be its last; -1 for any.</summary>
    public int Last(int i) => _last[i];

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _setCount = 0;
        Array.Clear(_lone);
    }

    /// <summary>Adds what kills a tensor.</summary>
    public void AddKillingSet(int t)
    {
        Span<ulong> set = NewSet();
        long held = long.MaxValue;
        foreach (int end in problem.Ends[t])
        {
            if (state.IsDone(end))
                continue;
            RegionSet.Unite(set, region.NeedsOf(region.LocalOf(end)));
            held = Math.Min(held, problem.Scratch[end] - problem.Credit[end]);
        }
        _excess[_setCount++] = Math.Max(0, problem.Bytes[t] + held);
        if (RegionSet.SizeOf(set) == 1)
            RegionSet.Unite(_lone, set);
    }

    /// <summary>
    /// Adds what lets an operator take over a tensor's buffer: it saves that only behind all other consumers, though a smaller set may kill something at it.
    /// </summary>
    public void AddTakeOvers(int t)
    {
        foreach (int end in problem.Ends[t])
        {
            if (state.IsDone(end) || problem.Credit[end] == 0 || !problem.CreditEnds[end].Contains(t))
                continue;
            Span<ulong> set = NewSet();
            foreach (int other in problem.Ends[t])
            {
                if (!state.IsDone(other))
                    RegionSet.Unite(set, region.NeedsOf(region.LocalOf(other)));
            }
            _last[_setCount] = region.LocalOf(end);
            _excess[_setCount++] = Math.Max(0, problem.Bytes[t] + problem.Scratch[end] - problem.Credit[end]);
        }
    }

    /// <summary>Adds what operators of much scratch need.</summary>
    public void AddPeaky()
    {
        long least = long.MaxValue;
        for (int i = 0; i < _setCount; i++)
            least = Math.Min(least, _excess[i]);
        for (int local = 0; local < region.Count; local++)
        {
            if (problem.Scratch[region.Op(local)] <= least)
                continue;
            Span<ulong> set = NewSet();
            region.NeedsOf(local).CopyTo(set);
            _excess[_setCount++] = 0;
        }
    }

    private Span<ulong> NewSet()
    {
        if (_setCount == _excess.Length)
        {
            Array.Resize(ref _excess, _setCount * 2);
            Array.Resize(ref _last, _setCount * 2);
            Array.Resize(ref _sets, _setCount * 2 * RegionSet.Words);
        }
        _last[_setCount] = -1;
        Span<ulong> set = _sets.AsSpan(_setCount * RegionSet.Words, RegionSet.Words);
        set.Clear();
        return set;
    }

    /// <summary>Leaves out each set that contains a smaller one.</summary>
    public void KeepSmallest()
    {
        int kept = 0;
        if (_kept.Length < _setCount)
            Array.Resize(ref _kept, _excess.Length);
        for (int i = 0; i < _setCount; i++)
        {
            if (_last[i] >= 0 ? IsSmallestWithLast(i) : IsSmallest(i))
                _kept[kept++] = i;
        }
        for (int i = 0; i < kept; i++)
        {
            if (_kept[i] != i)
            {
                Set(_kept[i]).CopyTo(Set(i));
                _excess[i] = _excess[_kept[i]];
                _last[i] = _last[_kept[i]];
            }
        }
        _setCount = kept;
    }

    // Of equal sets the first stays. Sets with a given last operator do not displace others.
    private bool IsSmallest(int i)
    {
        Span<ulong> set = Set(i);
        bool lone = RegionSet.SizeOf(set) == 1;
        if (!lone && RegionSet.Intersects(set, _lone))
            return false;
        for (int j = 0; j < _setCount; j++)
        {
            if (j == i || _last[j] >= 0 || (lone && j > i))
                continue;
            if (RegionSet.IsSubset(Set(j), set) && (j < i || !RegionSet.IsSubset(set, Set(j))))
                return false;
        }
        return true;
    }

    // A set with a given last operator gives way only to what dies before that.
    private bool IsSmallestWithLast(int i)
    {
        Span<ulong> set = Set(i);
        int last = _last[i];
        for (int j = 0; j < _setCount; j++)
        {
            if (j != i && !RegionSet.Has(Set(j), last) && RegionSet.IsSubset(Set(j), set))
                return false;
        }
        return true;
    }
}
