namespace Serenity.Planning.Placement.Pools;

/// <summary>Checks a plan over several memories against the definition of the problem, pair by pair. Shares no code with the planner.</summary>
public static class PoolValidator
{
    /// <summary>What is wrong with a plan, in words; null if nothing is.</summary>
    /// <param name="problem">What was to be placed.</param>
    /// <param name="plan">The plan.</param>
    public static string? FindFault(PoolProblem problem, PoolPlan plan)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Places.Count != problem.Buffers.Length || plan.UsedBytes.Count != problem.Pools.Length)
            return "The plan is not one of this problem.";
        HashSet<int> linked = [.. problem.Links.Select(l => l.Buffer)], tied = [.. problem.Links.SelectMany(l => (int[])[l.Buffer, l.Anchor])];
        List<Stay> stays = [];
        long cost = 0;
        for (int i = 0; i < problem.Buffers.Length; i++)
        {
            (ArenaBuffer buffer, IReadOnlyList<BufferAccess> accesses, ulong pools, bool moves) = problem.Buffers[i];
            BufferPlace place = plan.Places[i];
            foreach (int pool in place.Move is null ? (int[])[place.Pool] : [place.Pool, place.Move.Pool])
            {
                if (pool < 0 || pool >= problem.Pools.Length || (pools & (1UL << pool)) == 0)
                    return Say($"Buffer {i} lies in pool {pool}, which may not hold it.");
            }
            if (place.Move is { } move)
            {
                if (!moves || tied.Contains(i))
                    return Say($"Buffer {i} moves and must not.");
                if (move.Step <= buffer.Lower || move.Step >= buffer.Upper || move.Pool == place.Pool)
                    return Say($"Buffer {i} moves to pool {move.Pool} before step {move.Step}, which is no move between two steps of its life and two pools.");
                if (!accesses.Any(a => a.Step == move.Step || a.Step + 1 == move.Step))
                    return Say($"Buffer {i} moves before step {move.Step}, which is neither before nor behind a use.");
                // It is in both places between the steps.
                stays.Add(new Stay(i, place.Pool, place.Offset, buffer.Lower, move.Step - 0.5));
                stays.Add(new Stay(i, move.Pool, move.Offset, move.Step - 0.5, buffer.Upper - 1));
                cost += buffer.Bytes * (problem.Pools[place.Pool].AccessCost + problem.Pools[move.Pool].AccessCost);
            }
            else
            {
                stays.Add(new Stay(i, place.Pool, place.Offset, buffer.Lower, buffer.Upper - 1));
            }
            foreach (BufferAccess access in accesses)
            {
                int pool = place.Move is { } moved && access.Step >= moved.Step ? moved.Pool : place.Pool;
                cost += buffer.Bytes * access.Count * problem.Pools[pool].AccessCost;
            }
        }
        if (cost != plan.Cost)
            return Say($"The plan says that it costs {plan.Cost}, and it costs {cost}.");
        if (plan.LowerBoundCost > plan.Cost && plan.Fits)
            return Say($"The lower bound {plan.LowerBoundCost} is above the cost {plan.Cost}.");
        return Lie(problem, plan, stays, linked);
    }

    private static string? Lie(PoolProblem problem, PoolPlan plan, List<Stay> stays, HashSet<int> linked)
    {
        long[] used = new long[problem.Pools.Length];
        bool fits = true;
        foreach (Stay stay in stays)
        {
            if (stay.Offset < 0 || (!linked.Contains(stay.Buffer) && stay.Offset % problem.Alignment != 0))
                return Say($"Buffer {stay.Buffer} lies at {stay.Offset}, before its pool or off the alignment.");
            used[stay.Pool] = Math.Max(used[stay.Pool], stay.Offset + problem.Buffers[stay.Buffer].Buffer.Bytes);
        }
        for (int pool = 0; pool < used.Length; pool++)
        {
            if (used[pool] != plan.UsedBytes[pool])
                return Say($"Pool {pool} is used up to {used[pool]}, and the plan says {plan.UsedBytes[pool]}.");
            fits &= used[pool] <= problem.Pools[pool].Bytes;
        }
        if (fits != plan.Fits)
            return Say($"The plan says that it {(plan.Fits ? "fits" : "does not fit")}, which is not so.");
        foreach (ArenaLink link in problem.Links)
        {
            (BufferPlace buffer, BufferPlace anchor) = (plan.Places[link.Buffer], plan.Places[link.Anchor]);
            if (buffer.Pool != anchor.Pool || buffer.Offset != anchor.Offset + link.Distance)
                return Say($"Buffer {link.Buffer} does not lie {link.Distance} bytes from buffer {link.Anchor}.");
        }
        for (int i = 0; i < stays.Count; i++)
        {
            for (int j = i + 1; j < stays.Count; j++)
            {
                (Stay a, Stay b) = (stays[i], stays[j]);
                long bytesA = problem.Buffers[a.Buffer].Buffer.Bytes, bytesB = problem.Buffers[b.Buffer].Buffer.Bytes;
                bool together = a.First <= b.Last && b.First <= a.Last;
                if (a.Pool == b.Pool && together && bytesA > 0 && bytesB > 0 && a.Offset < b.Offset + bytesB && b.Offset < a.Offset + bytesA)
                    return Say($"Buffers {a.Buffer} and {b.Buffer} are in pool {a.Pool} at one time and share bytes.");
            }
        }
        return null;
    }

    private static string Say(FormattableString text) => FormattableString.Invariant(text);

    /// <summary>A buffer in a place, from a moment to a moment, both included; steps are whole numbers, moves lie between them.</summary>
    private readonly record struct Stay(int Buffer, int Pool, long Offset, double First, double Last);
}
