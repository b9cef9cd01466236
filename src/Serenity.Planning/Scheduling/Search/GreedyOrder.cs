namespace Serenity.Planning.Scheduling.Search;

/// <summary>
/// Orders found without search: upper bounds. At each step the best ready operator by one of a few rules; operators that fit under
/// the peak so far and do not raise live always go first.
/// </summary>
internal static class GreedyOrder
{
    // Ready operators looked at in one step; keeps very wide graphs from quadratic time.
    private const int Window = 1024;

    /// <summary>What the rules prefer, the most important first.</summary>
    public enum Rule
    {
        /// <summary>The lowest index: the order of the file, if that is topological.</summary>
        Index,

        /// <summary>The least rise of live, then the least live while it runs.</summary>
        LeastRise,

        /// <summary>The least live while it runs, then the least rise.</summary>
        LeastDuring,

        /// <summary>The operator that became ready last: depth first.</summary>
        DepthFirst,
    }

    /// <summary>The order by a rule, and its peak.</summary>
    public static (int[] Order, long Peak) Find(SearchProblem problem, Rule rule, CancellationToken cancellation)
    {
        SearchState state = new(problem);
        int n = problem.OpCount;
        int[] order = new int[n], readySince = new int[n];
        PriorityQueue<int, int>? byIndex = rule == Rule.Index ? new() : null;
        for (int i = 0; byIndex is not null && i < state.ReadyCount; i++)
            byIndex.Enqueue(state.Ready(i), state.Ready(i));
        long peak = problem.LiveAtStart;
        for (int step = 0; step < n; step++)
        {
            if ((step & 255) == 0)
                cancellation.ThrowIfCancellationRequested();
            int best = byIndex?.Dequeue() ?? Best(state, rule, readySince, peak);
            state.Evaluate(best, out long during, out _);
            peak = Math.Max(peak, during);
            state.Run(best);
            order[step] = best;
            foreach (int after in problem.Successors[best])
            {
                if (state.PendingPredecessors(after) != 0)
                    continue;
                readySince[after] = step + 1;
                byIndex?.Enqueue(after, after);
            }
        }
        return (order, peak);
    }

    private static int Best(SearchState state, Rule rule, int[] readySince, long peak)
    {
        int best = -1;
        long bestFirst = 0, bestSecond = 0;
        for (int i = 0, looked = Math.Min(state.ReadyCount, Window); i < looked; i++)
        {
            int op = state.Ready(i);
            state.Evaluate(op, out long during, out long change);
            bool free = change <= 0 && during <= peak;
            (long first, long second) = rule switch
            {
                Rule.LeastRise => (change, during),
                Rule.LeastDuring => (during, change),
                _ => (-readySince[op], change),
            };
            if (free)
                (first, second) = (long.MinValue, change);
            if (best >= 0 && (first, second, op).CompareTo((bestFirst, bestSecond, best)) >= 0)
                continue;
            (best, bestFirst, bestSecond) = (op, first, second);
        }
        return best;
    }
}
