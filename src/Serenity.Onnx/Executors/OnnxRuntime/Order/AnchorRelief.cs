using Serenity.Onnx.Executors.OnnxRuntime.Graph;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>
/// Leaves anchors out where the order that is then executed is as good. A plan needs its peak, not every step of its order; an anchor
/// is a node that is executed in every run.
/// </summary>
internal static class AnchorRelief
{
    /// <summary>Nodes visited in all walks together; larger graphs get fewer tries, so that the effort stays the same.</summary>
    private const int Work = 300_000;

    /// <summary>Tries to do without anchors: all at once, then ever smaller groups, then one by one.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="target">The order that the anchors hold.</param>
    /// <param name="layout">Where the nodes stand in the file.</param>
    /// <param name="anchored">The nodes with an anchor.</param>
    /// <param name="isAsGood">Whether another order will do.</param>
    /// <returns>The order then executed, and the anchors that hold it.</returns>
    public static (int[] Order, List<int> Anchored) Relieve(
        OrtGraph graph, int[] target, FileLayout layout, List<int> anchored, Func<int[], bool> isAsGood)
    {
        int[] position = new int[target.Length];
        for (int i = 0; i < target.Length; i++)
            position[target[i]] = i;
        int[] leaves = [.. target.Where(graph.IsLeaf)];
        List<int> kept = [.. anchored.OrderBy(node => position[node])];
        int[] order = target;
        int tries = Work / Math.Max(1, target.Length);
        for (int size = kept.Count; size > 0; size /= 2)
        {
            for (int from = 0; from < kept.Count && tries > 0;)
            {
                tries--;
                List<int> fewer = [.. kept.Take(from), .. kept.Skip(from + size)];
                int[] without = ExecutionOrder.From(graph, layout, [.. leaves.Concat(fewer).OrderBy(node => position[node])]);
                if (without.AsSpan().SequenceEqual(order) || isAsGood(without))
                    (kept, order) = (fewer, without);
                else
                    from += size;
            }
        }
        return (order, kept);
    }
}
