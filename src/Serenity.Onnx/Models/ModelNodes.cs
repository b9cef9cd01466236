using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Models;

/// <summary>Nodes of a graph together with those of its subgraphs.</summary>
internal static class ModelNodes
{
    /// <summary>Every node, outer before inner.</summary>
    public static IEnumerable<NodeProto> All(GraphProto graph)
    {
        foreach (NodeProto node in graph.Node)
        {
            yield return node;
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
            {
                foreach (NodeProto inner in All(subgraph))
                    yield return inner;
            }
        }
    }
}
