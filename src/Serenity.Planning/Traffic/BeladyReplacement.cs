namespace Serenity.Planning.Traffic;

/// <summary>
/// Belady's rule for tensors: when room is needed, the tensor goes that is needed last. It is what the paper counts with (SERENITY, MLSys 2020, section 4.3); for
/// blocks of one size that need not be written back it is optimal (Belady 1966), for tensors it need not be: <see cref="TrafficPlanner"/>.
/// </summary>
public static class BeladyReplacement
{
    /// <summary>Counts the traffic of a schedule.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">All operators, in a topological order.</param>
    /// <param name="capacity">Bytes on chip.</param>
    /// <returns>The traffic; its bound is zero, since nothing is proven.</returns>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not a topological order of all operators.</exception>
    public static TrafficPlan Count(MemoryGraph graph, ReadOnlySpan<int> order, long capacity)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        return Count(OnChipSteps.Of(graph, order), capacity);
    }

    internal static TrafficPlan Count(OnChipSteps steps, long capacity)
    {
        MemoryGraph graph = steps.Graph;
        List<TrafficStep> moves = [];
        SortedSet<int> onChip = [.. steps.AtStart];
        bool[] dirty = new bool[graph.TensorCount], takesPart = new bool[graph.TensorCount];
        long read = 0, written = 0;
        int streamed = 0;
        for (int step = 0; step < steps.Count; step++)
        {
            bool streams = steps.OwnBytes[step] > capacity;
            foreach (int t in steps.Needed[step])
                takesPart[t] = true;
            List<int> others = [.. onChip.Where(t => !takesPart[t])], dropped = [], missing = [];
            others.Sort((a, b) => GoesBefore(steps, step, dirty, a, b));
            long room = capacity - steps.OwnBytes[step] - others.Sum(graph.Bytes);
            for (int i = 0; i < others.Count && (streams || room < 0); i++)
            {
                onChip.Remove(others[i]);
                room += graph.Bytes(others[i]);
                dropped.Add(others[i]);
            }
            foreach (int t in steps.Needed[step])
            {
                takesPart[t] = false;
                if (streams && onChip.Remove(t) && dirty[t])
                    dropped.Add(t);
                if (streams || onChip.Add(t))
                    missing.Add(t);
            }
            foreach (int t in dropped)
            {
                written += dirty[t] ? graph.Bytes(t) : 0;
                dirty[t] = false;
            }
            read += missing.Sum(graph.Bytes);
            if (streams)
            {
                streamed++;
                written += steps.Written[step].Sum(graph.Bytes);
            }
            else
            {
                foreach (int t in steps.Written[step])
                {
                    onChip.Add(t);
                    dirty[t] = true;
                }
            }
            if (dropped.Count > 0 || missing.Count > 0 || streams)
                moves.Add(new TrafficStep(step, [.. dropped.Order()], [.. missing.Order()], streams));
            foreach (int t in steps.Gone[step])
                onChip.Remove(t);
        }
        return new TrafficPlan(capacity, read, written, 0, streamed, moves);
    }

    // Needed later goes first; of those needed at once, what need not be written, then the larger, then the first.
    private static int GoesBefore(OnChipSteps steps, int step, bool[] dirty, int a, int b)
    {
        (int nextA, int nextB) = (steps.NextUse(a, step), steps.NextUse(b, step));
        if (nextA != nextB)
            return nextB.CompareTo(nextA);
        if (dirty[a] != dirty[b])
            return dirty[a].CompareTo(dirty[b]);
        return steps.Graph.Bytes(a) != steps.Graph.Bytes(b) ? steps.Graph.Bytes(b).CompareTo(steps.Graph.Bytes(a)) : a.CompareTo(b);
    }
}
