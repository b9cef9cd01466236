using Serenity.Planning.Scheduling;

namespace Serenity.Planning.Placement;

/// <summary>
/// Other schedules of no higher peak, for when the buffers of one cannot be placed within its peak. Each is made from the one before it by moving single
/// operators about. The writers of an accumulation group keep their order among each other. Deterministic.
/// </summary>
public static class EqualPeakSchedules
{
    private const int MostMoves = 256;

    /// <summary>Up to <paramref name="count"/> schedules, none equal to the first; fewer where moving about leads nowhere.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">A schedule.</param>
    /// <param name="count">How many to give at most.</param>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not a topological order of all operators.</exception>
    public static IEnumerable<int[]> Of(MemoryGraph graph, IReadOnlyList<int> order, int count)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(order);
        int[] start = [.. order];
        return Vary(graph, start, LiveProfile.Peak(graph, start), count);
    }

    private static IEnumerable<int[]> Vary(MemoryGraph graph, int[] start, long peak, int count)
    {
        ulong state = 0x5851F42D4C957F2D;
        int[] current = start;
        int moves = Math.Min(MostMoves, 4 * start.Length);
        for (int made = 0; made < count; made++)
        {
            bool changed = false;
            for (int move = 0; move < moves; move++)
            {
                int from = Draw(current.Length);
                (int first, int last) = Window(graph, current, from);
                int to = first + Draw(last - first + 1);
                if (to == from)
                    continue;
                int[] next = Moved(current, from, to);
                if (LiveProfile.Peak(graph, next) > peak)
                    continue;
                current = next;
                changed = true;
            }
            if (!changed)
                yield break;
            if (!current.AsSpan().SequenceEqual(start))
                yield return [.. current];
        }

        int Draw(int below)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            return below <= 1 ? 0 : (int)((state >> 33) % (ulong)below);
        }
    }

    /// <summary>The places that an operator can be moved to: behind all it needs, before all that need it.</summary>
    private static (int First, int Last) Window(MemoryGraph graph, int[] order, int at)
    {
        int first = at, last = at;
        while (first > 0 && !MustPrecede(graph, order[first - 1], order[at]))
            first--;
        while (last + 1 < order.Length && !MustPrecede(graph, order[at], order[last + 1]))
            last++;
        return (first, last);
    }

    private static bool MustPrecede(MemoryGraph graph, int before, int after)
    {
        if (graph.Predecessors(after).BinarySearch(before) >= 0)
            return true;
        foreach (int tensor in graph.Outputs(before))
        {
            if (graph.IsAccumulationGroup(tensor) && graph.Writers(tensor).BinarySearch(after) >= 0)
                return true;
        }
        return false;
    }

    private static int[] Moved(int[] order, int from, int to)
    {
        int[] moved = [.. order];
        int op = moved[from];
        if (from < to)
            Array.Copy(moved, from + 1, moved, from, to - from);
        else
            Array.Copy(moved, to, moved, to + 1, from - to);
        moved[to] = op;
        return moved;
    }
}
