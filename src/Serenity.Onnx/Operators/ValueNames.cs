using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>Names of values in graphs, and other names for them.</summary>
internal static class ValueNames
{
    /// <summary>What a graph itself defines: inputs, initializers, outputs of its nodes.</summary>
    public static IEnumerable<string> DefinedIn(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return graph.Input.Select(i => i.Name).Concat(graph.Initializer.Select(t => t.Name)).Concat(graph.SparseInitializer.Select(t => t.Values.Name))
            .Concat(graph.Node.SelectMany(n => n.Output)).Where(name => name.Length > 0);
    }

    /// <summary>The same, and what all graphs within it define.</summary>
    public static IEnumerable<string> DefinedWithin(GraphProto graph) =>
        DefinedIn(graph).Concat(graph.Node.SelectMany(SubgraphCaptures.SubgraphsOf).SelectMany(DefinedWithin));

    /// <summary>Gives values other names wherever a graph's nodes make or read them, and in its outputs. Inputs and initializers keep theirs.</summary>
    /// <param name="graph">The graph, which is changed.</param>
    /// <param name="names">The new name of each value that gets one.</param>
    public static void Rename(GraphProto graph, IReadOnlyDictionary<string, string> names)
    {
        ArgumentNullException.ThrowIfNull(graph);
        foreach (NodeProto node in graph.Node)
            Rename(node, names);
        foreach (ValueInfoProto value in graph.ValueInfo.Concat(graph.Output))
            value.Name = names.GetValueOrDefault(value.Name, value.Name);
    }

    /// <summary>
    /// Gives values other names where a node makes or reads them, and its subgraphs too; what a subgraph defines under such a name is a value of its own. No new name may be one that a
    /// subgraph defines.
    /// </summary>
    /// <param name="node">The node, which is changed.</param>
    /// <param name="names">The new name of each value that gets one.</param>
    public static void Rename(NodeProto node, IReadOnlyDictionary<string, string> names)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(names);
        for (int i = 0; i < node.Input.Count; i++)
            node.Input[i] = names.GetValueOrDefault(node.Input[i], node.Input[i]);
        for (int i = 0; i < node.Output.Count; i++)
            node.Output[i] = names.GetValueOrDefault(node.Output[i], node.Output[i]);
        foreach (GraphProto inner in SubgraphCaptures.SubgraphsOf(node))
        {
            HashSet<string> own = new(DefinedIn(inner), StringComparer.Ordinal);
            Rename(inner, own.Overlaps(names.Keys) ? names.Where(n => !own.Contains(n.Key)).ToDictionary(StringComparer.Ordinal) : names);
        }
    }
}
