using Serenity.Planning;

namespace Serenity.Testing.Scheduling;

/// <summary>
/// The least traffic of a schedule by Dijkstra over everything that could be done: before each step any tensors may be written, dropped or read. For graphs of a few tensors; shares
/// nothing with the search.
/// </summary>
public static class LeastTraffic
{
    /// <summary>Bytes read and written.</summary>
    /// <param name="graph">A graph of at most 20 tensors.</param>
    /// <param name="order">A topological order.</param>
    /// <param name="capacity">Bytes on chip.</param>
    public static long Of(MemoryGraph graph, int[] order, long capacity)
    {
        int tensors = graph.TensorCount;
        int[] first = new int[tensors], last = new int[tensors];
        Array.Fill(first, int.MaxValue);
        Array.Fill(last, -1);
        for (int step = 0; step < order.Length; step++)
        {
            foreach (int t in (int[])[.. graph.Inputs(order[step]), .. graph.Outputs(order[step])])
            {
                first[t] = graph.IsGraphInput(t) ? -1 : Math.Min(first[t], step);
                last[t] = step;
            }
        }
        // Chip and outside as bit sets: what is in neither does not exist, or not any more.
        int start = 0;
        for (int t = 0; t < tensors; t++)
        {
            if (graph.IsGraphInput(t) && (last[t] >= 0 || graph.IsOutput(t)))
                start |= 1 << t;
        }
        Dictionary<(int Chip, int Outside), long> costs = new() { [(start, start)] = 0 };
        for (int step = 0; step < order.Length; step++)
        {
            int inputs = Mask(graph.Inputs(order[step])), outputs = Mask(graph.Outputs(order[step])), own = inputs | outputs, begun = 0;
            for (int t = 0; t < tensors; t++)
                begun |= first[t] == step ? 1 << t : 0;
            long ownBytes = Bytes(own) + graph.Scratch(order[step]);
            bool takesOver = false;
            foreach (int t in graph.InPlaceInputs(order[step]))
                takesOver |= last[t] == step && !graph.IsOutput(t);
            if (takesOver && (begun & outputs) == outputs)
                ownBytes -= Bytes(outputs);
            int dead = 0;
            for (int t = 0; t < tensors; t++)
                dead |= last[t] == step && !graph.IsOutput(t) ? 1 << t : 0;
            Dictionary<(int, int), long> next = [];
            foreach (((int chip, int outside), long cost) in Reached(costs))
            {
                int needed = own & ~begun;
                if (ownBytes > capacity)
                {
                    if ((chip & ~Weightless()) == 0 && (needed & ~outside & ~Weightless()) == 0)
                        Offer(next, ((chip & Weightless()) & ~dead, (outside | outputs) & ~dead), cost + Bytes(needed) + Bytes(outputs));
                }
                else if ((needed & ~chip) == 0 && ownBytes + Bytes(chip & ~own) <= capacity)
                {
                    Offer(next, ((chip | outputs) & ~dead, outside & ~outputs & ~dead), cost);
                }
            }
            costs = next;
        }
        return costs.Values.Min();

        int Mask(ReadOnlySpan<int> of)
        {
            int mask = 0;
            foreach (int t in of)
                mask |= 1 << t;
            return mask;
        }

        int Weightless()
        {
            int mask = 0;
            for (int t = 0; t < tensors; t++)
                mask |= graph.Bytes(t) == 0 ? 1 << t : 0;
            return mask;
        }

        long Bytes(int mask)
        {
            long bytes = 0;
            for (int t = 0; t < tensors; t++)
                bytes += (mask >> t & 1) * graph.Bytes(t);
            return bytes;
        }

        Dictionary<(int Chip, int Outside), long> Reached(Dictionary<(int Chip, int Outside), long> from)
        {
            Dictionary<(int, int), long> done = [];
            PriorityQueue<(int Chip, int Outside), long> open = new(from.Select(f => (f.Key, f.Value)));
            while (open.TryDequeue(out (int Chip, int Outside) state, out long cost))
            {
                if (!done.TryAdd(state, cost))
                    continue;
                for (int t = 0; t < tensors; t++)
                {
                    int bit = 1 << t;
                    bool chip = (state.Chip & bit) != 0, outside = (state.Outside & bit) != 0;
                    if (chip && !outside)
                        open.Enqueue((state.Chip, state.Outside | bit), cost + graph.Bytes(t));
                    if (chip && outside)
                        open.Enqueue((state.Chip & ~bit, state.Outside), cost);
                    if (!chip && outside)
                        open.Enqueue((state.Chip | bit, state.Outside), cost + graph.Bytes(t));
                }
            }
            return done;
        }
    }

    private static void Offer(Dictionary<(int, int), long> next, (int, int) state, long cost)
    {
        if (!next.TryGetValue(state, out long known) || known > cost)
            next[state] = cost;
    }
}
