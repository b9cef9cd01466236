using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>
/// The order in which ONNX Runtime's CPU provider executes the nodes of a file, with one stream and all optimizations off.
/// </summary>
/// <remarks>
/// The order of the nodes in a file is not the order of execution. ONNX Runtime walks the graph depth first, backwards from the leaves
/// (nodes whose outputs no node reads), and executes in post-order: the leaf that stands last in the file first, and at a join the
/// producer that stands last in the file first. Names, the order of inputs and metadata play no part. Seen in profiles
/// (<see cref="Contract.RuntimeRules.ExecutionOrder"/>) on every permutation tried, in sequential and parallel execution mode; <c>docs/onnxruntime.md</c> has the experiments.
/// </remarks>
internal static class ExecutionOrder
{
    /// <summary>The executed order of a graph's nodes, as node indices of <paramref name="graph"/>.</summary>
    /// <param name="graph">The graph, its nodes in file order.</param>
    public static int[] Of(OrtGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        FileLayout layout = FileLayout.AsItIs(graph);
        return From(graph, layout, [.. layout.Nodes.Where(graph.IsLeaf).Reverse()]);
    }

    /// <summary>The order that would be executed if the nodes stood at other places in the file, and the walk began at other nodes than the leaves.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="layout">Where the nodes stand.</param>
    /// <param name="starts">Where the walk begins, the first one first: the leaves, and the nodes that have an anchor.</param>
    internal static int[] From(OrtGraph graph, FileLayout layout, IReadOnlyList<int> starts)
    {
        int n = graph.NodeCount;
        ReadOnlySpan<int> rank = layout.RankOf;
        IReadOnlyList<int> at = layout.Nodes;

        // A node on the stack is entered, or (as its complement) left.
        Stack<int> stack = new();
        bool[] visited = new bool[n];
        for (int i = starts.Count - 1; i >= 0; i--)
            stack.Push(starts[i]);
        List<int> order = new(n);
        int[] sorted = new int[n];
        while (stack.TryPop(out int node))
        {
            if (node < 0)
            {
                order.Add(~node);
                continue;
            }
            if (visited[node])
                continue;
            visited[node] = true;
            stack.Push(~node);
            ReadOnlySpan<int> before = graph.Predecessors(node);
            for (int i = 0; i < before.Length; i++)
                sorted[i] = rank[before[i]];
            sorted.AsSpan(0, before.Length).Sort();
            for (int i = 0; i < before.Length; i++)
            {
                if (!visited[at[sorted[i]]])
                    stack.Push(at[sorted[i]]);
            }
        }
        return [.. order];
    }
}
