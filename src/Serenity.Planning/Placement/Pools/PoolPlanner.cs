namespace Serenity.Planning.Placement.Pools;

/// <summary>Assigns buffers to memories, and offsets in each, so that accesses cost the least; see docs/memory-levels.md.</summary>
/// <remarks>
/// A bound from prices comes first, then the cheapest choices under which no pool's live sum exceeds its size, then their exact placement. Where that placement is found, as is
/// the rule, it is its own proof. Where it is not, the search goes on depth first with every pool placed exactly.
/// </remarks>
public static class PoolPlanner
{
    /// <summary>More than any memory has.</summary>
    private const long Boundless = 1L << 48;

    /// <summary>Parts of a pool that are kept free, one after the other, where what fills it cannot be placed.</summary>
    private static readonly int[] _shares = [64, 32, 16, 8, 4];

    /// <summary>Choices that cannot be laid down and are made impossible one after the other.</summary>
    private const int MostCuts = 24;

    /// <summary>Parts of the width that are searched, one after the other.</summary>
    private static readonly int[] _widths = [64, 8, 1];

    /// <summary>Places all buffers.</summary>
    /// <param name="problem">Pools, buffers and links.</param>
    /// <param name="options">Limits and techniques.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="ArgumentException">A pool, a buffer, a link or the alignment is not valid, or no pool may hold a buffer.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PoolPlan Place(PoolProblem problem, PoolOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        Check(problem);
        options ??= PoolOptions.Default;
        Attempt attempt = new(problem, options, cancellation);
        attempt.Run();
        if (attempt.Best is not null)
            return attempt.Plan(problem);
        // What fits at all is easier to find where all pools cost the same.
        Attempt any = new(Free(problem), Narrow(options), cancellation);
        any.Run();
        if (any.Best is not null)
        {
            PoolPlan plan = any.Plan(problem);
            return plan with { Cost = CostOf(problem, plan.Places), LowerBoundCost = attempt.Bound, States = attempt.States + plan.States };
        }

        // Nothing fits: the pools that are the last resort of a buffer grow.
        ArenaPool[] pools = [.. problem.Pools];
        foreach (PooledBuffer buffer in problem.Buffers)
        {
            int last = Enumerable.Range(0, pools.Length).Where(p => (buffer.Pools >> p & 1) != 0).OrderBy(p => problem.Pools[p].AccessCost).ThenBy(p => problem.Pools[p].Bytes).Last();
            pools[last] = pools[last] with { Bytes = Boundless };
        }
        Attempt larger = new(problem with { Pools = pools }, options, cancellation);
        larger.Run();
        return larger.Plan(problem) with { LowerBoundCost = attempt.Bound, Fits = false, States = attempt.States + larger.States };
    }

    /// <summary>Whether <see cref="Place"/> finds a plan that fits; it may find one where this does not.</summary>
    internal static bool Fits(PoolProblem problem, PoolOptions options, CancellationToken cancellation)
    {
        Attempt any = new(Free(problem), Narrow(options), cancellation);
        any.Run();
        return any.Best is not null;
    }

    private static PoolProblem Free(PoolProblem problem) => problem with { Pools = Array.ConvertAll(problem.Pools, p => p with { AccessCost = 0 }) };

    private static PoolOptions Narrow(PoolOptions options) =>
        options with { Width = Math.Min(options.Width, 2_000), StatesTogether = Math.Min(options.StatesTogether, 200_000), BoundWork = Math.Min(options.BoundWork, 2_000_000) };

    private static long CostOf(PoolProblem problem, IReadOnlyList<BufferPlace> places)
    {
        long cost = 0;
        for (int i = 0; i < places.Count; i++)
        {
            (ArenaBuffer buffer, IReadOnlyList<BufferAccess> accesses, _, _) = problem.Buffers[i];
            BufferMove? move = places[i].Move;
            foreach (BufferAccess access in accesses)
                cost += buffer.Bytes * access.Count * problem.Pools[access.Step < (move?.Step ?? int.MaxValue) ? places[i].Pool : move!.Pool].AccessCost;
            cost += move is null ? 0 : buffer.Bytes * (problem.Pools[places[i].Pool].AccessCost + problem.Pools[move.Pool].AccessCost);
        }
        return cost;
    }

    private static void Check(PoolProblem problem)
    {
        if (problem.Pools.Length is < 1 or > 64)
            throw new ArgumentException($"There are {problem.Pools.Length} pools; there must be 1 to 64.", nameof(problem));
        foreach (ArenaPool pool in problem.Pools)
        {
            if (pool.Bytes is < 0 or > Boundless || pool.AccessCost < 0)
                throw new ArgumentException($"A pool of {pool.Bytes} bytes with the cost {pool.AccessCost} is none.", nameof(problem));
        }
        for (int i = 0; i < problem.Buffers.Length; i++)
        {
            (ArenaBuffer buffer, IReadOnlyList<BufferAccess> accesses, ulong pools, _) = problem.Buffers[i];
            if (problem.Pools.Length < 64 && (pools & ((1UL << problem.Pools.Length) - 1)) == 0)
                throw new ArgumentException($"No pool may hold buffer {i}.", nameof(problem));
            foreach (BufferAccess access in accesses)
            {
                if (access.Step < buffer.Lower || access.Step >= buffer.Upper || access.Count < 0)
                    throw new ArgumentException($"Buffer {i} is used at step {access.Step}, when it is not live.", nameof(problem));
            }
        }
    }

    /// <summary>The best plan so far and the bound proven so far.</summary>
    private sealed class Attempt
    {
        private readonly PoolProblem _problem;
        private readonly PoolOptions _options;
        private readonly CancellationToken _cancellation;
        private readonly RigidBlocks _blocks;
        private readonly PoolPlacement _placement;
        private readonly PoolChoices _choices;
        private long[][] _offsets = [];

        /// <summary>What the last search found.</summary>
        private int[]? _last;

        /// <summary>True if the last search left no state out.</summary>
        private bool _wasWhole;

        public Attempt(PoolProblem problem, PoolOptions options, CancellationToken cancellation)
        {
            _problem = problem;
            _options = options;
            _cancellation = cancellation;
            _blocks = new RigidBlocks(new ArenaProblem(Array.ConvertAll(problem.Buffers, b => b.Buffer), problem.Links, problem.Alignment));
            _placement = new PoolPlacement(problem, options);
            bool[] roomy = new bool[problem.Pools.Length];
            if (options.Techniques.HasFlag(PoolTechniques.RoomyPools))
            {
                for (int pool = 0; pool < roomy.Length; pool++)
                    roomy[pool] = _placement.Place(pool, _placement.AllOf(pool, _blocks), cancellation).Outcome == PackingOutcome.Found;
            }
            _choices = PoolChoices.Of(problem, _blocks, roomy);
        }

        public PoolChoice[]? Best { get; private set; }

        public long Cost { get; private set; } = long.MaxValue;

        public long Bound { get; private set; }

        public long States { get; private set; }

        public void Run()
        {
            if (_options.Greedy)
                Greedy();
            long most = _choices.Units.Sum(u => u.Choices.Max(c => c.Cost)) + 1;
            PoolBound bound = PoolBound.Of(_choices, Math.Min(Cost, most), _options, _cancellation);
            Bound = Math.Min(bound.CostBound, Cost);
            long[][] full = Full(bound);
            int failed = -1;
            // Narrow at first: a better plan makes a better bound, and the other way round.
            foreach (int share in _widths)
            {
                if (Bound == Cost)
                    return;
                failed = Search(bound, full, share, Math.Min(Cost, most));
                if (Bound < Cost && share > 1 && _options.Techniques.HasFlag(PoolTechniques.Worths))
                {
                    bound.Raise(Math.Min(Cost, most), _options.BoundWork, _options, _cancellation);
                    Bound = Math.Min(Math.Max(Bound, bound.CostBound), Cost);
                }
            }
            if (Bound == Cost)
                return;
            if (failed < 0)
            {
                // Nothing to gain but a proof that little is to be gained.
                if (Best is not null)
                    Search(bound, full, 1, Cost - (Cost / 101));
                return;
            }
            bool whole = _wasWhole;
            if (!WithLess(bound, failed, most))
                WithShares(bound, failed, most);
            // Where states were left out, there is no proof to be had by going on, and with a plan no need.
            if (!whole && Best is not null)
                return;
            PoolBranching branching = new(_choices, bound, _placement, _options, _cancellation);
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
            for (int cut = 0; cut < MostCuts && failed >= 0; cut++)
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
                failed = Search(bound, capacity, 8, Math.Min(Cost, most));
            }
            Bound = known;
            return Best is not null && failed < 0;
        }

        private void WithShares(PoolBound bound, int failed, long most)
        {
            long known = Bound;
            long[][] capacity = Full(bound);
            foreach (int share in _shares)
            {
                Array.Fill(capacity[failed], _choices.Capacity[failed] - (_choices.Capacity[failed] / share));
                failed = Search(bound, capacity, 8, Math.Min(Cost, most));
                if (failed < 0)
                    break;
            }
            Bound = known;
        }

        private long[][] Full(PoolBound bound) => Array.ConvertAll(_choices.Capacity, bytes => Enumerable.Repeat(bytes, bound.Timeline.Count).ToArray());

        // The pool that what was found cannot be laid down in; -1 if it could be, or nothing was found.
        private int Search(PoolBound bound, long[][] capacity, int share, long below)
        {
            PoolSearch search = new(_choices, bound, capacity, _options);
            int width = _options.Width == int.MaxValue ? int.MaxValue
                : Math.Max((int)Math.Clamp(_options.StatesTogether / Math.Max(search.Decisions, 1), Math.Min(64, _options.Width), _options.Width) / share, 1);
            PoolSearchResult found = search.Run(below, width, _cancellation);
            States += found.States;
            Bound = Math.Min(Math.Max(Bound, found.LowerBoundCost), Cost);
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
                PoolTenant[] tenants = _placement.TenantsOf(pool, _choices.Units, Best!);
                long size = SizeOf(tenants, _offsets[pool]);
                ArenaPlan least = _placement.Least(tenants, _cancellation);
                long[] chosen = least.SizeBytes < size ? least.Offsets : _offsets[pool];
                used[pool] = Math.Min(size, least.SizeBytes);
                offsets[pool] = [];
                for (int i = 0; i < tenants.Length; i++)
                    offsets[pool][(tenants[i].Buffer, tenants[i].Lower)] = chosen[i];
            }
            for (int u = 0; u < _choices.Units.Length; u++)
            {
                PoolChoice choice = Best![u];
                foreach (int part in _choices.Units[u].Parts)
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
            foreach (int[] order in PoolGreedy.Orders(_problem, _blocks))
            {
                _cancellation.ThrowIfCancellationRequested();
                (int[] pool, long[] bases, bool fits) = PoolGreedy.Place(_problem, _blocks, order);
                if (!fits)
                    continue;
                PoolChoice[] choice = Array.ConvertAll(_choices.Units, u => _choices.Stay(u.Parts, pool[_blocks.BlockOf[u.Parts[0]]]));
                long cost = choice.Sum(c => c.Cost);
                if (cost >= Cost)
                    continue;
                (Best, Cost) = (choice, cost);
                _offsets = [.. Enumerable.Range(0, _problem.Pools.Length).Select(p => Array.ConvertAll(
                    _placement.TenantsOf(p, _choices.Units, choice), t => bases[_blocks.BlockOf[t.Buffer]] + _blocks.Distance[t.Buffer]))];
            }
        }

        private bool Offer(int[] indices, out int failed) => Offer([.. indices.Select((c, u) => _choices.Units[u].Choices[c])], out failed);

        // False if a pool cannot be laid down.
        private bool Offer(PoolChoice[] choice, out int failed)
        {
            long[][] offsets = new long[_problem.Pools.Length][];
            for (failed = 0; failed < offsets.Length; failed++)
            {
                if (_placement.Place(failed, _placement.TenantsOf(failed, _choices.Units, choice), _cancellation).Offsets is not { } placed)
                    return false;
                offsets[failed] = placed;
            }
            long cost = choice.Sum(c => c.Cost);
            if (cost < Cost)
                (Best, Cost, _offsets) = (choice, cost, offsets);
            return true;
        }

        private long SizeOf(PoolTenant[] tenants, long[] offsets)
        {
            long size = 0;
            for (int i = 0; i < tenants.Length; i++)
                size = Math.Max(size, offsets[i] + _problem.Buffers[tenants[i].Buffer].Buffer.Bytes);
            return size;
        }
    }
}
