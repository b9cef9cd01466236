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
    private readonly SearchProblem _problem;
    private readonly SearchState _state;
    private readonly KillRegion _region;
    private readonly KillingSets _sets;
    private readonly bool _hasCredits;
    private readonly int[] _order = new int[RegionSet.Limit];

    public KillMoves(SearchProblem problem, SearchState state)
    {
        _problem = problem;
        _state = state;
        _region = new KillRegion(problem, state);
        _sets = new KillingSets(problem, state, _region);
        _hasCredits = Array.Exists(problem.Credit, credit => credit != 0);
    }

    /// <summary>Adds the moves from the present state.</summary>
    /// <param name="budget">No step may cost more.</param>
    /// <param name="moves">Gets the moves.</param>
    /// <param name="exceeded">Lowered to the least cost of a step that was refused.</param>
    /// <returns>False if this state is better branched by single operators: too much is near, or nothing can die any more.</returns>
    public bool TryAdd(long budget, MoveList moves, ref long exceeded)
    {
        _sets.Clear();
        if (!_region.TryCollect(budget, ref exceeded))
            return false;
        foreach (int t in _region.Touched)
        {
            if (_region.CanKill(t))
                _sets.AddKillingSet(t);
        }
        foreach (int t in _region.Touched)
        {
            if (_hasCredits && _region.CanKill(t))
                _sets.AddTakeOvers(t);
        }
        if (_sets.Count == 0 && !AnyDeathAhead())
            return false;
        _sets.AddPeaky();
        _sets.KeepSmallest();
        for (int i = 0; i < _sets.Count; i++)
            Emit(i, budget, moves, ref exceeded);
        return true;
    }

    private void Emit(int index, long budget, MoveList moves, ref long exceeded)
    {
        Span<ulong> set = _sets.Set(index);
        int size = 0;
        bool credits = false;
        for (int word = 0; word < RegionSet.Words; word++)
        {
            for (ulong bits = set[word]; bits != 0; bits &= bits - 1)
            {
                int local = (word << 6) + BitOperations.TrailingZeroCount(bits);
                _order[size++] = local;
                credits |= _problem.Credit[_region.Op(local)] != 0 && _problem.CreditEnds[_region.Op(local)].Length > 0;
            }
        }
        long allocated = _region.AllocatedBy(set), peak;
        if (size == 1)
        {
            _state.Evaluate(_region.Op(_order[0]), out peak, out _);
            _order[0] = _region.Op(_order[0]);
        }
        else
        {
            peak = Arrange(set, size, credits, _sets.Last(index), budget);
        }
        if (peak > budget)
            exceeded = Math.Min(exceeded, peak);
        else
            moves.Add(_order.AsSpan(0, size), allocated - _sets.Excess(index));
    }

    // Lawler's rule. A credit that needs a death is granted to the last operator only, since nothing dies before it; where there is
    // one, each choice of the last is tried. Other credits depend on the set run before alone, and only grow as it shrinks.
    private long Arrange(Span<ulong> set, int size, bool credits, int givenLast, long budget)
    {
        Span<int> members = stackalloc int[size], best = stackalloc int[size], trial = stackalloc int[size];
        Span<ulong> left = stackalloc ulong[RegionSet.Words];
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
                if ((givenLast >= 0 && last != givenLast) || !_region.IsNeededByNone(last, set))
                    continue;
                peak = _state.Live + _region.AllocatedBy(set) + _problem.Scratch[_region.Op(last)] - _region.CreditAtEnd(last, set);
                RegionSet.Remove(left, last);
                trial[at--] = _region.Op(last);
            }
            for (; at >= 0; at--)
            {
                int last = Cheapest(left, out long held);
                peak = Math.Max(peak, _state.Live + _region.AllocatedBy(left) + held);
                RegionSet.Remove(left, last);
                trial[at] = _region.Op(last);
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
        for (int word = 0; word < RegionSet.Words; word++)
        {
            for (ulong bits = left[word]; bits != 0; bits &= bits - 1)
            {
                int local = (word << 6) + BitOperations.TrailingZeroCount(bits), op = _region.Op(local);
                if (!_region.IsNeededByNone(local, left))
                    continue;
                long own = _problem.Scratch[op] - (_problem.CreditEnds[op].Length == 0 ? _region.CreditAtEnd(local, left) : 0);
                if (own < held)
                    (best, held) = (local, own);
            }
        }
        return best;
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
}
