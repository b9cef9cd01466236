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

    /// <summary>With no more than these, all are searched together where that may prove more.</summary>
    private const int FewBuffers = 100;

    /// <summary>Shares of all work, in hundredths: for the plan, for one that fits at whatever cost, and for one that does not.</summary>
    private const int FirstShare = 84, ProbeShare = 4, LargerShare = 12;

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
        long states = 0, work = 0, bound = 0;
        // What is live together may be more than there is: then nothing is to be sought but how much is missing.
        if (!PoolSizes.IsOverfull(problem))
        {
            PoolAttempt attempt = Solve(problem, options, options.Work / 100 * FirstShare, ref work, cancellation);
            if (attempt.Best is not null)
                return attempt.Plan(problem) with { Work = work };
            (bound, states) = (attempt.Bound, attempt.States);
            // What fits at all is easier to find where all pools cost the same.
            PoolAttempt any = Solve(Free(problem), Narrow(options), ProbeWork(options), ref work, cancellation);
            if (any.Best is not null)
            {
                PoolPlan plan = any.Plan(problem);
                return plan with { Cost = CostOf(problem, plan.Places), LowerBoundCost = bound, States = states + plan.States, Work = work };
            }
            states += any.States;
        }

        // Nothing fits: the pools that are the last resort of a buffer grow.
        ArenaPool[] pools = [.. problem.Pools];
        foreach (PooledBuffer buffer in problem.Buffers)
        {
            int last = Enumerable.Range(0, pools.Length).Where(p => (buffer.Pools >> p & 1) != 0).OrderBy(p => problem.Pools[p].AccessCost).ThenBy(p => problem.Pools[p].Bytes).Last();
            pools[last] = pools[last] with { Bytes = Boundless };
        }
        PoolAttempt larger = Solve(problem with { Pools = pools }, options, options.Work / 100 * LargerShare, ref work, cancellation);
        return larger.Plan(problem) with { LowerBoundCost = Math.Max(bound, larger.Bound), Fits = false, States = states + larger.States, Work = work };
    }

    /// <summary>What a plan that fits uses of a pool, if <see cref="Place"/> finds one; it may find one where this does not.</summary>
    internal static long? Used(PoolProblem problem, int pool, PoolOptions options, ref long work, CancellationToken cancellation)
    {
        if (PoolSizes.IsOverfull(problem))
            return null;
        PoolProblem free = Free(problem);
        PoolAttempt any = Solve(free, Narrow(options), ProbeWork(options), ref work, cancellation);
        return any.Best is null ? null : any.Plan(free).UsedBytes[pool];
    }

    // The small blocks at the end; all at once where that finds nothing, or all are few and that leaves something open.
    private static PoolAttempt Solve(PoolProblem problem, PoolOptions options, long limit, ref long work, CancellationToken cancellation)
    {
        PoolMeter meter = new(problem.Buffers.Length > FewBuffers ? limit : limit / 5 * 4);
        PoolAttempt attempt = new(problem, options, meter, cancellation);
        attempt.Run();
        work += meter.Done;
        if (!attempt.HasSmall || (attempt.Best is not null && (attempt.Bound == attempt.Cost || problem.Buffers.Length > FewBuffers)))
            return attempt;
        meter = new(limit / 5);
        PoolAttempt whole = new(problem, options with { Techniques = options.Techniques & ~PoolTechniques.SmallLast }, meter, cancellation);
        whole.Take(attempt);
        whole.Run();
        work += meter.Done;
        return whole;
    }

    private static long ProbeWork(PoolOptions options) => options.Work / 100 * ProbeShare;

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
}
