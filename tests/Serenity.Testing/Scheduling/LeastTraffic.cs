using Serenity.Planning;

namespace Serenity.Testing.Scheduling;

/// <summary>
/// The least traffic of a schedule, or of any, by Dijkstra over everything that could be done: before each step any tensors may be written, dropped or read. For graphs of a few tensors;
/// shares nothing with the search.
/// </summary>
public static class LeastTraffic
{
    /// <summary>Bytes read and written by one schedule.</summary>
    /// <param name="graph">A graph of at most 20 tensors.</param>
    /// <param name="order">A topological order.</param>
    /// <param name="capacity">Bytes on chip.</param>
    public static long Of(MemoryGraph graph, int[] order, long capacity) => Least(graph, order, capacity, long.MaxValue);

    /// <summary>Bytes read and written by the best of all schedules.</summary>
    /// <param name="graph">A graph of at most 20 tensors.</param>
    /// <param name="capacity">Bytes on chip.</param>
    /// <param name="mostPeak">Bytes that may be live at a time; one schedule at least has no more.</param>
    public static long OfAnyOrder(MemoryGraph graph, long capacity, long mostPeak) => Least(graph, null, capacity, mostPeak);

    // By sets of operators that have run: what lies where, and the least bytes for that.
    private static long Least(MemoryGraph graph, int[]? order, long capacity, long mostPeak)
    {
        int tensors = graph.TensorCount, operators = graph.OperatorCount, start = 0;
        // Chip and outside as bit sets: what is in neither does not exist, or not any more.
        for (int t = 0; t < tensors; t++)
        {
            if (graph.IsGraphInput(t) && (graph.Consumers(t).Length > 0 || graph.IsOutput(t)))
                start |= 1 << t;
        }
        SortedDictionary<int, Dictionary<(int Chip, int Outside), long>> reached = new() { [0] = new() { [(start, start)] = 0 } };
        int all = (1 << operators) - 1;
        // A set is a larger number than any of its parts.
        for (int done = 0; done < all; done = reached.Keys.First(set => set > done))
        {
            if (!reached.TryGetValue(done, out Dictionary<(int Chip, int Outside), long>? costs))
                continue;
            Dictionary<(int Chip, int Outside), long> open = Reached(costs);
            for (int op = 0; op < operators; op++)
            {
                bool isNext = order is null ? (done >> op & 1) == 0 && (Mask(graph.Predecessors(op)) & ~done) == 0 : order[int.PopCount(done)] == op;
                if (isNext)
                    Step(done, op, open);
            }
        }
        return reached[all].Values.Min();

        void Step(int done, int op, Dictionary<(int Chip, int Outside), long> costs)
        {
            int inputs = Mask(graph.Inputs(op)), outputs = Mask(graph.Outputs(op)), own = inputs | outputs, begun = 0, dead = 0, live = 0;
            for (int t = 0; t < tensors; t++)
            {
                int writers = Mask(graph.Writers(t)), users = writers | Mask(graph.Consumers(t));
                bool exists = writers == 0 ? (start >> t & 1) != 0 : (writers & done) != 0;
                begun |= !exists && (outputs >> t & 1) != 0 ? 1 << t : 0;
                live |= exists && ((users & ~done) != 0 || graph.IsOutput(t)) ? 1 << t : 0;
                dead |= (own >> t & 1) != 0 && (users & ~done & ~(1 << op)) == 0 && !graph.IsOutput(t) ? 1 << t : 0;
            }
            bool takesOver = false;
            foreach (int t in graph.InPlaceInputs(op))
                takesOver |= (dead >> t & 1) != 0;
            takesOver &= (begun & outputs) == outputs;
            long ownBytes = Bytes(own) + graph.Scratch(op) - (takesOver ? Bytes(outputs) : 0);
            if (Bytes(live | begun) + graph.Scratch(op) - (takesOver ? Bytes(outputs) : 0) > mostPeak)
                return;
            if (!reached.TryGetValue(done | 1 << op, out Dictionary<(int Chip, int Outside), long>? next))
                reached[done | 1 << op] = next = [];
            foreach (((int chip, int outside), long cost) in costs)
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
        }

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
