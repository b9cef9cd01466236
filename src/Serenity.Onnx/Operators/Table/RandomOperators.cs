using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Operators whose outputs differ from run to run: with them only types and shapes of outputs can be compared.</summary>
internal static class RandomOperators
{
    /// <summary>
    /// The first node whose results are random, in the graph, its subgraphs or the model's functions; null if there is none. A Dropout counts only where it
    /// may drop something (<see cref="DropoutMode"/>); a <c>seed</c> makes a generator repeat itself (<see cref="Contract.RuntimeRules.SeededGenerators"/>), so it does not count.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="seededToo">True to count a generator with a seed as well: it repeats itself in a session of its own, and goes on from run to run in one.</param>
    public static NodeProto? Find(ModelProto model, bool seededToo = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        Dictionary<string, TensorProto> constants = new(StringComparer.Ordinal);
        CollectConstants(model.Graph, constants);
        return FindIn(model.Graph.Node, OperatorDomain.OpsetOf(model), constants, seededToo)
            ?? model.Functions.Select(f => FindIn(f.Node, OperatorDomain.OpsetOf(f), constants, seededToo)).FirstOrDefault(n => n is not null);
    }

    private static NodeProto? FindIn(IEnumerable<NodeProto> nodes, long opset, Dictionary<string, TensorProto> constants, bool seededToo)
    {
        foreach (NodeProto node in nodes)
        {
            if (IsRandom(node, opset, constants, seededToo))
                return node;
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
            {
                if (FindIn(subgraph.Node, opset, constants, seededToo) is { } inner)
                    return inner;
            }
        }
        return null;
    }

    private static bool IsRandom(NodeProto node, long opset, Dictionary<string, TensorProto> constants, bool seededToo) => OperatorTable.Of(node, opset).Randomness switch
    {
        Randomness.Seedable => seededToo || node.Find("seed") is null,
        Randomness.InTraining => (seededToo || node.Find("seed") is null) && DropoutMode.MayDrop(node, opset, name => constants.GetValueOrDefault(name)),
        Randomness.Always => true,
        _ => false,
    };

    /// <summary>Constants by name, those of subgraphs too; no graph input, since that could be given another value.</summary>
    private static void CollectConstants(GraphProto graph, Dictionary<string, TensorProto> constants)
    {
        HashSet<string> inputs = new(graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
        {
            if (!inputs.Contains(tensor.Name))
                constants.TryAdd(tensor.Name, tensor);
        }
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                constants.TryAdd(node.Output[0], value);
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
                CollectConstants(subgraph, constants);
        }
    }
}
