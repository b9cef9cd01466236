using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Verification;

/// <summary>Operators whose outputs differ from run to run: with them only types and shapes of outputs can be compared.</summary>
public static class RandomOperators
{
    /// <summary>
    /// The first node whose results are random, in the graph, its subgraphs or the model's functions; null if there is none. A Dropout counts only where it
    /// may train (its third input is given); a <c>seed</c> makes a generator repeat itself (observed on 1.31.1), so it does not count.
    /// </summary>
    public static NodeProto? Find(ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return FindIn(model.Graph.Node) ?? model.Functions.Select(f => FindIn(f.Node)).FirstOrDefault(n => n is not null);
    }

    private static NodeProto? FindIn(IEnumerable<NodeProto> nodes)
    {
        foreach (NodeProto node in nodes)
        {
            if (IsRandom(node))
                return node;
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
            {
                if (FindIn(subgraph.Node) is { } inner)
                    return inner;
            }
        }
        return null;
    }

    private static bool IsRandom(NodeProto node) => node.OpType switch
    {
        "RandomNormal" or "RandomNormalLike" or "RandomUniform" or "RandomUniformLike" or "Multinomial" or "Bernoulli"
            => !node.Attribute.Any(a => a.Name == "seed"),
        "Dropout" or "BitmaskDropout" => node.Input.Count > 2 && node.Input[2].Length > 0 && !node.Attribute.Any(a => a.Name == "seed"),
        "Sampling" => true,
        _ => false,
    };
}
