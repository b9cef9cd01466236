using Serenity.Onnx.Executors.OnnxRuntime.Graph;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>
/// The fewest anchors that make ONNX Runtime execute a given order under a given file layout.
/// </summary>
/// <remarks>
/// With all leaves (anchors are leaves too) at the end of the file in reverse target order, execution falls into segments, one a leaf:
/// each executes what its leaf still needs. A segment [i, j] of the target holds if the walk from the node at j, with everything before
/// i executed, yields exactly i .. j. Executing more beforehand only removes nodes from that walk, so with [i, j] every [i', j], i' &gt; i,
/// holds as well: one number per j, the least start, says everything. It follows from the least starts of the node's predecessors,
/// taken in the order in which the walk visits them. Covering the target with the cheapest segments is then a shortest path.
/// No simulation is needed, and the whole is linear but for a logarithm.
/// </remarks>
internal static class AnchorPlan
{
    /// <summary>Cost of ending a segment at a node that cannot be anchored.</summary>
    public const int Impossible = 1 << 24;

    /// <summary>Finds the cheapest set of anchors.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="target">All nodes in the order wanted, topological.</param>
    /// <param name="layout">Where the nodes stand in the file.</param>
    /// <param name="cost">The cost of an anchor behind each node: 0 for a leaf, <see cref="Impossible"/> where none can be.</param>
    /// <returns>Total cost, and the nodes to anchor, in target order. A total of at least <see cref="Impossible"/>: it cannot be done.</returns>
    public static (long Cost, List<int> Anchored) Find(OrtGraph graph, ReadOnlySpan<int> target, FileLayout layout, ReadOnlySpan<int> cost)
    {
        int n = target.Length;
        int[] starts = LeastStarts(graph, target, layout.RankOf);

        // best[j + 1]: cheapest cover of positions 0 .. j. The stack holds the candidates for "previous end", costs strictly increasing.
        long[] best = new long[n + 1];
        int[] previous = new int[n + 1];
        int[] stack = new int[n + 1];
        int top = 0;
        stack[top++] = 0;
        for (int j = 0; j < n; j++)
        {
            int low = 0, high = top - 1;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (stack[middle] >= starts[j])
                    high = middle;
                else
                    low = middle + 1;
            }
            previous[j + 1] = stack[low];
            best[j + 1] = best[stack[low]] + cost[target[j]];
            while (top > 0 && best[stack[top - 1]] >= best[j + 1])
                top--;
            stack[top++] = j + 1;
        }

        List<int> anchored = [];
        for (int end = n; end > 0; end = previous[end])
        {
            int node = target[end - 1];
            if (!graph.IsLeaf(node))
                anchored.Add(node);
        }
        anchored.Reverse();
        return (best[n], anchored);
    }

    /// <summary>For each position j of the target, the least i for which the walk from j yields i .. j when everything before i has run.</summary>
    private static int[] LeastStarts(OrtGraph graph, ReadOnlySpan<int> target, ReadOnlySpan<int> rank)
    {
        int n = target.Length;
        int[] position = new int[n];
        for (int j = 0; j < n; j++)
            position[target[j]] = j;
        int[] starts = new int[n];
        List<int> walk = [];
        List<int> bounds = [];
        for (int j = 0; j < n; j++)
        {
            walk.Clear();
            bounds.Clear();
            foreach (int before in graph.Predecessors(target[j]))
                walk.Add(before);
            int[] ranks = new int[walk.Count];
            for (int k = 0; k < ranks.Length; k++)
                ranks[k] = -rank[walk[k]];
            int[] nodes = [.. walk];
            Array.Sort(ranks, nodes);
            for (int k = 0; k < nodes.Length; k++)
            {
                nodes[k] = position[nodes[k]];
                bounds.Add(nodes[k]);
            }
            bounds.Sort();

            // Between two predecessors' positions the set of those not yet executed is the same; go back as long as the walk holds.
            int start = j;
            for (int b = bounds.Count - 1; b >= -1; b--)
            {
                int above = b + 1 < bounds.Count ? bounds[b + 1] : j;
                int below = b >= 0 ? bounds[b] + 1 : 0;
                int least = LeastStartBetween(nodes, starts, below, above, j);
                if (least > above)
                    break;
                start = least;
                if (least > below)
                    break;
            }
            starts[j] = start;
        }
        return starts;
    }

    /// <summary>The least i in [below, above] for which the walk holds, or a number above <paramref name="above"/>.</summary>
    private static int LeastStartBetween(int[] walk, int[] starts, int below, int above, int j)
    {
        int first = -1, last = -1;
        foreach (int at in walk)
        {
            if (at < below || at <= last)
                continue;
            if (last < 0)
                first = at;
            else if (starts[at] > last + 1)
                return int.MaxValue;
            last = at;
        }
        if (last < 0)
            return above == j ? j : int.MaxValue;
        return last == j - 1 ? Math.Max(below, starts[first]) : int.MaxValue;
    }
}
