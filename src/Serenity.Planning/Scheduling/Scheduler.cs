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
        options ??= ScheduleOptions.Default;
        SearchTechniques techniques = options.Techniques;
        SearchProblem whole = SearchProblem.From(graph);
        int parts = 1;
        int[] partOf = techniques.HasFlag(SearchTechniques.Divide) ? Separators.Divide(whole, out parts) : new int[whole.OpCount];
        SearchProblem[] problems = ProblemSplitter.Split(whole, partOf, parts);
        SegmentSolver[] segments = new SegmentSolver[parts];
        long bound = 0;
        for (int i = 0; i < parts; i++)
        {
            segments[i] = new SegmentSolver(problems[i], techniques, cancellation);
            bound = Math.Max(bound, segments[i].LowerBound);
        }
        SegmentSolver[] dearest = [.. segments];
        Array.Sort(dearest, (a, b) => b.Peak.CompareTo(a.Peak));
        foreach (SegmentSolver segment in dearest)
        {
            if (segment.Peak <= bound)
                break;
            if (techniques.HasFlag(SearchTechniques.CutBound))
                segment.Bound(long.MaxValue, cancellation);
            bound = Math.Max(bound, segment.LowerBound);
        }
        long states = 0;
        bool proven = true;
        foreach (SegmentSolver segment in dearest)
        {
            if (segment.Peak > bound)
            {
                proven &= segment.Solve(bound, options.StateLimit - states, 700L << 20, cancellation);
                states += segment.States;
            }
            bound = Math.Max(bound, segment.LowerBound);
        }
        int[] best = new int[graph.OperatorCount];
        int at = 0;
        foreach (SegmentSolver segment in segments)
        {
            foreach (int op in segment.Order)
                best[at++] = segment.Problem.Original[op];
        }
        long peak = LiveProfile.Peak(graph, best);
        if (peak < bound)
            throw new InvalidOperationException($"The schedule's peak of {peak} bytes is below the bound of {bound}; one of the two is wrong.");
        return new ScheduleResult(best, peak, bound, states, proven ? SearchStop.Proven : SearchStop.StateLimit);
    }
}
