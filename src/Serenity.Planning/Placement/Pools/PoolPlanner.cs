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
            long most = _choices.Units.Sum(u => u.Choices.Max(c => c.Cost));
            PoolPrices prices = PoolPrices.Seek(_choices, Math.Min(Cost, most), _options.Techniques.HasFlag(PoolTechniques.Prices));
            Bound = Math.Min(prices.CostBound, Cost);
            if (Bound == Cost)
                return;
            PoolSearchResult found = new PoolSearch(_choices, prices, _choices.Capacity, _options).Run(Cost, _cancellation);
            States += found.States;
            Bound = Math.Max(Bound, found.LowerBoundCost);
            if (found.Choice is null || Offer(found.Choice, out int failed))
                return;
            long[] capacity = [.. _choices.Capacity];
            PoolOptions narrow = _options with { Width = Math.Max(_options.Width / 8, 1) };
            foreach (int share in _shares)
            {
                capacity[failed] = _choices.Capacity[failed] - (_choices.Capacity[failed] / share);
                PoolSearchResult tighter = new PoolSearch(_choices, prices, capacity, narrow).Run(Cost, _cancellation);
                States += tighter.States;
                if (tighter.Choice is null || Offer(tighter.Choice, out failed))
                    break;
            }
            // Where states were left out, there is no proof to be had by going on, and with a plan no need.
            if (Best is not null && found.LowerBoundCost < found.Cost)
                return;
            PoolBranching branching = new(_choices, prices, _placement, _options, _cancellation);
            branching.Run(Cost);
            States += branching.States;
            if (branching.Best is { } better)
                Offer(better, out _);
            if (branching.IsComplete)
                Bound = Cost;
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
