using Serenity.Onnx.Executors.OnnxRuntime.Graph;

namespace Serenity.Onnx.Executors.OnnxRuntime.Order;

/// <summary>
/// Places of the nodes in a file, from which <see cref="ExecutionOrder"/> follows. All layouts made here are topological, and put the
/// leaves last, in reverse target order, so that the walk takes them up in target order.
/// </summary>
internal sealed class FileLayout
{
    private readonly int[] _rankOf;

    /// <summary>A layout.</summary>
    /// <param name="rankOf">For each node, its rank in the file; a permutation.</param>
    private FileLayout(int[] rankOf)
    {
        _rankOf = rankOf;
        int[] nodes = new int[rankOf.Length];
        for (int node = 0; node < nodes.Length; node++)
            nodes[rankOf[node]] = node;
        Nodes = nodes;
    }

    /// <summary>The nodes, the first in the file first.</summary>
    public IReadOnlyList<int> Nodes { get; }

    /// <summary>For each node, its rank in the file.</summary>
    public ReadOnlySpan<int> RankOf => _rankOf;

    /// <summary>The layout that a graph's file has.</summary>
    public static FileLayout AsItIs(OrtGraph graph) => new([.. Enumerable.Range(0, graph.NodeCount)]);

    /// <summary>Layouts worth trying for a target order. Which one needs the fewest anchors is a matter of the graph.</summary>
    public static IEnumerable<FileLayout> Candidates(OrtGraph graph, ReadOnlySpan<int> target)
    {
        int n = target.Length;
        int[] position = new int[n];
        for (int j = 0; j < n; j++)
            position[target[j]] = j;
        List<int>[] successors = new List<int>[n];
        for (int node = 0; node < n; node++)
            successors[node] = [];
        for (int node = 0; node < n; node++)
        {
            foreach (int before in graph.Predecessors(node))
                successors[before].Add(node);
        }
        return
        [
            new FileLayout(FromTheEnd(graph, position, successors)),
            new FileLayout(FromTheFront(graph, position, successors)),
            new FileLayout(InTargetOrder(graph, target)),
        ];
    }

    /// <summary>
    /// Fills the file from its end, each time with the node that comes first in the target among those whose readers are all placed. At a
    /// join, the walk begins with the producer that stands last, so this gives it the producer that the target wants first.
    /// </summary>
    private static int[] FromTheEnd(OrtGraph graph, int[] position, List<int>[] successors)
    {
        int n = position.Length;
        int[] rank = new int[n], pending = new int[n];
        PriorityQueue<int, int> ready = new();
        for (int node = 0; node < n; node++)
        {
            pending[node] = successors[node].Count;
            if (pending[node] == 0)
                ready.Enqueue(node, graph.IsLeaf(node) ? position[node] - n : position[node]);
        }
        for (int at = n - 1; at >= 0; at--)
        {
            int node = ready.Dequeue();
            rank[node] = at;
            foreach (int before in graph.Predecessors(node))
            {
                if (--pending[before] == 0)
                    ready.Enqueue(before, position[before]);
            }
        }
        return rank;
    }

    /// <summary>Fills the file from its front, each time with the node that comes last in the target among those that may stand there.</summary>
    private static int[] FromTheFront(OrtGraph graph, int[] position, List<int>[] successors)
    {
        int n = position.Length;
        int[] rank = new int[n], pending = new int[n];
        PriorityQueue<int, int> ready = new();
        int Priority(int node) => graph.IsLeaf(node) ? n - position[node] : -position[node];
        for (int node = 0; node < n; node++)
        {
            pending[node] = graph.Predecessors(node).Length;
            if (pending[node] == 0)
                ready.Enqueue(node, Priority(node));
        }
        for (int at = 0; at < n; at++)
        {
            int node = ready.Dequeue();
            rank[node] = at;
            foreach (int after in successors[node])
            {
                if (--pending[after] == 0)
                    ready.Enqueue(after, Priority(after));
            }
        }
        return rank;
    }

    private static int[] InTargetOrder(OrtGraph graph, ReadOnlySpan<int> target)
    {
        int n = target.Length;
        int[] rank = new int[n];
        int at = 0, end = n;
        foreach (int node in target)
            rank[node] = graph.IsLeaf(node) ? --end : at++;
        return rank;
    }
}
