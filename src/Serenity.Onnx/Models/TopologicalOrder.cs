using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>Orders the nodes of a graph so that each stands behind the nodes it reads from, captures of subgraphs included.</summary>
internal static class TopologicalOrder
{
    /// <summary>
    /// Node positions in topological order. Among nodes that may come next, the one that stands first in the file is taken, so a file
    /// that is in order already keeps its order. Nodes on a cycle, and behind one, are left out.
    /// </summary>
    public static int[] Of(GraphView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        int n = view.NodeCount;
        int[] pending = new int[n];
        List<int>[] after = new List<int>[n];
        for (int node = 0; node < n; node++)
            after[node] = [];
        for (int node = 0; node < n; node++)
        {
            foreach (int before in Producers(view, node))
            {
                after[before].Add(node);
                pending[node]++;
            }
        }
        PriorityQueue<int, int> ready = new();
        for (int node = 0; node < n; node++)
        {
            if (pending[node] == 0)
                ready.Enqueue(node, node);
        }
        List<int> order = new(n);
        while (ready.TryDequeue(out int node, out _))
        {
            order.Add(node);
            foreach (int next in after[node])
            {
                if (--pending[next] == 0)
                    ready.Enqueue(next, next);
            }
        }
        return [.. order];
    }

    /// <summary>Puts the nodes of a graph in topological order; returns whether that changed anything. The graph has no cycle.</summary>
    public static bool Sort(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int[] order = Of(new GraphView(graph));
        if (order.Length != graph.Node.Count)
            throw new InvalidOperationException("The graph has a cycle.");
        bool sorted = true;
        for (int i = 0; i < order.Length; i++)
            sorted &= order[i] == i;
        if (sorted)
            return false;
        NodeProto[] nodes = Array.ConvertAll(order, node => graph.Node[node]);
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        return true;
    }

    /// <summary>The distinct producers of what a node reads, ascending.</summary>
    internal static int[] Producers(GraphView view, int node)
    {
        List<int> producers = [];
        foreach (int value in view.Inputs(node))
            Add(value);
        foreach (int value in view.Captures(node))
            Add(value);
        return Ascending(producers);

        void Add(int value)
        {
            if (value >= 0 && view.Producer(value) >= 0)
                producers.Add(view.Producer(value));
        }
    }

    /// <summary>The same numbers in ascending order, each once. For a few at a time, of which there are many: no set is made.</summary>
    internal static int[] Ascending(List<int> numbers)
    {
        numbers.Sort();
        int kept = 0;
        for (int i = 0; i < numbers.Count; i++)
        {
            if (i == 0 || numbers[i] != numbers[i - 1])
                numbers[kept++] = numbers[i];
        }
        numbers.RemoveRange(kept, numbers.Count - kept);
        return [.. numbers];
    }
}
