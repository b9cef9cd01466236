using System.Numerics;

namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// Branches over what dies next instead of over what runs next. An operator that only allocates can be put off until something needs
/// it, so from a state only the smallest sets of operators that kill a tensor are tried, each in one go.
/// </summary>
/// <remarks>
/// Exact. Let a continuation of state Y stay within budget B, let w be its first operator at which a tensor dies or whose scratch is
/// more than θ, and V what runs before w. Run first those of V that w needs: its ancestors, and what else must have run for that
/// tensor to die. Nothing dies among them, so with fewer operators every step is cheaper. Run the rest U of V right behind w: the live
/// sum at its end is at most live(P), P = Y ∪ V ∪ {w}, since live(P) counts all that U allocates; so a step of U costs at most live(P) plus its
/// scratch, and live(P) ≤ B − e, where e is what w holds only while it runs: the bytes that die at it, and its scratch, less its credit.
/// With θ the least e of any smallest killing set, U's scratch is at most e. So some continuation within B starts with a smallest
/// killing set, or with the ancestors of an operator of scratch more than θ, and these sets are all that is tried. Within such a set nothing dies before the end, so what is live
/// depends on the set run so far only, and Lawler's rule (last goes whoever costs least there) gives an order of least peak.
/// </remarks>
internal sealed class KillMoves
{
    private const int Words = 4, Limit = 64 * Words;

    // With more ready operators than this the region does not pay, if it fits at all.
    private const int MostReady = 128;

    private readonly SearchProblem _problem;
    private readonly SearchState _state;

    // The region: operators near enough to be run within the budget, with the set of operators that each needs, itself included.
    private readonly int[] _op = new int[Limit];
    private readonly ulong[] _needs = new ulong[Limit * Words];
    private readonly bool[] _kills = new bool[Limit];
    private readonly int[] _localOf, _pending, _pendingSeen, _endsSeen, _endsInRegion, _allocSeen;
    private readonly bool _hasCredits;

    // Bytes that an operator starts alone, and whether there are others that it may share; then, in the region, what each set allocates.
    private readonly long[] _startsAlone;
    private readonly bool[] _startsShared;
    private readonly long[] _allocated = new long[Limit];
    private int _count, _stamp, _allocStamp;

    // Tensors whose whole end set is in the region, then the candidate sets.
    private readonly List<int> _touched = [];
    private ulong[] _sets = new ulong[64 * Words];
    private long[] _excess = new long[64];
    private int[] _last = new int[64];
    private int _setCount;

    // Operators that kill something on their own: no other smallest set contains one.
    private readonly ulong[] _lone = new ulong[Words];
    private readonly int[] _order = new int[Limit];
    private int[] _kept = new int[64];

    public KillMoves(SearchProblem problem, SearchState state)
    {
        _problem = problem;
        _state = state;
        _localOf = new int[problem.OpCount];
        _pending = new int[problem.OpCount];
        _pendingSeen = new int[problem.OpCount];
        _endsSeen = new int[problem.TensorCount];
        _endsInRegion = new int[problem.TensorCount];
        _allocSeen = new int[problem.TensorCount];
        _startsAlone = new long[problem.OpCount];
        _startsShared = new bool[problem.OpCount];
        for (int op = 0; op < problem.OpCount; op++)
        {
            foreach (int t in problem.OpStarts[op])
            {
                if (problem.Starts[t].Length == 1)
                    _startsAlone[op] += problem.Bytes[t];
                else
                    _startsShared[op] = true;
            }
        }
        _hasCredits = Array.Exists(problem.Credit, credit => credit != 0);
    }

    /// <summary>Adds the moves from the present state.</summary>
    /// <param name="budget">No step may cost more.</param>
    /// <param name="moves">Gets the moves.</param>
    /// <param name="exceeded">Lowered to the least cost of a step that was refused.</param>
    /// <returns>False if this state is better branched by single operators: too much is near, or nothing can die any more.</returns>
    public bool TryAdd(long budget, MoveList moves, ref long exceeded)
    {
        if (_state.ReadyCount > MostReady)
            return false;
        _stamp++;
        _count = 0;
        _setCount = 0;
        _touched.Clear();
        Array.Clear(_lone);
        if (!CollectRegion(budget, ref exceeded))
            return false;
        foreach (int t in _touched)
        {
            if (_endsInRegion[t] == _state.EndsLeft(t))
                AddKillingSet(t);
        }
        foreach (int t in _touched)
        {
            if (_hasCredits && _endsInRegion[t] == _state.EndsLeft(t))
                AddTakeOvers(t);
        }
        if (_setCount == 0 && !AnyDeathAhead())
            return false;
        AddPeaky();
        KeepSmallest();
        for (int i = 0; i < _setCount; i++)
            Emit(i, budget, moves, ref exceeded);
        return true;
    }

    private bool CollectRegion(long budget, ref long exceeded)
    {
        for (int i = 0; i < _state.ReadyCount; i++)
        {
            if (!TryEnter(_state.Ready(i), budget, ref exceeded))
                return false;
        }
        for (int i = 0; i < _count; i++)
        {
            if (_kills[i])
                continue;
            foreach (int after in _problem.Successors[_op[i]])
            {
                if (_pendingSeen[after] != _stamp)
                {
                    _pendingSeen[after] = _stamp;
                    _pending[after] = _state.PendingPredecessors(after);
                }
                if (--_pending[after] == 0 && !TryEnter(after, budget, ref exceeded))
                    return false;
            }
        }
        return true;
    }

    // False only if the region is full.
    private bool TryEnter(int op, long budget, ref long exceeded)
    {
        if (_count == Limit)
            return false;
        int local = _count;
        Span<ulong> needs = _needs.AsSpan(local * Words, Words);
        needs.Clear();
        needs[local >> 6] = 1UL << (local & 63);
        int missing = _state.PendingPredecessors(op), only = -1;
        if (missing > 0)
        {
            foreach (int before in _problem.Predecessors[op])
            {
                if (_state.IsDone(before))
                    continue;
                only = _localOf[before];
                Unite(needs, _needs.AsSpan(only * Words, Words));
            }
        }
        _op[local] = op;
        // What only this operator starts is simply added; with several ways into it, or tensors that others may start, the set is summed anew.
        long allocated = missing > 1 || _startsShared[op] ? AllocatedBy(needs) : (missing == 1 ? _allocated[only] : 0) + _startsAlone[op];
        _allocated[local] = allocated;
        long during = _state.Live + allocated + _problem.Scratch[op] - _problem.Credit[op];
        if (during > budget)
        {
            exceeded = Math.Min(exceeded, during);
            return true;
        }
        _localOf[op] = local;
        _kills[local] = false;
        _count++;
        foreach (int t in _problem.OpEnds[op])
        {
            if (_endsSeen[t] != _stamp)
            {
                _endsSeen[t] = _stamp;
                _endsInRegion[t] = 0;
                _touched.Add(t);
            }
            _endsInRegion[t]++;
            _kills[local] |= _state.EndsLeft(t) == 1;
        }
        return true;
    }

    private long AllocatedBy(ReadOnlySpan<ulong> set)
    {
        long bytes = 0;
        _allocStamp++;
        for (int word = 0; word < Words; word++)
        {
            for (ulong bits = set[word]; bits != 0; bits &= bits - 1)
            {
                foreach (int t in _problem.OpStarts[_op[(word << 6) + BitOperations.TrailingZeroCount(bits)]])
                {
                    if (_state.IsStarted(t) || _allocSeen[t] == _allocStamp)
                        continue;
                    _allocSeen[t] = _allocStamp;
                    bytes += _problem.Bytes[t];
                }
            }
        }
        return bytes;
    }

    private void AddKillingSet(int t)
    {
        Span<ulong> set = NewSet();
        long held = long.MaxValue;
        foreach (int end in _problem.Ends[t])
        {
            if (_state.IsDone(end))
                continue;
            Unite(set, _needs.AsSpan(_localOf[end] * Words, Words));
            held = Math.Min(held, _problem.Scratch[end] - _problem.Credit[end]);
        }
        _excess[_setCount++] = Math.Max(0, _problem.Bytes[t] + held);
        if (SizeOf(set) == 1)
            Unite(_lone, set);
    }

    // An operator that takes over t's buffer saves that only behind all other consumers of t, though a smaller set may kill something at it.
    private void AddTakeOvers(int t)
    {
        foreach (int end in _problem.Ends[t])
        {
            if (_state.IsDone(end) || _problem.Credit[end] == 0 || !_problem.CreditEnds[end].Contains(t))
                continue;
            Span<ulong> set = NewSet();
            foreach (int other in _problem.Ends[t])
            {
                if (!_state.IsDone(other))
                    Unite(set, _needs.AsSpan(_localOf[other] * Words, Words));
            }
            _last[_setCount] = _localOf[end];
            _excess[_setCount++] = Math.Max(0, _problem.Bytes[t] + _problem.Scratch[end] - _problem.Credit[end]);
        }
    }

    private void AddPeaky()
    {
        long least = long.MaxValue;
        for (int i = 0; i < _setCount; i++)
            least = Math.Min(least, _excess[i]);
        for (int local = 0; local < _count; local++)
        {
            if (_problem.Scratch[_op[local]] <= least)
                continue;
            Span<ulong> set = NewSet();
            _needs.AsSpan(local * Words, Words).CopyTo(set);
            _excess[_setCount++] = 0;
        }
    }

    private Span<ulong> NewSet()
    {
        if (_setCount == _excess.Length)
        {
            Array.Resize(ref _excess, _setCount * 2);
            Array.Resize(ref _last, _setCount * 2);
            Array.Resize(ref _sets, _setCount * 2 * Words);
        }
        _last[_setCount] = -1;
        Span<ulong> set = _sets.AsSpan(_setCount * Words, Words);
        set.Clear();
        return set;
    }

    private void KeepSmallest()
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
        bool lone = SizeOf(set) == 1;
        if (!lone && Intersects(set, _lone))
            return false;
        for (int j = 0; j < _setCount; j++)
        {
            if (j == i || _last[j] >= 0 || (lone && j > i))
                continue;
            if (IsSubset(Set(j), set) && (j < i || !IsSubset(set, Set(j))))
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
            if (j != i && (Set(j)[last >> 6] >> (last & 63) & 1) == 0 && IsSubset(Set(j), set))
                return false;
        }
        return true;
    }

    private void Emit(int index, long budget, MoveList moves, ref long exceeded)
    {
        Span<ulong> set = Set(index);
        int size = 0;
        bool credits = false;
        for (int word = 0; word < Words; word++)
        {
            for (ulong bits = set[word]; bits != 0; bits &= bits - 1)
            {
                int local = (word << 6) + BitOperations.TrailingZeroCount(bits);
                _order[size++] = local;
                credits |= _problem.Credit[_op[local]] != 0 && _problem.CreditEnds[_op[local]].Length > 0;
            }
        }
        long allocated = AllocatedBy(set), peak;
        if (size == 1)
        {
            _state.Evaluate(_op[_order[0]], out peak, out _);
            _order[0] = _op[_order[0]];
        }
        else
        {
            peak = Arrange(set, size, credits, _last[index], budget);
        }
        if (peak > budget)
            exceeded = Math.Min(exceeded, peak);
        else
            moves.Add(_order.AsSpan(0, size), allocated - _excess[index]);
    }

    // Lawler's rule. A credit that needs a death is granted to the last operator only, since nothing dies before it; where there is
    // one, each choice of the last is tried. Other credits depend on the set run before alone, and only grow as it shrinks.
    private long Arrange(Span<ulong> set, int size, bool credits, int givenLast, long budget)
    {
        Span<int> members = stackalloc int[size], best = stackalloc int[size], trial = stackalloc int[size];
        Span<ulong> left = stackalloc ulong[Words];
        _order.AsSpan(0, size).CopyTo(members);
        long bestPeak = long.MaxValue;
        int choices = credits ? size : 1;
        for (int choice = 0; choice < choices; choice++)
        {
            set.CopyTo(left);
            long peak = 0;
            int at = size - 1;
            if (credits)
            {
                int last = members[choice];
                if ((givenLast >= 0 && last != givenLast) || !IsNeededByNone(last, set))
                    continue;
                peak = _state.Live + AllocatedBy(set) + _problem.Scratch[_op[last]] - CreditAtEnd(last, set);
                left[last >> 6] &= ~(1UL << (last & 63));
                trial[at--] = _op[last];
            }
            for (; at >= 0; at--)
            {
                int last = Cheapest(left, out long held);
                peak = Math.Max(peak, _state.Live + AllocatedBy(left) + held);
                left[last >> 6] &= ~(1UL << (last & 63));
                trial[at] = _op[last];
            }
            if (peak < bestPeak)
            {
                bestPeak = peak;
                trial.CopyTo(best);
            }
            if (peak <= budget)
                break;
        }
        best.CopyTo(_order);
        return bestPeak;
    }

    // Of the operators that no other of the set needs, the one that holds least when it runs last.
    private int Cheapest(ReadOnlySpan<ulong> left, out long held)
    {
        int best = -1;
        held = long.MaxValue;
        for (int word = 0; word < Words; word++)
        {
            for (ulong bits = left[word]; bits != 0; bits &= bits - 1)
            {
                int local = (word << 6) + BitOperations.TrailingZeroCount(bits), op = _op[local];
                if (!IsNeededByNone(local, left))
                    continue;
                long own = _problem.Scratch[op] - (_problem.CreditEnds[op].Length == 0 ? CreditAtEnd(local, left) : 0);
                if (own < held)
                    (best, held) = (local, own);
            }
        }
        return best;
    }

    private bool IsNeededByNone(int local, ReadOnlySpan<ulong> set)
    {
        for (int word = 0; word < Words; word++)
        {
            for (ulong bits = set[word]; bits != 0; bits &= bits - 1)
            {
                int other = (word << 6) + BitOperations.TrailingZeroCount(bits);
                if (other != local && (_needs[(other * Words) + (local >> 6)] >> (local & 63) & 1) != 0)
                    return false;
            }
        }
        return true;
    }

    // What the operator saves if it runs behind all others of the set.
    private long CreditAtEnd(int local, ReadOnlySpan<ulong> set)
    {
        int op = _op[local];
        if (_problem.Credit[op] == 0)
            return 0;
        ReadOnlySpan<int> starts = _problem.CreditStarts[op], ends = _problem.CreditEnds[op];
        bool granted = starts.Length == 0;
        foreach (int t in starts)
            granted |= !_state.IsStarted(t) && CountIn(_problem.Starts[t], set) == 1;
        if (!granted)
            return 0;
        granted = ends.Length == 0;
        foreach (int t in ends)
            granted |= CountIn(_problem.Ends[t], set) == _state.EndsLeft(t);
        return granted ? _problem.Credit[op] : 0;
    }

    private int CountIn(ReadOnlySpan<int> ops, ReadOnlySpan<ulong> set)
    {
        int count = 0;
        foreach (int op in ops)
        {
            int local = _localOf[op];
            if (!_state.IsDone(op) && local < _count && _op[local] == op && (set[local >> 6] >> (local & 63) & 1) != 0)
                count++;
        }
        return count;
    }

    // Whether any tensor is left to die; if not, the rest only allocates.
    private bool AnyDeathAhead()
    {
        for (int t = 0; t < _problem.TensorCount; t++)
        {
            if (_problem.Ends[t].Length > 0 && _state.EndsLeft(t) > 0)
                return true;
        }
        return false;
    }

    private Span<ulong> Set(int i) => _sets.AsSpan(i * Words, Words);

    private static void Unite(Span<ulong> into, ReadOnlySpan<ulong> other)
    {
        for (int word = 0; word < Words; word++)
            into[word] |= other[word];
    }

    private static int SizeOf(ReadOnlySpan<ulong> set)
    {
        int size = 0;
        for (int word = 0; word < Words; word++)
            size += BitOperations.PopCount(set[word]);
        return size;
    }

    private static bool Intersects(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        for (int word = 0; word < Words; word++)
        {
            if ((a[word] & b[word]) != 0)
                return true;
        }
        return false;
    }

    private static bool IsSubset(ReadOnlySpan<ulong> inner, ReadOnlySpan<ulong> outer)
    {
        for (int word = 0; word < Words; word++)
        {
            if ((inner[word] & ~outer[word]) != 0)
                return false;
        }
        return true;
    }
}
