using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>Where a subgraph stands: the name of its node (unique in the model), its attribute, and its place in a list of graphs.</summary>
public sealed record SubgraphKey(string Node, string Attribute, int Index)
{
    /// <summary>The graphs in a node's attributes with their keys, in attribute order.</summary>
    public static IEnumerable<(SubgraphKey Key, GraphProto Graph)> SubgraphsOf(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        foreach (AttributeProto attribute in node.Attribute)
        {
            int index = 0;
            if (attribute.G is not null)
                yield return (new SubgraphKey(node.Name, attribute.Name, index++), attribute.G);
            foreach (GraphProto graph in attribute.Graphs)
                yield return (new SubgraphKey(node.Name, attribute.Name, index++), graph);
        }
    }
}
