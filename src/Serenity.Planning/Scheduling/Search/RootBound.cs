namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// A lower bound without search: each operator runs at some down-set that contains its ancestors and none of its descendants, so no
/// schedule costs less than the cheapest such set, by one minimum cut, plus what the operator itself holds. The largest over the operators counts.
/// </summary>
/// <remarks>
/// What v reads and writes is live while v runs in every schedule, an accumulation group that it writes too; these tensors are constants
/// and the cut is over the others. Where v may work in place, the bound is the lesser of running it without the credit, and with the
/// credit after all other consumers of the input that it takes over.
/// </remarks>
internal sealed class RootBound
{
    private readonly SearchProblem _problem;
    private readonly LeastLiveCut _cut;
    private readonly bool[] _touched;
    private readonly bool[] _chosen;
    private readonly int[] _free, _stack;
    private readonly ulong[] _below, _behind, _raised;

    public RootBound(SearchProblem problem)
    {
        _problem = problem;
        _cut = new LeastLiveCut(problem);
        _touched = new bool[problem.TensorCount];
        _chosen = new bool[problem.OpCount];
        _free = new int[problem.OpCount];
        _stack = new int[problem.OpCount];
        _below = new ulong[(problem.OpCount + 63) / 64];
        _behind = new ulong[_below.Length];
        _raised = new ulong[_below.Length];
    }

    /// <summary>The bound.</summary>
    /// <param name="order">A schedule: its cost at an operator is at least that operator's bound, so the dearest are asked first and the cheap never.</param>
    /// <param name="peak">The schedule's peak; the bound is never more.</param>
    /// <param name="enough">It is given as soon as it is above this.</param>
    /// <param name="workLimit">Edges to look at before giving the best bound so far.</param>
    /// <param name="cancellation">Ends it at once.</param>
    public long Find(ReadOnlySpan<int> order, long peak, long enough, long workLimit, CancellationToken cancellation)
    {
        int n = _problem.OpCount;
        long[] cost = new long[n];
        SearchState state = new(_problem);
        long bound = _problem.LiveAtStart;
        foreach (int op in order)
        {
            state.Evaluate(op, out cost[op], out _);
            state.Run(op);
        }
        bound = Math.Min(peak, Math.Max(bound, state.Live));
        int[] dearest = order.ToArray();
        Array.Sort(dearest, (a, b) => cost[a] != cost[b] ? cost[b].CompareTo(cost[a]) : a.CompareTo(b));
        long visited = 0;
        foreach (int op in dearest)
        {
            if (cost[op] <= bound || bound >= peak || bound > enough || _cut.Work + visited > workLimit)
                break;
            cancellation.ThrowIfCancellationRequested();
            bound = Math.Max(bound, Math.Min(peak, Of(op, peak)));
            visited += n;
        }
        return bound;
    }

    /// <summary>The least that any schedule holds while it runs the operator, or a figure of at least <paramref name="enough"/>.</summary>
    public long Of(int op, long enough)
    {
        Array.Clear(_below);
        Array.Clear(_behind);
        Spread(op, _problem.Predecessors, _below);
        Spread(op, _problem.Successors, _behind);
        _behind[op >> 6] |= 1UL << (op & 63);
        long own = _problem.Scratch[op];
        foreach (int t in _problem.OpStarts[op])
            Touch(t, ref own);
        foreach (int t in _problem.OpEnds[op])
            Touch(t, ref own);

        long bound = own + Least(_below, enough - own);
        if (_problem.Credit[op] != 0)
        {
            if (_problem.CreditEnds[op].Length == 0)
                bound -= _problem.Credit[op];
            foreach (int t in _problem.CreditEnds[op])
            {
                if (TryRaise(op, t))
                    bound = Math.Min(bound, own - _problem.Credit[op] + Least(_raised, enough - own + _problem.Credit[op]));
            }
        }
        foreach (int t in _problem.OpStarts[op])
            _touched[t] = false;
        foreach (int t in _problem.OpEnds[op])
            _touched[t] = false;
        return bound;
    }

    private void Touch(int t, ref long own)
    {
        if (_touched[t])
            return;
        _touched[t] = true;
        own += _problem.Bytes[t];
    }

    // The set in which all consumers of t but op have run; false if one of them is behind op.
    private bool TryRaise(int op, int t)
    {
        _below.CopyTo(_raised, 0);
        foreach (int end in _problem.Ends[t])
        {
            if (end == op || IsIn(_raised, end))
                continue;
            if (IsIn(_behind, end))
                return false;
            _raised[end >> 6] |= 1UL << (end & 63);
            Spread(end, _problem.Predecessors, _raised);
        }
        return !IsIn(_raised, op);
    }

    // Live bytes of the tensors that op does not touch, at the cheapest down-set above a lower one and clear of what is behind op.
    private long Least(ulong[] lower, long enough)
    {
        long live = _problem.Base;
        for (int t = 0; t < _problem.TensorCount; t++)
        {
            if (!_touched[t] && IsLive(t, lower))
                live += _problem.Bytes[t];
        }
        int free = 0;
        for (int op = 0; op < _problem.OpCount; op++)
        {
            if (!IsIn(lower, op) && !IsIn(_behind, op))
                _free[free++] = op;
        }
        // The credit's other condition, that no other writer has run, is left out: a lower bound all the same.
        return live + _cut.Solve(lower, _free.AsSpan(0, free), _touched, _chosen, enough - live);
    }

    private bool IsLive(int t, ulong[] set)
    {
        bool started = _problem.Starts[t].Length == 0, ended = _problem.Ends[t].Length > 0;
        foreach (int op in _problem.Starts[t])
            started |= IsIn(set, op);
        if (!started)
            return false;
        foreach (int op in _problem.Ends[t])
            ended &= IsIn(set, op);
        return !ended;
    }

    private void Spread(int from, JaggedIndex edges, ulong[] into)
    {
        int depth = 0;
        _stack[depth++] = from;
        while (depth > 0)
        {
            foreach (int next in edges[_stack[--depth]])
            {
                if (IsIn(into, next))
                    continue;
                into[next >> 6] |= 1UL << (next & 63);
                _stack[depth++] = next;
            }
        }
    }

    private static bool IsIn(ulong[] set, int op) => (set[op >> 6] >> (op & 63) & 1) != 0;
}
