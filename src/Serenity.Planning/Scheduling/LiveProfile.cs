namespace Serenity.Planning.Scheduling;

/// <summary>What a schedule costs, step by step, straight from the definition in <see cref="MemoryGraph"/>.</summary>
public static class LiveProfile
{
    /// <summary>Bytes live during each step of a schedule.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">All operators, in a topological order.</param>
    /// <returns>One figure a step; the largest is the peak. Empty for a graph without operators.</returns>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not a topological order of all operators.</exception>
    public static long[] Compute(MemoryGraph graph, ReadOnlySpan<int> order)
    {
        ArgumentNullException.ThrowIfNull(graph);
        CheckOrder(graph, order);

        // Readers and writers that have not run yet; a tensor at zero is dead unless it is an output.
        int[] pending = new int[graph.TensorCount];
        bool[] allocated = new bool[graph.TensorCount];
        long live = 0;
        for (int t = 0; t < graph.TensorCount; t++)
        {
            pending[t] = graph.Consumers(t).Length + graph.Writers(t).Length;
            if (graph.IsGraphInput(t) && (pending[t] > 0 || graph.IsOutput(t)))
            {
                allocated[t] = true;
                live += graph.Bytes(t);
            }
        }

        long[] profile = new long[order.Length];
        for (int step = 0; step < order.Length; step++)
        {
            int op = order[step];
            long during = live + graph.Scratch(op);
            foreach (int t in graph.Outputs(op))
            {
                if (allocated[t])
                    continue;
                allocated[t] = true;
                during += graph.Bytes(t);
                live += graph.Bytes(t);
                if (TakesOver(graph, op, pending))
                    during -= graph.Bytes(t);
            }
            profile[step] = during;
            live -= Release(graph, graph.Inputs(op), pending) + Release(graph, graph.Outputs(op), pending);
        }
        return profile;
    }

    /// <summary>The largest live sum over the steps of a schedule; for a graph without operators, the bytes of its inputs that are outputs.</summary>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not a topological order of all operators.</exception>
    public static long Peak(MemoryGraph graph, ReadOnlySpan<int> order)
    {
        long peak = 0;
        foreach (long during in Compute(graph, order))
            peak = Math.Max(peak, during);
        if (order.Length == 0)
        {
            for (int t = 0; t < graph.TensorCount; t++)
                peak += graph.IsOutput(t) ? graph.Bytes(t) : 0;
        }
        return peak;
    }

    private static bool TakesOver(MemoryGraph graph, int op, int[] pending)
    {
        foreach (int input in graph.InPlaceInputs(op))
        {
            if (pending[input] == 1 && !graph.IsOutput(input))
                return true;
        }
        return false;
    }

    private static long Release(MemoryGraph graph, ReadOnlySpan<int> tensors, int[] pending)
    {
        long freed = 0;
        foreach (int t in tensors)
        {
            if (--pending[t] == 0 && !graph.IsOutput(t))
                freed += graph.Bytes(t);
        }
        return freed;
    }

    private static void CheckOrder(MemoryGraph graph, ReadOnlySpan<int> order)
    {
        if (order.Length != graph.OperatorCount)
            throw new ArgumentException($"The order has {order.Length} operators, the graph {graph.OperatorCount}.", nameof(order));
        bool[] done = new bool[graph.OperatorCount];
        foreach (int op in order)
        {
            if ((uint)op >= (uint)done.Length || done[op])
                throw new ArgumentException($"Operator {op} is not in the graph, or stands twice in the order.", nameof(order));
            foreach (int before in graph.Predecessors(op))
            {
                if (!done[before])
                    throw new ArgumentException($"Operator {op} stands before its predecessor {before}.", nameof(order));
            }
            done[op] = true;
        }
    }
}
