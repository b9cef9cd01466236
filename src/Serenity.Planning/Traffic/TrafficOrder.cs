using Serenity.Planning.Scheduling;

namespace Serenity.Planning.Traffic;

/// <summary>An order with little traffic.</summary>
/// <param name="Order">All operators, in execution order.</param>
/// <param name="Plan">Its traffic.</param>
/// <param name="LowerBoundBytes">Bytes that no order of the graph goes under whose peak is within the limit.</param>
public sealed record TrafficOrderResult(int[] Order, TrafficPlan Plan, long LowerBoundBytes)
{
    /// <summary>True if no order within the limit moves fewer bytes.</summary>
    public bool IsOptimal => Plan.Bytes == LowerBoundBytes;
}

/// <summary>
/// Among the schedules of a graph that need no more than one of least peak, or no more than is allowed, the one with the least traffic, or one with little and a bound: order and residency are
/// searched together (<see cref="OrderSearch"/>), narrowly first, then exactly or as wide as is allowed; in between operators, alone and with up to three that follow, are moved to wherever
/// they may stand, as long as that helps.
/// </summary>
public static class TrafficOrder
{
    private const int LongestRun = 4, SearchWidth = 32;

    /// <summary>Widths of the passes that come before the widest.</summary>
    private static readonly int[] _narrow = [16, 256];

    /// <summary>Finds an order.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="least">A schedule of least peak, where the search begins.</param>
    /// <param name="capacity">Bytes on chip.</param>
    /// <param name="mostPeak">The peak that the order may have; null for that of <paramref name="least"/>.</param>
    /// <param name="others">Other orders to begin with; those whose peak is larger than it may be are left out.</param>
    /// <param name="options">How far to search; null for the defaults.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>The best order found; never one that moves more than <paramref name="least"/> or than one of <paramref name="others"/> that was not left out.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrafficOrderResult Find(
        MemoryGraph graph, ScheduleResult least, long capacity, long? mostPeak = null, IReadOnlyList<int[]>? others = null, TrafficOrderOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(least);
        options ??= TrafficOrderOptions.Default;
        long bound = LowerBound(graph, least.LowerBoundBytes, capacity), peak = Math.Max(mostPeak ?? 0, least.PeakBytes), steps = 0;
        int[] best = least.Order;
        long bytes = Estimate(graph, best, capacity);
        List<int[]> starts = [best];
        foreach (int[] other in others ?? [])
        {
            if (LiveProfile.Peak(graph, other) > peak)
                continue;
            starts.Add(other);
            Take(other, Estimate(graph, other, capacity));
        }
        int[] start = best;
        if (bytes > bound)
        {
            OrderSearch search = new(graph, least.Order, capacity, peak, options);
            int[] widths = [.. _narrow.Where(w => w < options.Width), options.Width];
            bound = Math.Max(bound, search.BoundParts(widths, cancellation));
            for (int i = 0; i < widths.Length && bytes > bound && !search.IsSpent; i++)
            {
                OrderPass pass = search.Run(bytes, widths[i], cancellation);
                if (pass.Order is { } found)
                {
                    starts.Add(found);
                    Take(found, pass.Bytes);
                }
                bound = Math.Max(bound, Math.Min(pass.LowerBoundBytes, bytes));
                for (int s = 0; i == 0 && s < starts.Count && bytes > bound; s++)
                {
                    (int[] improved, long moved) = Improved(graph, starts[s], capacity, peak, bound, options.LocalSteps, ref steps, cancellation);
                    Take(improved, moved);
                }
            }
        }
        TrafficPlan plan = Planned(best);
        // With more tensors alive than a plan goes into, what the search counted need not come out.
        if (plan.Bytes > bytes && Planned(start) is var before && before.Bytes < plan.Bytes)
            (best, plan) = (start, before);
        return new([.. best], plan, Math.Min(bound, plan.Bytes));

        void Take(int[] order, long moved)
        {
            if (moved < bytes)
                (best, bytes) = (order, moved);
        }

        TrafficPlan Planned(int[] order) =>
            TrafficPlanner.Plan(graph, order, capacity, new TrafficOptions { Width = Math.Min(TrafficOptions.Default.Width, options.Width) }, cancellation);
    }

    // Runs of operators are moved while that helps.
    private static (int[] Order, long Bytes) Improved(MemoryGraph graph, int[] start, long capacity, long peak, long bound, long mostSteps, ref long steps, CancellationToken cancellation)
    {
        int[] best = [.. start];
        long traffic = Estimate(graph, best, capacity);
        bool improved = traffic > bound;
        while (improved)
        {
            improved = false;
            for (int length = 1; length <= LongestRun; length++)
            {
                for (int from = 0; from + length <= best.Length; from++)
                {
                    foreach (int to in Places(graph, best, from, length))
                    {
                        cancellation.ThrowIfCancellationRequested();
                        if ((steps += best.Length) > mostSteps)
                            return (best, traffic);
                        int[] other = Moved(best, from, length, to);
                        long moved = LiveProfile.Peak(graph, other) > peak ? long.MaxValue : Estimate(graph, other, capacity);
                        if (moved >= traffic)
                            continue;
                        (best, traffic, improved) = (other, moved, true);
                        break;
                    }
                }
            }
        }
        return (best, traffic);
    }

    /// <summary>Bytes that every order of a graph moves.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="leastPeak">Bytes that are live at some step of every order.</param>
    /// <param name="capacity">Bytes on chip.</param>
    /// <remarks>
    /// At the step of the peak what is live and not on chip is at least the difference. Each such tensor is needed again or is an output: one that an operator made was written, and read
    /// again if somebody reads it; a graph input is read. And a step larger than the chip moves all that takes part in it.
    /// </remarks>
    public static long LowerBound(MemoryGraph graph, long leastPeak, long capacity)
    {
        ArgumentNullException.ThrowIfNull(graph);
        long once = 0, never = 0, scratch = 0, streamed = 0;
        for (int t = 0; t < graph.TensorCount; t++)
        {
            if (graph.IsGraphInput(t) && graph.IsOutput(t))
                never += graph.Bytes(t);
            else if (graph.IsGraphInput(t) || graph.IsOutput(t) || graph.Consumers(t).Length == 0)
                once += graph.Bytes(t);
        }
        for (int op = 0; op < graph.OperatorCount; op++)
        {
            scratch = Math.Max(scratch, graph.Scratch(op));
            long own = graph.Scratch(op), moved = 0;
            foreach (int t in graph.Inputs(op))
                (own, moved) = (own + graph.Bytes(t), moved + graph.Bytes(t));
            foreach (int t in graph.Outputs(op))
                (own, moved) = (own + (graph.InPlaceInputs(op).IsEmpty ? graph.Bytes(t) : 0), moved + graph.Bytes(t));
            streamed += own > capacity ? moved : 0;
        }
        long outside = Math.Max(0, leastPeak - Math.Max(capacity, scratch) - never);
        return Math.Max(streamed, outside + Math.Max(0, outside - once));
    }

    private static long Estimate(MemoryGraph graph, int[] order, long capacity) =>
        TrafficPlanner.Plan(graph, order, capacity, new TrafficOptions { Width = SearchWidth }).Bytes;

    // Where the run may begin instead: between the last predecessor before it and the first successor after it.
    private static IEnumerable<int> Places(MemoryGraph graph, int[] order, int from, int length)
    {
        HashSet<int> before = [], after = [];
        for (int i = from; i < from + length; i++)
        {
            foreach (int op in graph.Predecessors(order[i]))
                before.Add(op);
            foreach (int op in graph.Successors(order[i]))
                after.Add(op);
        }
        int first = from, last = from + length;
        while (first > 0 && !before.Contains(order[first - 1]))
            first--;
        while (last < order.Length && !after.Contains(order[last]))
            last++;
        return Enumerable.Range(first, last - length - first + 1).Where(to => to != from);
    }

    private static int[] Moved(int[] order, int from, int length, int to)
    {
        List<int> moved = [.. order];
        List<int> run = moved.GetRange(from, length);
        moved.RemoveRange(from, length);
        moved.InsertRange(to, run);
        return [.. moved];
    }
}
