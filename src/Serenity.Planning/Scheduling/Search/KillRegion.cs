using System.Numerics;

namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// The operators near a state that may be run within a budget before anything dies: each with the operators that it needs, up to those at which something dies.
/// </summary>
internal sealed class KillRegion
{
    // With more ready operators than this the region does not pay, if it fits at all.
    private const int MostReady = 128;

    private readonly SearchProblem _problem;
    private readonly SearchState _state;

    // By number in the region: the operator, the set of operators that it needs, itself included, whether something dies at it, and what that set allocates.
    private readonly int[] _op = new int[RegionSet.Limit];
    private readonly ulong[] _needs = new ulong[RegionSet.Limit * RegionSet.Words];
    private readonly bool[] _kills = new bool[RegionSet.Limit];
    private readonly long[] _allocated = new long[RegionSet.Limit];
    private readonly int[] _localOf, _pending, _pendingSeen, _endsSeen, _endsInRegion, _allocSeen;

    // Bytes that an operator starts alone, and whether there are others that it may share.
    private readonly long[] _startsAlone;
    private readonly bool[] _startsShared;
    private readonly List<int> _touched = [];
    private int _count, _stamp, _allocStamp;

    public KillRegion(SearchProblem problem, SearchState state)
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
    }

    /// <summary>How many operators it has.</summary>
    public int Count => _count;

    /// <summary>Tensors that some of its operators read for the last time, or write.</summary>
    public List<int> Touched => _touched;

    /// <summary>The operator of a number.</summary>
    public int Op(int local) => _op[local];

    /// <summary>The number of an operator that is in it.</summary>
    public int LocalOf(int op) => _localOf[op];

    /// <summary>What an operator needs, itself included.</summary>
    public ReadOnlySpan<ulong> NeedsOf(int local) => _needs.AsSpan(local * RegionSet.Words, RegionSet.Words);

    /// <summary>True if all that keeps a tensor alive is in the region, so that it can die there.</summary>
    public bool CanKill(int tensor) => _endsInRegion[tensor] == _state.EndsLeft(tensor);

    /// <summary>Collects it from the present state.</summary>
    /// <param name="budget">No step may cost more.</param>
    /// <param name="exceeded">Lowered to the least cost of a step that was refused.</param>
    /// <returns>False if there is too much.</returns>
    public bool TryCollect(long budget, ref long exceeded)
    {
        if (_state.ReadyCount > MostReady)
            return false;
        _stamp++;
        _count = 0;
        _touched.Clear();
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
        if (_count == RegionSet.Limit)
            return false;
        int local = _count;
        Span<ulong> needs = _needs.AsSpan(local * RegionSet.Words, RegionSet.Words);
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
                RegionSet.Unite(needs, NeedsOf(only));
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

    /// <summary>Bytes that a set allocates, from the present state on.</summary>
    public long AllocatedBy(ReadOnlySpan<ulong> set)
    {
        long bytes = 0;
        _allocStamp++;
        for (int word = 0; word < RegionSet.Words; word++)
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

    /// <summary>True if no other operator of a set needs this one.</summary>
    public bool IsNeededByNone(int local, ReadOnlySpan<ulong> set)
    {
        for (int word = 0; word < RegionSet.Words; word++)
        {
            for (ulong bits = set[word]; bits != 0; bits &= bits - 1)
            {
                int other = (word << 6) + BitOperations.TrailingZeroCount(bits);
                if (other != local && RegionSet.Has(NeedsOf(other), local))
                    return false;
            }
        }
        return true;
    }

    /// <summary>What an operator saves if it runs behind all others of a set.</summary>
    public long CreditAtEnd(int local, ReadOnlySpan<ulong> set)
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
            if (!_state.IsDone(op) && local < _count && _op[local] == op && RegionSet.Has(set, local))
                count++;
        }
        return count;
    }
}
