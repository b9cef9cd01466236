using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>Constants that nobody reads: ONNX Runtime warns of each whenever it loads the file.</summary>
internal static class UnreadConstants
{
    /// <summary>So many are dropped before the model is given to ONNX Runtime.</summary>
    public const int Many = 1000;

    /// <summary>
    /// Drops all that nobody reads, where they are many: ONNX Runtime drops them too whenever it loads the model, and looks through all for each of them, so that a hundred thousand take it minutes.
    /// Few are left as they are.
    /// </summary>
    /// <param name="graph">The graph; its initializers are changed.</param>
    public static void DropMany(GraphProto graph)
    {
        if (graph.Initializer.Count + graph.SparseInitializer.Count < Many)
            return;
        HashSet<string> unread = Unread(graph, graph.Initializer.Select(t => t.Name).Concat(graph.SparseInitializer.Select(t => t.Values.Name)));
        if (unread.Count >= Many)
            Drop(graph, unread);
    }

    /// <summary>Drops those of some initializers that no node of a graph reads, bodies included, and that are neither outputs nor the default values of inputs.</summary>
    /// <param name="graph">The graph; its initializers are changed.</param>
    /// <param name="among">Names of those that may go.</param>
    public static void Drop(GraphProto graph, IReadOnlySet<string> among)
    {
        if (among.Count == 0)
            return;
        HashSet<string> gone = Unread(graph, among);
        graph.Initializer.Keep(t => !gone.Contains(t.Name));
        graph.SparseInitializer.Keep(t => !gone.Contains(t.Values.Name));
    }

    private static HashSet<string> Unread(GraphProto graph, IEnumerable<string> among)
    {
        HashSet<string> unread = new(among, StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            unread.ExceptWith(node.Input);
            unread.ExceptWith(SubgraphCaptures.Of(node));
        }
        unread.ExceptWith(graph.Input.Select(i => i.Name));
        unread.ExceptWith(graph.Output.Select(o => o.Name));
        return unread;
    }
}
