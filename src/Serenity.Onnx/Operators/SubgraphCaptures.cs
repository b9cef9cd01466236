using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>The values of outer graphs that a node's subgraphs use by name. They count as inputs of the node.</summary>
internal static class SubgraphCaptures
{
    /// <summary>Names captured by all subgraphs of a node, nested ones included; distinct, in order of first use.</summary>
    public static IReadOnlyList<string> Of(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (!HasSubgraph(node))
            return [];
        List<string> captures = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (GraphProto graph in SubgraphsOf(node))
            Collect(graph, captures, seen);
        return captures;
    }

    /// <summary>Names that a subgraph uses and does not define, nested ones included; distinct, in order of first use.</summary>
    public static IReadOnlyList<string> Of(GraphProto graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        List<string> captures = [];
        Collect(graph, captures, new HashSet<string>(StringComparer.Ordinal));
        return captures;
    }

    /// <summary>The graphs in a node's attributes, in attribute order.</summary>
    public static IEnumerable<GraphProto> SubgraphsOf(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return HasSubgraph(node) ? InAttributes(node) : [];
    }

    /// <summary>Nearly no node has one, and all are asked often: nothing is allocated to find that out.</summary>
    private static bool HasSubgraph(NodeProto node)
    {
        for (int i = 0; i < node.Attribute.Count; i++)
        {
            if (node.Attribute[i].G is not null || node.Attribute[i].Graphs.Count > 0)
                return true;
        }
        return false;
    }

    private static IEnumerable<GraphProto> InAttributes(NodeProto node)
    {
        foreach (AttributeProto attribute in node.Attribute)
        {
            if (attribute.G is not null)
                yield return attribute.G;
            foreach (GraphProto graph in attribute.Graphs)
                yield return graph;
        }
    }

    private static void Collect(GraphProto graph, List<string> captures, HashSet<string> seen)
    {
        HashSet<string> local = new(StringComparer.Ordinal);
        foreach (ValueInfoProto input in graph.Input)
            local.Add(input.Name);
        foreach (TensorProto initializer in graph.Initializer)
            local.Add(initializer.Name);
        foreach (SparseTensorProto initializer in graph.SparseInitializer)
            local.Add(initializer.Values.Name);
        foreach (NodeProto node in graph.Node)
            local.UnionWith(node.Output);

        void Use(string name)
        {
            if (name.Length > 0 && !local.Contains(name) && seen.Add(name))
                captures.Add(name);
        }
        foreach (NodeProto node in graph.Node)
        {
            foreach (string name in node.Input)
                Use(name);
            foreach (string name in Of(node))
                Use(name);
        }
        foreach (ValueInfoProto output in graph.Output)
            Use(output.Name);
    }
}
