using Serenity.Planning.Scheduling.Search;

namespace Serenity.Planning.Scheduling;

/// <summary>Finds the schedule with the least live peak, and proves it.</summary>
/// <remarks>
/// Bounds from both sides, then a search for what is left between them:
/// <list type="number">
/// <item>The graph is divided where every schedule must pass (<see cref="Separators"/>); the peak is the dearest part's.</item>
/// <item>Each part gets an upper bound by <see cref="GreedyOrder"/> and, if it may matter, a lower one by <see cref="RootBound"/>.</item>
/// <item>Parts whose upper bound is above the best lower bound of all are divided at their least-live set (<see cref="LeastLiveSplit"/>) and searched
/// by bisection on the budget (<see cref="SegmentSolver"/>, <see cref="HillSearch"/>), the dearest first.</item>
/// <item>Of the schedules of that peak, one with a small sum of live bytes over its steps is taken (<see cref="CalmOrder"/>).</item>
/// </list>
/// The result depends on the graph and the options only, unless the wall-clock limit strikes. Memory for states is limited, so that a
/// process stays under 2 GiB whatever the graph; running out of it counts as the limit in states.
/// </remarks>
public static class Scheduler
{
    // For the states of one direction; two are held at a time, and two of a part solved before may not have been collected yet.
    private const long TableBytes = 440L << 20;

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
        SearchProblem whole = SearchProblem.From(graph);
        List<SegmentSolver> segments = Divide(whole, options, cancellation), parts = [.. segments];
        long bound = whole.LiveAtStart, states = 0;
        Search(segments, options, ref bound, cancellation);
        foreach (SegmentSolver segment in segments)
        {
            bound = Math.Max(bound, segment.LowerBound);
            states += segment.States;
        }
        foreach (SegmentSolver part in parts)
            part.Remember();
        int[] order = Join(segments);
        long peak = LiveProfile.Peak(graph, order);
        if (options.Techniques.HasFlag(SearchTechniques.Calm) && !(bound > options.Enough))
        {
            CalmOrder.Improve(whole, order, peak, cancellation);
            peak = LiveProfile.Peak(graph, order);
        }
        if (peak < bound)
            throw new InvalidOperationException($"The schedule's peak of {peak} bytes is below the bound of {bound}; one of the two is wrong.");
        SearchStop stop = peak == bound ? SearchStop.Proven
            : peak <= options.Enough || bound > options.Enough ? SearchStop.Enough : SearchStop.StateLimit;
        return new ScheduleResult(order, peak, bound, states, stop);
    }

    private static List<SegmentSolver> Divide(SearchProblem whole, ScheduleOptions options, CancellationToken cancellation)
    {
        SearchTechniques techniques = options.Techniques;
        int parts = 1;
        int[] partOf = techniques.HasFlag(SearchTechniques.Divide) ? Separators.Divide(whole, out parts) : new int[whole.OpCount];
        List<SegmentSolver> segments = new(parts);
        foreach (SearchProblem problem in ProblemSplitter.Split(whole, partOf, parts))
            segments.Add(new SegmentSolver(problem, techniques, options.Solved, cancellation));
        if (options.First is { } first)
        {
            int[] rank = new int[first.Count];
            for (int i = 0; i < rank.Length; i++)
                rank[first[i]] = i;
            foreach (SegmentSolver segment in segments)
                segment.Offer(rank);
        }
        return segments;
    }

    // Raises the largest lower bound until no segment's peak is above it, or what is asked is decided, or a limit strikes.
    private static void Search(List<SegmentSolver> segments, ScheduleOptions options, ref long bound, CancellationToken cancellation)
    {
        long effort = 0, enough = options.Enough ?? long.MinValue, tooMuch = options.Enough ?? long.MaxValue;
        foreach (SegmentSolver segment in segments)
            bound = Math.Max(bound, segment.LowerBound);
        foreach (SegmentSolver segment in DearestFirst(segments))
        {
            if (segment.Peak <= Math.Max(bound, enough) || bound > tooMuch)
                break;
            segment.Bound(tooMuch, cancellation);
            bound = Math.Max(bound, segment.LowerBound);
        }
        if (bound > tooMuch)
            return;
        if (options.Techniques.HasFlag(SearchTechniques.LeastLiveSplit))
        {
            for (int i = segments.Count - 1; i >= 0; i--)
            {
                if (segments[i].Peak > Math.Max(bound, enough) && segments[i].SplitAtLeastLive(cancellation) is { } halves)
                {
                    segments.RemoveAt(i);
                    segments.InsertRange(i, halves);
                }
            }
        }
        foreach (SegmentSolver segment in DearestFirst(segments))
        {
            if (segment.Peak > Math.Max(bound, enough))
                segment.Solve(Math.Max(bound, enough), options.Enough is not null, options.StateLimit - effort, TableBytes, cancellation);
            effort += segment.Effort;
            bound = Math.Max(bound, segment.LowerBound);
            // One that needs too much, or is left open, decides for all.
            if (segment.Peak > tooMuch)
                return;
        }
    }

    private static SegmentSolver[] DearestFirst(List<SegmentSolver> segments)
    {
        int[] indices = new int[segments.Count];
        for (int i = 0; i < indices.Length; i++)
            indices[i] = i;
        Array.Sort(indices, (a, b) => segments[a].Peak != segments[b].Peak ? segments[b].Peak.CompareTo(segments[a].Peak) : a.CompareTo(b));
        return Array.ConvertAll(indices, i => segments[i]);
    }

    private static int[] Join(List<SegmentSolver> segments)
    {
        List<int> order = [];
        foreach (SegmentSolver segment in segments)
        {
            foreach (int op in segment.Order)
                order.Add(segment.OriginalOf(op));
        }
        return [.. order];
    }
}
