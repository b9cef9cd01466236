using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>
/// The order in which ONNX Runtime's CPU provider executes the nodes of a file, with one stream and all optimizations off.
/// </summary>
/// <remarks>
/// The order of the nodes in a file is not the order of execution. ONNX Runtime walks the graph depth first, backwards from the leaves
/// (nodes whose outputs no node reads), and executes in post-order: the leaf that stands last in the file first, and at a join the
/// producer that stands last in the file first. Names, the order of inputs and metadata play no part. Seen in profiles of 1.29 and 1.31
/// on every permutation tried, in sequential and parallel execution mode; <c>docs/onnxruntime.md</c> has the experiments.
/// </remarks>
public static class ExecutionOrder
{
    /// <summary>The executed order of a graph's nodes, as positions in the file; Constant nodes are not executed and left out.</summary>
    /// <param name="graph">The graph, its nodes in file order.</param>
    public static int[] Of(GraphProto graph)
    {
        OrtGraph index = new(graph);
        int[] order = Of(index);
        for (int i = 0; i < order.Length; i++)
            order[i] = index.FilePosition(order[i]);
        return order;
    }

    /// <summary>The executed order of a graph's nodes, as node indices of <paramref name="graph"/>.</summary>
    public static int[] Of(OrtGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int[] identity = new int[graph.NodeCount];
        for (int i = 0; i < identity.Length; i++)
            identity[i] = i;
        return Of(graph, identity);
    }

    /// <summary>The order that would be executed if the nodes stood at other places in the file.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="rank">For each node, its rank in the file; a permutation of 0 .. NodeCount-1.</param>
    public static int[] Of(OrtGraph graph, ReadOnlySpan<int> rank)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int n = graph.NodeCount;
        int[] at = new int[n];
        for (int node = 0; node < n; node++)
            at[rank[node]] = node;
        List<int> leaves = [];
        for (int r = n - 1; r >= 0; r--)
        {
            if (graph.IsLeaf(at[r]))
                leaves.Add(at[r]);
        }
        return From(graph, rank, leaves);
    }

    /// <summary>The order that would be executed if the walk began at other nodes than the leaves.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="rank">For each node, its rank in the file; a permutation of 0 .. NodeCount-1.</param>
    /// <param name="starts">Where the walk begins, the first one first: the leaves, and the nodes that have an anchor.</param>
    internal static int[] From(OrtGraph graph, ReadOnlySpan<int> rank, IReadOnlyList<int> starts)
    {
        int n = graph.NodeCount;
        int[] at = new int[n];
        for (int node = 0; node < n; node++)
            at[rank[node]] = node;

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
