using Serenity.Planning;

namespace Serenity.Testing.Scheduling;

/// <summary>
/// The least peak of any schedule by going through every down-set, straight from the definition of the memory model: no reduction, no
/// bound, and no code shared with the planner. For graphs of few down-sets.
/// </summary>
public static class BruteForce
{
    /// <summary>The least peak, or null if more than <paramref name="stateLimit"/> down-sets would have to be seen.</summary>
    public static long? LeastPeak(MemoryGraph graph, int stateLimit = int.MaxValue)
    {
        int n = graph.OperatorCount;
        if (n > 62)
            throw new ArgumentException("At most 62 operators.", nameof(graph));
        ulong all = n == 0 ? 0 : ulong.MaxValue >> (64 - n);

        // Down-sets of one size after another, each with the least peak of any way to it.
        Dictionary<ulong, long> level = new() { [0] = n == 0 ? LiveAfter(graph, 0) : 0 };
        int seen = 0;
        for (int size = 0; size < n; size++)
        {
            Dictionary<ulong, long> next = [];
            foreach ((ulong done, long peak) in level)
            {
                if (++seen > stateLimit)
                    return null;
                for (int op = 0; op < n; op++)
                {
                    if ((done >> op & 1) != 0 || !IsReady(graph, op, done))
                        continue;
                    ulong after = done | 1UL << op;
                    long cost = Math.Max(peak, During(graph, op, done));
                    if (!next.TryGetValue(after, out long known) || cost < known)
                        next[after] = cost;
                }
            }
            level = next;
        }
        return level[all];
    }

    private static bool IsReady(MemoryGraph graph, int op, ulong done)
    {
        foreach (int before in graph.Predecessors(op))
        {
            if ((done >> before & 1) == 0)
                return false;
        }
        return true;
    }

    private static long LiveAfter(MemoryGraph graph, ulong done)
    {
        long live = 0;
        for (int t = 0; t < graph.TensorCount; t++)
            live += IsLive(graph, t, done) ? graph.Bytes(t) : 0;
        return live;
    }

    private static long During(MemoryGraph graph, int op, ulong done)
    {
        long live = graph.Scratch(op);
        bool allocates = false, takesOver = false;
        for (int t = 0; t < graph.TensorCount; t++)
        {
            bool own = graph.Inputs(op).Contains(t) || graph.Outputs(op).Contains(t);
            if (IsLive(graph, t, done) || own)
                live += graph.Bytes(t);
        }
        foreach (int t in graph.Outputs(op))
            allocates |= !IsLive(graph, t, done);
        foreach (int t in graph.InPlaceInputs(op))
            takesOver |= !IsLive(graph, t, done | 1UL << op);
        return allocates && takesOver ? live - graph.Bytes(graph.Outputs(op)[0]) : live;
    }

    // A tensor is live from its first writer (or the start) to its last user; an output to the end.
    private static bool IsLive(MemoryGraph graph, int tensor, ulong done)
    {
        int writers = graph.Writers(tensor).Length, users = graph.Consumers(tensor).Length + writers, ran = 0, wrote = 0;
        foreach (int op in graph.Writers(tensor))
            wrote += (int)(done >> op & 1);
        foreach (int op in graph.Consumers(tensor))
            ran += (int)(done >> op & 1);
        if (writers > 0 && wrote == 0)
            return false;
        return graph.IsOutput(tensor) || ran + wrote < users;
    }
}
