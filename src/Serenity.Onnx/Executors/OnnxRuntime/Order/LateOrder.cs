using Serenity.Onnx.Executors.OnnxRuntime.Graph;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>An order in which nodes that cannot be held in their places stand where ONNX Runtime executes them anyway: right before who needs them.</summary>
/// <remarks>
/// A DequantizeLinear cannot be anchored (<see cref="AnchorOperator"/>), and its output is four times its input. So an order that runs one early wants
/// nothing by it, and can do without.
/// </remarks>
internal static class LateOrder
{
    /// <summary>The order with some nodes moved back to the first node that reads them.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">Its nodes, topological.</param>
    /// <param name="moves">True for a node to move; a leaf stays.</param>
    /// <returns>A topological order; equal to the given one where nothing moves.</returns>
    public static int[] Of(OrtGraph graph, ReadOnlySpan<int> order, Func<int, bool> moves)
    {
        bool[] held = new bool[graph.NodeCount];
        List<int> late = new(order.Length);
        foreach (int node in order)
        {
            if (!graph.IsLeaf(node) && moves(node))
                held[node] = true;
            else
                Add(node);
        }
        return [.. late];

        // Held nodes behind held nodes are few; a model is not deep in them.
        void Add(int node)
        {
            held[node] = false;
            foreach (int before in graph.Predecessors(node))
            {
                if (held[before])
                    Add(before);
            }
            late.Add(node);
        }
    }
}
