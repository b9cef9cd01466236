namespace Serenity.Planning.Placement.Pools;

/// <summary>The best plan so far and the bound proven so far.</summary>
internal sealed class PoolAttempt
{
    /// <summary>Parts of a pool that are kept free, one after the other, where what fills it cannot be placed.</summary>
    private static readonly int[] _shares = [64, 32, 16, 8, 4];

    /// <summary>Times that the bound is raised before the widest search, while much is open.</summary>
    private const int MostRaises = 8;

    /// <summary>Choices that cannot be laid down and are made impossible one after the other.</summary>
    private const int MostCuts = 24, FewCuts = 6;

    /// <summary>A last search is so many times wider, with a bound raised so many times finer, unless so much of all work is done, in hundredths.</summary>
    private const int Wider = 8, Finer = 20, WiderUntil = 45;

    /// <summary>A plan that is cheaper by more than one part in so many is worth a longer placement, unless so much of all work is done, in hundredths.</summary>
    private const int WorthLonger = 200, LongerUntil = 60;

    /// <summary>Parts of the width that are searched, one after the other.</summary>
    private static readonly int[] _widths = [64, 8, 1];

    private readonly PoolProblem _problem;
    private readonly PoolOptions _options;
    private readonly PoolMeter _meter;
    private readonly CancellationToken _cancellation;
    private readonly RigidBlocks _blocks;
    private readonly PoolPlacement _placement;
    private readonly PoolChoices _choices;
    private readonly IReadOnlyList<GreedyPools> _greedy;
    private long[][] _offsets = [];

    /// <summary>The blocks that are searched, and then the small ones; and what those cost at least.</summary>
    private readonly PoolUnit[] _units;
    private readonly long _least;

    /// <summary>By how much the bound rises from each time on; null where not known of the bound as it is.</summary>
    private long[]? _ahead;

    /// <summary>What the last search found.</summary>
    private int[]? _last;

    /// <summary>True if the last search left no state out.</summary>
    private bool _wasWhole;

    public PoolAttempt(PoolProblem problem, PoolOptions options, PoolMeter meter, CancellationToken cancellation)
    {
        _problem = problem;
        _options = options;
        _meter = meter;
        _cancellation = cancellation;
        _blocks = new RigidBlocks(new ArenaProblem(Array.ConvertAll(problem.Buffers, b => b.Buffer), problem.Links, problem.Alignment));
        _placement = new PoolPlacement(problem, options, meter);
        bool[] roomy = new bool[problem.Pools.Length];
        if (options.Techniques.HasFlag(PoolTechniques.RoomyPools))
        {
            for (int pool = 0; pool < roomy.Length; pool++)
                roomy[pool] = _placement.Place(pool, _placement.AllOf(pool, _blocks), cancellation).Outcome == PackingOutcome.Found;
        }
        _greedy = options.Greedy ? [.. PoolGreedy.Plans(problem, _blocks)] : [];
        bool[] small = options.Techniques.HasFlag(PoolTechniques.SmallLast)
            ? SmallBlocks.Of(problem, _blocks, options.SmallShare, _greedy.Select(g => g.Cost).DefaultIfEmpty().Min()) : new bool[_blocks.Count];
        _choices = PoolChoices.Of(problem, _blocks, roomy, small);
        _units = [.. _choices.Units, .. _choices.Small];
        _least = _choices.Small.Sum(u => u.Choices.Min(c => c.Cost));
    }

    /// <summary>True if some blocks are left to the end.</summary>
    public bool HasSmall => _choices.Small.Length > 0;

    /// <summary>True if no more than a hundredth is open.</summary>
    public bool IsClose => Cost < long.MaxValue && Cost - Bound <= Bound / 100;

    /// <summary>Begins with what another found out about the same problem.</summary>
    public void Take(PoolAttempt other)
    {
        (Bound, States) = (other.Bound, other.States);
        if (other.Best is null)
            return;
        Dictionary<int, PoolChoice> of = other._units.Zip(other.Best).ToDictionary(pair => pair.First.Parts[0], pair => pair.Second);
        (Best, Cost, _offsets) = (Array.ConvertAll(_units, u => of[u.Parts[0]]), other.Cost, other._offsets);
    }

    /// <summary>The best choices found, in the order of the units; null for none.</summary>
    public PoolChoice[]? Best { get; private set; }

    public long Cost { get; private set; } = long.MaxValue;

    public long Bound { get; private set; }

    public long States { get; private set; }

    public void Run()
    {
        Greedy();
        long most = _choices.Units.Sum(u => u.Choices.Max(c => c.Cost)) + 1;
        PoolBound bound = PoolBound.Of(_choices, Below(most), _options, _meter, _cancellation);
        Bound = Math.Min(Math.Max(Bound, bound.CostBound + _least), Cost);
        long[][] full = Full(bound);
        int failed = -1;
        // Narrow at first: a better plan makes a better bound, and the other way round.
        foreach (int share in _widths)
        {
            if (Bound == Cost)
                return;
            if (_meter.IsPast(90) && share < _widths[0])
                break;
            failed = Search(bound, full, share, Below(most));
            Improve(bound);
            for (int raises = share == _widths[^2] ? MostRaises : 1; raises > 0 && share > 1 && Bound < Cost && _options.Techniques.HasFlag(PoolTechniques.Worths); raises--)
            {
                long before = bound.Bound;
                bound.Raise(Below(most), _options.BoundWork / 4, _options, _cancellation);
                _ahead = null;
                Bound = Math.Min(Math.Max(Bound, bound.CostBound + _least), Cost);
                if (IsClose || bound.Bound - before < ((Below(most) * bound.Scale) - before) / 500)
                    break;
            }
        }
        int times = 1;
        if (failed < 0 && Best is not null && Bound < Cost && !IsClose && !_wasWhole && !_meter.IsPast(WiderUntil))
        {
            // Where few of the states that may be kept are, there is work left for far wider a search, behind a finer bound.
            if (_options.Techniques.HasFlag(PoolTechniques.Worths))
            {
                bound.Raise(Below(most), _options.BoundWork / 2, _options, _cancellation, Finer);
                _ahead = null;
                Bound = Math.Min(Math.Max(Bound, bound.CostBound + _least), Cost);
            }
            times = Wider;
            failed = Search(bound, full, 1, Below(most), times);
        }
        if (Bound == Cost)
            return;
        if (failed < 0)
        {
            // Nothing to gain but a proof that little is to be gained.
            if (Best is not null)
                Search(bound, full, 1, Below(most) - (Cost / 101), times);
            return;
        }
        bool whole = _wasWhole;
        if (!WithRoomForSmall(bound, failed, most) && !WithLess(bound, failed, most))
            WithShares(bound, failed, most);
        if (HasSmall)
            return;
        // Where states were left out, there is no proof to be had by going on, and with a plan no need.
        if (!whole && Best is not null)
            return;
        PoolBranching branching = new(_choices, bound, _placement, _options, _meter, _cancellation);
        branching.Run(Cost);
        States += branching.States;
        if (branching.Best is { } better)
            Offer(better, out _);
        if (branching.IsComplete)
            Bound = Cost;
    }

    // What cannot be laid down is made impossible where it is fullest, and the search goes on: a plan is lost now and then, and no bound is taken from it.
    private bool WithLess(PoolBound bound, int failed, long most)
    {
        long known = Bound;
        long[][] capacity = Full(bound);
        for (int cut = 0; cut < (HasSmall ? FewCuts : MostCuts) && !_meter.IsSpent && failed >= 0 && bound.Timeline.Count > 0; cut++)
        {
            PoolTenant[] tenants = _placement.TenantsOf(failed, _choices.Units, [.. _last!.Select((c, u) => _choices.Units[u].Choices[c])]);
            if (_placement.Place(failed, tenants, _cancellation).Outcome == PackingOutcome.Refuted)
                tenants = _placement.Narrowed(failed, tenants, _cancellation);
            long[] taken = new long[bound.Timeline.Count + 1];
            foreach (PoolTenant tenant in tenants)
            {
                long bytes = (_problem.Buffers[tenant.Buffer].Buffer.Bytes + _problem.Alignment - 1) & ~(_problem.Alignment - 1);
                taken[bound.Timeline.At(tenant.Lower)] += bytes;
                taken[bound.Timeline.At(tenant.Upper)] -= bytes;
            }
            int fullest = 0;
            long sum = 0, largest = 0;
            for (int t = 0; t < bound.Timeline.Count; t++)
            {
                sum += taken[t];
                if (sum > largest)
                    (largest, fullest) = (sum, t);
            }
            capacity[failed][fullest] = Math.Min(capacity[failed][fullest], largest) - 1;
            failed = Search(bound, capacity, 8, Below(most));
        }
        Bound = known;
        return Best is not null && failed < 0;
    }

    // Room for all small blocks is kept free in the pool that what was found cannot be laid down in.
    private bool WithRoomForSmall(PoolBound bound, int failed, long most)
    {
        if (!HasSmall)
            return false;
        long known = Bound;
        long[][] capacity = Full(bound);
        PoolTenant[] all = _placement.TenantsOf(failed, _choices.Small, Array.ConvertAll(_choices.Small, u => _choices.Stay(u.Parts, failed)));
        long room = _placement.Least(all, _cancellation).SizeBytes + _problem.Alignment;
        Array.Fill(capacity[failed], Math.Max(_choices.Capacity[failed] - room, 0));
        int[]? before = _last;
        long cost = Cost;
        int next = Search(bound, capacity, 8, Below(most));
        _last = before;
        Bound = known;
        return Cost < cost && next < 0;
    }

    private void WithShares(PoolBound bound, int failed, long most)
    {
        long known = Bound;
        long[][] capacity = Full(bound);
        foreach (int share in _shares)
        {
            if (_meter.IsSpent && Best is not null)
                break;
            Array.Fill(capacity[failed], _choices.Capacity[failed] - (_choices.Capacity[failed] / share));
            failed = Search(bound, capacity, 8, Below(most));
            if (failed < 0)
                break;
        }
        Bound = known;
    }

    // What the blocks that are searched may cost if a plan is to be better than the best.
    private long Below(long most) => Cost == long.MaxValue ? most : Math.Min(Cost - _least, most);

    private long[][] Full(PoolBound bound) => Array.ConvertAll(_choices.Capacity, bytes => Enumerable.Repeat(bytes, bound.Timeline.Count).ToArray());

    // What the best plan chose, made cheaper part of the time after part, as far as it can be laid down.
    private void Improve(PoolBound bound)
    {
        if (Best is null || IsClose || !_options.Techniques.HasFlag(PoolTechniques.Windows))
            return;
        PoolWindows windows = new(_choices, _options, _meter);
        int[]? improved = windows.Improve(bound, Full(bound), [.. _choices.Units.Select((unit, u) => unit.Find(Best[u]))], _cancellation);
        States += windows.States;
        if (improved is not null)
            Offer(improved, out _);
    }

    // The pool that what was found cannot be laid down in; -1 if it could be, or nothing was found.
    private int Search(PoolBound bound, long[][] capacity, int share, long below, int times = 1)
    {
        PoolSearch search = new(_choices, bound, capacity, _options, _meter) { Ahead = _ahead ?? new long[bound.Timeline.Count + 1] };
        int width = _options.Width == int.MaxValue ? int.MaxValue
            : Math.Max((int)Math.Clamp(_options.StatesTogether / Math.Max(search.Decisions, 1), Math.Min(64, _options.Width), _options.Width) / share, 1), ahead = width;
        width = (int)Math.Min((long)width * times, _options.Width);
        if (_ahead is null && !_meter.IsSpent && _options.Techniques.HasFlag(PoolTechniques.Cuts))
        {
            States += search.LookAhead(below, Math.Max(ahead / 4, Math.Min(ahead, 64)), _cancellation);
            _ahead = search.Ahead;
            Bound = Math.Min(Math.Max(Bound, bound.Ceiling(bound.Bound + _ahead[0]) + _least), Cost);
        }
        PoolSearchResult found = search.Run(below, width, _cancellation);
        States += found.States;
        Bound = Math.Min(Math.Max(Bound, found.LowerBoundCost + _least), Cost);
        _wasWhole = found.LowerBoundCost >= found.Cost;
        _last = found.Choice;
        return found.Choice is null || Offer(found.Choice, out int failed) ? -1 : failed;
    }

    /// <summary>The best plan, each pool laid down in as little as can be.</summary>
    public PoolPlan Plan(PoolProblem original)
    {
        BufferPlace[] places = new BufferPlace[_problem.Buffers.Length];
        long[] used = new long[_problem.Pools.Length];
        Dictionary<(int Buffer, int Lower), long>[] offsets = new Dictionary<(int, int), long>[used.Length];
        for (int pool = 0; pool < used.Length; pool++)
        {
            PoolTenant[] tenants = _placement.TenantsOf(pool, _units, Best!);
            long size = SizeOf(tenants, _offsets[pool]);
            ArenaPlan least = _placement.Least(tenants, _cancellation);
            long[] chosen = least.SizeBytes < size ? least.Offsets : _offsets[pool];
            used[pool] = Math.Min(size, least.SizeBytes);
            offsets[pool] = [];
            for (int i = 0; i < tenants.Length; i++)
                offsets[pool][(tenants[i].Buffer, tenants[i].Lower)] = chosen[i];
        }
        for (int u = 0; u < _units.Length; u++)
        {
            PoolChoice choice = Best![u];
            foreach (int part in _units[u].Parts)
            {
                long at = offsets[choice.Pool][(part, PoolChoices.Start(_problem.Buffers[part].Buffer.Lower))];
                places[part] = new BufferPlace(choice.Pool, at, choice.MoveStep < 0 ? null
                    : new BufferMove(choice.MoveStep, choice.MovePool, offsets[choice.MovePool][(part, PoolChoices.Boundary(choice.MoveStep))]));
            }
        }
        bool fits = true;
        for (int pool = 0; pool < used.Length; pool++)
            fits &= used[pool] <= original.Pools[pool].Bytes;
        return new PoolPlan(places, used, Cost, Bound, fits, States);
    }

    private void Greedy()
    {
        if (_greedy.MinBy(g => g.Cost) is not { } best || best.Cost >= Cost)
            return;
        Best = Array.ConvertAll(_units, u => _choices.Stay(u.Parts, best.Pool[_blocks.BlockOf[u.Parts[0]]]));
        Cost = best.Cost;
        _offsets = [.. Enumerable.Range(0, _problem.Pools.Length).Select(p => Array.ConvertAll(
            _placement.TenantsOf(p, _units, Best), t => best.Base[_blocks.BlockOf[t.Buffer]] + _blocks.Distance[t.Buffer]))];
    }

    private bool Offer(int[] indices, out int failed)
    {
        PoolChoice[] chosen = [.. indices.Select((c, u) => _choices.Units[u].Choices[c])];
        return Offer(HasSmall ? [.. chosen, .. SmallBlocks.Choose(_choices.Small, chosen, _choices.Capacity)] : chosen, out failed);
    }

    // False if a pool cannot be laid down.
    private bool Offer(PoolChoice[] choice, out int failed)
    {
        long[][] offsets = new long[_problem.Pools.Length][];
        for (failed = 0; failed < offsets.Length; failed++)
        {
            if (OffsetsOf(failed, choice) is not { } placed)
            {
                Repair(choice);
                return false;
            }
            offsets[failed] = placed;
        }
        long cost = choice.Sum(c => c.Cost);
        if (cost < Cost)
            (Best, Cost, _offsets) = (choice, cost, offsets);
        return true;
    }

    // What cannot be laid down may still be a little dearer.
    private void Repair(PoolChoice[] choice)
    {
        if (choice.Sum(c => c.Cost) >= Cost || new PoolRepair(_problem, _units, _choices.Capacity, _placement, _meter).Of(choice, _cancellation) is not { } repaired)
            return;
        if (repaired.Choice.Sum(c => c.Cost) is var cost && cost < Cost)
            (Best, Cost, _offsets) = (repaired.Choice, cost, repaired.Offsets);
    }

    private long[]? OffsetsOf(int pool, PoolChoice[] choice)
    {
        int searched = _choices.Units.Length;
        if (HasSmall && _placement.PlaceApart(pool, _placement.TenantsOf(pool, _choices.Units, choice[..searched]), _placement.TenantsOf(pool, _choices.Small, choice[searched..]),
            _cancellation) is { } apart)
            return apart;
        // A plan that is much cheaper is worth a longer look.
        return _placement.Place(pool, _placement.TenantsOf(pool, _units, choice), _cancellation, choice.Sum(c => c.Cost) < Cost - (Cost / WorthLonger) && !_meter.IsPast(LongerUntil)).Offsets;
    }

    private long SizeOf(PoolTenant[] tenants, long[] offsets)
    {
        long size = 0;
        for (int i = 0; i < tenants.Length; i++)
            size = Math.Max(size, offsets[i] + _problem.Buffers[tenants[i].Buffer].Buffer.Bytes);
        return size;
    }
}
