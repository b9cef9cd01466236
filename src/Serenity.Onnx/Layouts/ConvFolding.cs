using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Layouts;

/// <summary>
/// Lets convolutions in blocks add a sum in place, and apply an activation, that stood behind them as nodes of their own, as ONNX Runtime's layout pass does: each saves
/// an image.
/// </summary>
internal static class ConvFolding
{
    /// <summary>Folds what can be folded.</summary>
    /// <param name="nodes">Nodes in topological order. Those made by the layout stage may be changed.</param>
    /// <param name="outputs">Outputs of the graph.</param>
    /// <param name="graph">The model, for constants.</param>
    public static List<NodeProto> Fold(List<NodeProto> nodes, IReadOnlySet<string> outputs, ImageGraph graph)
    {
        Dictionary<string, int> uses = new(StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
        {
            foreach (string value in node.Input.Concat(SubgraphCaptures.Of(node)))
                uses[value] = uses.GetValueOrDefault(value) + 1;
        }
        Dictionary<string, int> convs = new(StringComparer.Ordinal);
        NodeProto?[] folded = [.. nodes];
        for (int at = 0; at < folded.Length; at++)
        {
            NodeProto node = folded[at]!;
            if (node.OpType == "Conv" && node.Domain == OperatorDomain.Nchwc)
                convs[node.Output[0]] = at;
            else if (TryAdd(node) is { } sum)
                Move(sum, at);
            else if (node.Input.Count > 0 && Open(node.Input[0]) is { } conv && TryActivate(folded[conv]!, node, graph))
                Move(conv, at);
        }
        return [.. folded.OfType<NodeProto>()];

        // A convolution that nothing but one node reads, and that has no activation yet.
        int? Open(string value) => convs.TryGetValue(value, out int at) && uses.GetValueOrDefault(value) == 1 && !outputs.Contains(value)
            && folded[at]!.Text("activation", "").Length == 0 ? at : null;

        int? TryAdd(NodeProto node)
        {
            if (!(node.Is("Add") || node.Is("Sum")) || node.Input.Count != 2)
                return null;
            for (int i = 0; i < 2; i++)
            {
                if (Open(node.Input[i]) is not { } at || folded[at]!.In(3).Length > 0 || graph.IsConstant(node.Input[1 - i]))
                    continue;
                NodeProto conv = folded[at]!;
                while (conv.Input.Count < 3)
                    conv.Input.Add("");
                if (conv.Input.Count == 3)
                    conv.Input.Add("");
                conv.Input[3] = node.Input[1 - i];
                return at;
            }
            return null;
        }

        // The convolution now runs where the other node did, and makes what that made.
        void Move(int conv, int at)
        {
            NodeProto moved = folded[conv]!;
            convs.Remove(moved.Output[0]);
            moved.Output[0] = folded[at]!.Output[0];
            folded[conv] = null;
            folded[at] = moved;
            convs[moved.Output[0]] = at;
        }
    }

    private static bool TryActivate(NodeProto conv, NodeProto node, ImageGraph graph)
    {
        if (!OperatorDomain.IsOnnx(node.Domain) || node.Output.Count != 1)
            return false;
        float[]? parameters = node.OpType switch
        {
            "Relu" or "Sigmoid" or "Tanh" => [],
            "LeakyRelu" => [node.Float("alpha", 0.01f)],
            "HardSigmoid" => [node.Float("alpha", 0.2f), node.Float("beta", 0.5f)],
            "Clip" when graph.Opset >= 11 => Bound(node.In(1), float.MinValue) is { } low && Bound(node.In(2), float.MaxValue) is { } high ? [low, high] : null,
            _ => null,
        };
        if (parameters is null)
            return false;
        conv.Set("activation", node.OpType);
        if (parameters.Length > 0)
            conv.Set("activation_params", parameters);
        return true;

        float? Bound(string name, float otherwise) => name.Length == 0 ? otherwise
            : graph.Constant(name) is { DataType: (int)DataType.Float } bound && bound.Dims.All(d => d == 1) ? graph.Weights.ReadFloats(bound)![0] : null;
    }
}
