using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>Constants that nobody reads: ONNX Runtime warns of each whenever it loads the file.</summary>
internal static class UnreadConstants
{
    /// <summary>Drops those of some initializers that no node of a graph reads, bodies included, and that are neither outputs nor the default values of inputs.</summary>
    /// <param name="graph">The graph; its initializers are changed.</param>
    /// <param name="among">Names of those that may go.</param>
    public static void Drop(GraphProto graph, IReadOnlySet<string> among)
    {
        if (among.Count == 0)
            return;
        HashSet<string> gone = new(among, StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            gone.ExceptWith(node.Input);
            gone.ExceptWith(SubgraphCaptures.Of(node));
        }
        gone.ExceptWith(graph.Input.Select(i => i.Name));
        gone.ExceptWith(graph.Output.Select(o => o.Name));
        graph.Initializer.Keep(t => !gone.Contains(t.Name));
        graph.SparseInitializer.Keep(t => !gone.Contains(t.Values.Name));
    }
}
