namespace Serenity.Planning.Placement;

/// <summary>Assigns offsets in one arena, at the proven lower bound where it can.</summary>
public static class ArenaPlanner
{
    /// <summary>Places all buffers.</summary>
    /// <exception cref="ArgumentException">A buffer, a link or the alignment is not valid, or links contradict each other.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ArenaPlan Place(ArenaProblem problem, ArenaOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        cancellation.ThrowIfCancellationRequested();
        options ??= ArenaOptions.Default;
        RigidBlocks blocks = new(problem);
        long bound = LiveBound.Compute(blocks);
        long enough = Math.Max(bound, options.Capacity ?? 0);

        GreedyPlacer greedy = new(blocks);
        long best = long.MaxValue;
        long[] offsets = [];
        foreach (int[] order in GreedyPlacer.Orders(blocks))
        {
            cancellation.ThrowIfCancellationRequested();
            long size = greedy.Place(order);
            if (size < best)
            {
                best = size;
                offsets = greedy.Offsets.ToArray();
            }
            if (best <= enough)
                break;
        }
        return new ArenaPlan(offsets, best, bound, 0);
    }
}
