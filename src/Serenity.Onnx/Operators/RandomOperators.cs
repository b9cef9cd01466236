using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>Operators whose outputs differ from run to run: with them only types and shapes of outputs can be compared.</summary>
public static class RandomOperators
{
    /// <summary>
    /// The first node whose results are random, in the graph, its subgraphs or the model's functions; null if there is none. A Dropout counts only where it
    /// may train (its third input is given, and is no constant false) and drops anything (its ratio is no constant zero); a <c>seed</c> makes a generator repeat itself (observed on 1.31.1), so it does not count.
    /// </summary>
    public static NodeProto? Find(ModelProto model)
    {
        ArgumentNullException.ThrowIfNull(model);
        HashSet<string> off = new(StringComparer.Ordinal);
        CollectOff(model.Graph, off);
        return FindIn(model.Graph.Node, off) ?? model.Functions.Select(f => FindIn(f.Node, off)).FirstOrDefault(n => n is not null);
    }

    private static NodeProto? FindIn(IEnumerable<NodeProto> nodes, HashSet<string> off)
    {
        foreach (NodeProto node in nodes)
        {
            if (IsRandom(node, off))
                return node;
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
            {
                if (FindIn(subgraph.Node, off) is { } inner)
                    return inner;
            }
        }
        return null;
    }

    private static bool IsRandom(NodeProto node, HashSet<string> off) => node.OpType switch
    {
        "RandomNormal" or "RandomNormalLike" or "RandomUniform" or "RandomUniformLike" or "Multinomial" or "Bernoulli"
            => !node.Attribute.Any(a => a.Name == "seed"),
        "Dropout" or "BitmaskDropout" => node.Input.Count > 2 && node.Input[2].Length > 0 && !off.Contains(node.Input[2])
            && !off.Contains(node.Input[1]) && !node.Attribute.Any(a => a.Name == "seed"),
        "Sampling" => true,
        _ => false,
    };

    /// <summary>Names of constants that are a single false or zero; no graph input, since that could be given another value.</summary>
    private static void CollectOff(GraphProto graph, HashSet<string> off)
    {
        HashSet<string> inputs = new(graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
        {
            if (!inputs.Contains(tensor.Name) && IsOff(tensor))
                off.Add(tensor.Name);
        }
        foreach (NodeProto node in graph.Node)
        {
            if (node.OpType == "Constant" && node.Output.Count == 1 && node.Attribute.FirstOrDefault(a => a.Name == "value")?.T is { } value && IsOff(value))
                off.Add(node.Output[0]);
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
                CollectOff(subgraph, off);
        }
    }

    private static bool IsOff(TensorProto tensor)
    {
        if (tensor.Dims.Any(d => d != 1))
            return false;
        // Zero is all bits zero in every type that a flag or a ratio can have.
        return tensor.RawData.Length > 0 ? tensor.RawData.Span.IndexOfAnyExcept((byte)0) < 0
            : tensor.Int32Data.Count == 1 ? tensor.Int32Data[0] == 0
            : tensor.FloatData.Count == 1 ? tensor.FloatData[0] == 0
            : tensor.DoubleData.Count == 1 && tensor.DoubleData[0] == 0;
    }
}
