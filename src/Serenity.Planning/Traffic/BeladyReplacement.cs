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
        bool[] dirty = new bool[graph.TensorCount], takesPart = new bool[graph.TensorCount], isOnChip = new bool[graph.TensorCount];
        List<int> onChip = [.. steps.AtStart], others = [];
        foreach (int t in onChip)
            isOnChip[t] = true;
        long read = 0, written = 0;
        int streamed = 0;
        for (int step = 0; step < steps.Count; step++)
        {
            bool streams = steps.OwnBytes[step] > capacity;
            foreach (int t in steps.Needed[step])
                takesPart[t] = true;
            List<int> dropped = [], missing = [];
            // What is gone or was dropped is still in the list until now.
            onChip.RemoveAll(t => !isOnChip[t]);
            others.Clear();
            long room = capacity - steps.OwnBytes[step];
            foreach (int t in onChip)
            {
                if (takesPart[t])
                    continue;
                others.Add(t);
                room -= graph.Bytes(t);
            }
            for (int left = others.Count; left > 0 && (streams || room < 0); left--)
            {
                int first = 0;
                for (int i = 1; i < left && !streams; i++)
                    first = GoesBefore(steps, step, dirty, others[i], others[first]) < 0 ? i : first;
                int goes = others[first];
                others[first] = others[left - 1];
                isOnChip[goes] = false;
                room += graph.Bytes(goes);
                dropped.Add(goes);
            }
            foreach (int t in steps.Needed[step])
            {
                takesPart[t] = false;
                if (streams && isOnChip[t] && dirty[t])
                    dropped.Add(t);
                if (streams || !isOnChip[t])
                    missing.Add(t);
                Put(t, !streams);
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
                    Put(t, true);
                    dirty[t] = true;
                }
            }
            if (dropped.Count > 0 || missing.Count > 0 || streams)
                moves.Add(new TrafficStep(step, [.. dropped.Order()], [.. missing.Order()], streams));
            foreach (int t in steps.Gone[step])
                isOnChip[t] = false;
        }
        return new TrafficPlan(capacity, read, written, 0, streamed, moves);

        void Put(int tensor, bool there)
        {
            if (there && !isOnChip[tensor])
            {
                // One that was dropped in this step may be in the list still.
                onChip.Remove(tensor);
                onChip.Add(tensor);
            }
            isOnChip[tensor] = there;
        }
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
