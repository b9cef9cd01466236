namespace Serenity.Planning.Scheduling.Search;

/// <summary>One part of a divided problem, with the best order found for it and the best bound proven for it.</summary>
internal sealed class SegmentSolver
{
    private readonly SearchProblem _plain;
    // Edges looked at by the cut bound: about two seconds.
    private const long CutWorkLimit = 400_000_000;

    private const int MostOpsForSplit = 20_000;

    private const long LeastEffortAside = 2048, MostEffortInSlice = 32768;

    private readonly SearchTechniques _techniques;
    private readonly int[] _original;
    private readonly SolvedSegments? _memory;
    private readonly SolvedSegment _known;
    private SegmentSolver[]? _halves;
    private SearchProblem? _problem, _reversed;
    private StateTable? _aheadTable, _backTable;
    private long? _grain;

    /// <summary>Finds greedy orders.</summary>
    /// <param name="problem">The segment's problem.</param>
    /// <param name="techniques">What is on.</param>
    /// <param name="memory">What is known of segments, or null.</param>
    /// <param name="cancellation">Ends it at once.</param>
    /// <param name="given">An order known already.</param>
    /// <param name="parentOriginal">If the problem is part of a segment: the operators that the segment's are in the whole.</param>
    public SegmentSolver(
        SearchProblem problem, SearchTechniques techniques, SolvedSegments? memory, CancellationToken cancellation, int[]? given = null,
        int[]? parentOriginal = null)
    {
        _plain = problem;
        _original = parentOriginal is null ? problem.Original : Array.ConvertAll(problem.Original, op => parentOriginal[op]);
        _techniques = techniques;
        _memory = memory;
        _known = memory?.Of(problem, techniques) ?? new SolvedSegment();
        Order = given ?? TopologicalOrder.Of(problem);
        Peak = PeakOf(Order);
        LowerBound = Math.Min(Peak, problem.LiveAtStart);
        if (_known.Order is { } order)
        {
            if (_known.Peak + problem.Base < Peak)
                (Order, Peak) = ([.. order], _known.Peak + problem.Base);
            LowerBound = _known.LowerBound + problem.Base;
            return;
        }
        if (HasOneSchedule(problem, Order))
        {
            LowerBound = Peak;
            return;
        }
        if (techniques.HasFlag(SearchTechniques.Greedy))
        {
            SearchProblem reversed = problem.Reversed();
            foreach (GreedyOrder.Rule rule in Enum.GetValues<GreedyOrder.Rule>())
            {
                Consider(GreedyOrder.Find(problem, rule, cancellation).Order);
                int[] backwards = GreedyOrder.Find(reversed, rule, cancellation).Order;
                Array.Reverse(backwards);
                Consider(backwards);
            }
        }
        LowerBound = Math.Min(Peak, LowerBound);
    }

    /// <summary>Operators of the segment's problem, in order.</summary>
    public int[] Order { get; private set; }

    public long Peak { get; private set; }

    public long LowerBound { get; private set; }

    public long States { get; private set; }

    /// <summary>See <see cref="HillSearch.Effort"/>.</summary>
    public long Effort { get; private set; }

    /// <summary>The operator of the whole graph behind one of the segment's.</summary>
    public int OriginalOf(int op) => _original[op];

    /// <summary>Takes the segment's operators in the order of a schedule of the whole graph, where that is better than what was found.</summary>
    /// <param name="rank">The place of each operator of the whole graph in that schedule.</param>
    public void Offer(int[] rank)
    {
        int[] order = new int[_original.Length];
        for (int op = 0; op < order.Length; op++)
            order[op] = op;
        Array.Sort(order, (a, b) => rank[_original[a]].CompareTo(rank[_original[b]]));
        Consider(order);
    }

    /// <summary>Raises the bound by cuts.</summary>
    /// <param name="enough">It need not be raised further once it is above this.</param>
    /// <param name="cancellation">Ends it at once.</param>
    public void Bound(long enough, CancellationToken cancellation)
    {
        if (LowerBound >= Peak || LowerBound > enough || _known.IsBounded || !_techniques.HasFlag(SearchTechniques.CutBound))
            return;
        LowerBound = Math.Max(LowerBound, new RootBound(_plain).Find(Order, Peak, enough, CutWorkLimit, cancellation));
        _known.IsBounded = LowerBound <= enough;
    }

    /// <summary>Keeps what was found for later searches.</summary>
    public void Remember()
    {
        if (_halves is { } halves)
        {
            foreach (SegmentSolver half in halves)
                half.Remember();
            // The halves' Original are indices in this problem.
            int[] joined = [.. halves.SelectMany(half => half.Order.Select(op => half._plain.Original[op]))];
            Consider(joined);
            LowerBound = Math.Max(LowerBound, Math.Min(Peak, Math.Max(halves[0].LowerBound, halves[1].LowerBound)));
        }
        if (_memory is null)
            return;
        _known.Order = [.. Order];
        _known.Peak = Peak - _plain.Base;
        _known.LowerBound = LowerBound - _plain.Base;
    }

    /// <summary>The two halves of the segment before and behind its least-live set, with their bounds; null if that is one of its ends.</summary>
    public SegmentSolver[]? SplitAtLeastLive(CancellationToken cancellation)
    {
        if (_plain.OpCount > MostOpsForSplit)
            return null;
        if (!_known.IsSplit)
            (_known.IsSplit, _known.PartOf) = (true, LeastLiveSplit.Find(_plain));
        if (_known.PartOf is not { } partOf)
            return null;
        SearchProblem[] problems = ProblemSplitter.Split(_plain, partOf, 2);
        SegmentSolver[] halves = new SegmentSolver[2];
        int[] local = new int[_plain.OpCount];
        for (int half = 0; half < 2; half++)
        {
            for (int i = 0; i < problems[half].OpCount; i++)
                local[problems[half].Original[i]] = i;
            int[] order = Array.ConvertAll(Array.FindAll(Order, op => partOf[op] == half), op => local[op]);
            halves[half] = new SegmentSolver(problems[half], _techniques, _memory, cancellation, order, _original);
            halves[half].Bound(long.MaxValue, cancellation);
        }
        return _halves = halves;
    }

    /// <summary>Searches, until the peak is proven or no more than a floor, which another segment costs anyway, or a limit strikes.</summary>
    /// <param name="floor">The floor in bytes.</param>
    /// <param name="reach">True if nothing but whether the floor can be reached is asked.</param>
    /// <param name="effortLimit">Limit in states, as <see cref="Effort"/> counts them.</param>
    /// <param name="memoryLimit">Bytes for the states of one direction.</param>
    /// <param name="cancellation">Ends it at once.</param>
    public void Solve(long floor, bool reach, long effortLimit, long memoryLimit, CancellationToken cancellation)
    {
        // The same search with no higher limit would end the same way.
        if (_known.Undecided.GetValueOrDefault((Math.Max(floor, LowerBound) - _plain.Base, reach), -1) >= effortLimit)
            return;
        long start = Effort;
        for (long quota = 2000; ; quota = checked(quota * 4))
        {
            long left = effortLimit - (Effort - start);
            if (Peak <= Math.Max(floor, LowerBound) || reach && LowerBound > floor)
                return;
            if (left <= 0)
                break;
            if (reach)
                Decide(Math.Max(floor, LowerBound), Math.Min(quota, left), memoryLimit, cancellation);
            else
                Round(floor, quota, start + effortLimit, memoryLimit, cancellation);
            if (quota > effortLimit)
                break;
        }
        if (Peak > Math.Max(floor, LowerBound) && !(reach && LowerBound > floor))
            _known.Undecided[(Math.Max(floor, LowerBound) - _plain.Base, reach)] = effortLimit;
    }

    // One pass of bisection. A budget that the quota leaves open is taken as too low for this pass, then as too high. Every peak is so many grains above what is live at the start,
    // so that budgets between two of these decide nothing new.
    private void Round(long floor, long quota, long mostEffort, long memoryLimit, CancellationToken cancellation)
    {
        long grain = _grain ??= _techniques.HasFlag(SearchTechniques.Grain) ? _plain.Grain : 1, start = _plain.LiveAtStart, open = -1;
        long low = Least();
        while (low < Peak && Effort < mostEffort)
        {
            long budget = Between(low, Peak);
            HillOutcome outcome = Try(budget);
            if (outcome == HillOutcome.Impossible)
            {
                low = Least();
            }
            else if (outcome != HillOutcome.Found)
            {
                open = open < 0 ? budget : Math.Min(open, budget);
                low = budget + grain;
            }
        }
        if (open < 0)
            return;
        for (low = Least(); low < open && Effort < mostEffort;)
        {
            long budget = Between(low, open);
            HillOutcome outcome = Try(budget);
            if (outcome == HillOutcome.Impossible)
                low = Math.Max(low, Least());
            else
                open = budget;
        }

        // Each direction counts.
        HillOutcome Try(long budget) => Decide(budget, Math.Min(quota, (mostEffort - Effort + 1) / 2), memoryLimit, cancellation);

        // The least peak that may be, or one that is low enough.
        long Least()
        {
            LowerBound = Math.Min(Peak, start + ((LowerBound - start + grain - 1) / grain * grain));
            return Math.Max(LowerBound, start + ((floor - start) / grain * grain));
        }

        // Half way from one peak that may be to below another.
        long Between(long from, long to) => from + ((to - 1 - from) / 2 / grain * grain);
    }

    // Both directions, slice by slice; whichever ends first decides. Long slices run side by side on two threads: a slice ends by its
    // count of states, so the outcome is the same as in turn.
    private HillOutcome Decide(long budget, long quota, long memoryLimit, CancellationToken cancellation)
    {
        if (_problem is null)
        {
            _problem = _techniques.HasFlag(SearchTechniques.HandOver) ? HandOver.Apply(_plain) : _plain;
            _reversed = _problem.Reversed();
            _aheadTable = new StateTable(_plain.OpCount);
            _backTable = new StateTable(_plain.OpCount);
        }
        bool forward = _techniques.HasFlag(SearchTechniques.Forward) || !_techniques.HasFlag(SearchTechniques.Backward);
        HillSearch? ahead = forward ? new HillSearch(_problem, budget, _techniques, _aheadTable!, memoryLimit) : null;
        HillSearch? back = _techniques.HasFlag(SearchTechniques.Backward) ? new HillSearch(_reversed!, budget, _techniques, _backTable!, memoryLimit) : null;
        try
        {
            for (long used = 0, slice = 256; used < quota; slice = Math.Min(slice * 2, MostEffortInSlice))
            {
                slice = Math.Min(slice, quota - used);
                used += slice;
                long effort = slice;
                Task<HillOutcome>? aside = slice >= LeastEffortAside && ahead is not null && back is not null
                    ? Task.Run(() => back.Run(effort, cancellation), CancellationToken.None)
                    : null;
                HillOutcome first = HillOutcome.OutOfMemory;
                try
                {
                    first = ahead?.Run(slice, cancellation) ?? first;
                }
                finally
                {
                    aside?.ContinueWith(_ => { }, TaskScheduler.Default).GetAwaiter().GetResult();
                }
                if (Ends(first))
                    return Take(ahead!, first, false);
                HillOutcome second = aside is not null ? aside.GetAwaiter().GetResult() : back?.Run(slice, cancellation) ?? HillOutcome.OutOfMemory;
                if (Ends(second))
                    return Take(back!, second, true);
                if (first == HillOutcome.OutOfMemory && second == HillOutcome.OutOfMemory)
                    return HillOutcome.OutOfMemory;
            }
            return HillOutcome.Paused;
        }
        finally
        {
            States += (ahead?.States ?? 0) + (back?.States ?? 0);
            Effort += (ahead?.Effort ?? 0) + (back?.Effort ?? 0);
        }
    }

    // Whether each operator must stand right behind the one before it.
    private static bool HasOneSchedule(SearchProblem problem, int[] order)
    {
        for (int i = 1; i < order.Length; i++)
        {
            if (!problem.Predecessors[order[i]].Contains(order[i - 1]))
                return false;
        }
        return true;
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
