namespace Serenity.Planning.Scheduling.Search;

/// <summary>One part of a divided problem, with the best order found for it and the best bound proven for it.</summary>
internal sealed class SegmentSolver
{
    private readonly SearchProblem _plain, _problem, _reversed;
    private readonly SearchTechniques _techniques;

    /// <summary>Finds greedy orders and the cut bound.</summary>
    public SegmentSolver(SearchProblem problem, SearchTechniques techniques, CancellationToken cancellation)
    {
        _plain = problem;
        _techniques = techniques;
        _problem = techniques.HasFlag(SearchTechniques.HandOver) ? HandOver.Apply(problem) : problem;
        _reversed = _problem.Reversed();
        Order = TopologicalOrder.Of(_problem);
        Peak = PeakOf(Order);
        if (techniques.HasFlag(SearchTechniques.Greedy))
        {
            foreach (GreedyOrder.Rule rule in Enum.GetValues<GreedyOrder.Rule>())
            {
                Consider(GreedyOrder.Find(_problem, rule, cancellation).Order);
                int[] backwards = GreedyOrder.Find(_reversed, rule, cancellation).Order;
                Array.Reverse(backwards);
                Consider(backwards);
            }
        }
        LowerBound = Math.Min(Peak, problem.LiveAtStart);
    }

    /// <summary>Operators of the segment's problem, in order.</summary>
    public int[] Order { get; private set; }

    public long Peak { get; private set; }

    public long LowerBound { get; private set; }

    public long States { get; private set; }

    public SearchProblem Problem => _plain;

    /// <summary>Raises the bound by cuts.</summary>
    public void Bound(long workLimit, CancellationToken cancellation)
    {
        if (LowerBound < Peak)
            LowerBound = Math.Max(LowerBound, new RootBound(_problem).Find(Order, Peak, workLimit, cancellation));
    }

    /// <summary>Searches, until the peak is proven or no more than <paramref name="floor"/>, which another segment costs anyway.</summary>
    /// <returns>False if the limit struck first.</returns>
    public bool Solve(long floor, long stateLimit, long memoryLimit, CancellationToken cancellation)
    {
        long start = States;
        for (long quota = 2000; ; quota = checked(quota * 4))
        {
            long left = stateLimit - (States - start);
            if (Peak <= Math.Max(floor, LowerBound))
                return true;
            if (left <= 0)
                return false;
            Round(floor, Math.Min(quota, left), memoryLimit, cancellation);
            if (quota > stateLimit)
                return Peak <= Math.Max(floor, LowerBound);
        }
    }

    // One pass of bisection. A budget that the quota leaves open is taken as too low for this pass, then as too high.
    private void Round(long floor, long quota, long memoryLimit, CancellationToken cancellation)
    {
        long low = Math.Max(LowerBound, floor), open = -1;
        while (low < Peak)
        {
            long budget = low + ((Peak - 1 - low) / 2);
            HillOutcome outcome = Decide(budget, quota, memoryLimit, cancellation);
            if (outcome == HillOutcome.Impossible)
            {
                low = LowerBound;
            }
            else if (outcome != HillOutcome.Found)
            {
                open = open < 0 ? budget : Math.Min(open, budget);
                low = budget + 1;
            }
        }
        if (open < 0)
            return;
        for (low = Math.Max(LowerBound, floor); low < open;)
        {
            long budget = low + ((open - 1 - low) / 2);
            HillOutcome outcome = Decide(budget, quota, memoryLimit, cancellation);
            if (outcome == HillOutcome.Impossible)
                low = Math.Max(low, LowerBound);
            else
                open = budget;
        }
    }

    // Both directions in turn; whichever ends first decides.
    private HillOutcome Decide(long budget, long quota, long memoryLimit, CancellationToken cancellation)
    {
        bool forward = _techniques.HasFlag(SearchTechniques.Forward) || !_techniques.HasFlag(SearchTechniques.Backward);
        HillSearch? ahead = forward ? new HillSearch(_problem, budget, _techniques, memoryLimit) : null;
        HillSearch? back = _techniques.HasFlag(SearchTechniques.Backward) ? new HillSearch(_reversed, budget, _techniques, memoryLimit) : null;
        HillOutcome outcome = HillOutcome.Paused;
        for (long used = 0, slice = 256; outcome == HillOutcome.Paused && used < quota; used += slice, slice *= 2)
        {
            slice = Math.Min(slice, quota - used);
            HillOutcome first = ahead?.Run(slice, cancellation) ?? HillOutcome.OutOfMemory;
            if (Ends(first))
            {
                outcome = Take(ahead!, first, false);
                break;
            }
            HillOutcome second = back?.Run(slice, cancellation) ?? HillOutcome.OutOfMemory;
            if (Ends(second))
            {
                outcome = Take(back!, second, true);
                break;
            }
            if (first == HillOutcome.OutOfMemory && second == HillOutcome.OutOfMemory)
                break;
        }
        States += (ahead?.States ?? 0) + (back?.States ?? 0);
        return outcome;
    }

    private static bool Ends(HillOutcome outcome) => outcome is HillOutcome.Found or HillOutcome.Impossible;

    private HillOutcome Take(HillSearch search, HillOutcome outcome, bool backwards)
    {
        if (outcome == HillOutcome.Impossible)
        {
            LowerBound = Math.Max(LowerBound, Math.Min(Peak, search.Exceeded));
            return outcome;
        }
        int[] order = search.Order.ToArray();
        if (backwards)
            Array.Reverse(order);
        Consider(order);
        return outcome;
    }

    private void Consider(int[] order)
    {
        long peak = PeakOf(order);
        if (peak < Peak)
            (Order, Peak) = (order, peak);
    }

    private long PeakOf(int[] order)
    {
        SearchState state = new(_plain);
        long peak = _plain.LiveAtStart;
        foreach (int op in order)
        {
            state.Evaluate(op, out long during, out _);
            peak = Math.Max(peak, during);
            state.Run(op);
        }
        return peak;
    }
}
