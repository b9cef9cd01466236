using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

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
        NodeProto?[] folded = [.. nodes];
        FoldableNodes open = new(nodes, outputs, graph);
        for (int at = 0; at < folded.Length; at++)
        {
            NodeProto node = folded[at]!;
            if (node.Kind() == OperatorKind.Convolution && node.Domain == OperatorDomain.Nchwc)
            {
                open.Add(node.Output[0], at, node.In(3).Length > 0, node.Text("activation", "").Length > 0);
                continue;
            }
            if (open.TryTake(node, at) is not { } found)
                continue;
            NodeProto conv = folded[found.Conv]!;
            if (found.Sum is { } sum)
            {
                while (conv.Input.Count < 4)
                    conv.Input.Add("");
                conv.Input[3] = sum;
            }
            if (found.Activation is { } activation)
                conv.Set("activation", activation);
            if (found.Parameters.Length > 0)
                conv.Set("activation_params", found.Parameters);
            // The convolution now runs where the other node did, and makes what that made.
            conv.Output[0] = node.Output[0];
            folded[found.Conv] = null;
            folded[at] = conv;
            if (found.Gate is { } gate)
                folded[gate] = null;
        }
        return [.. folded.OfType<NodeProto>()];
    }

    /// <summary>Nodes that become part of a convolution where both are in blocks.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="forms">How each node can stand in the blocked layout.</param>
    public static HashSet<NodeProto> Foldable(ImageGraph graph, BlockedForm[] forms)
    {
        HashSet<NodeProto> found = [];
        FoldableNodes open = new(graph.Nodes, new HashSet<string>(graph.Model.Graph.Output.Select(o => o.Name), StringComparer.Ordinal), graph);
        for (int at = 0; at < forms.Length; at++)
        {
            NodeProto node = graph.Nodes[at];
            switch (forms[at].Kind)
            {
                case BlockedKind.Conv or BlockedKind.Depthwise:
                    open.Add(node.Output[0], at, node.In(3).Length > 0, node.Text("activation", "").Length > 0);
                    break;
                case BlockedKind.Normalization:
                    open.Add(node.Output[0], at, hasSum: false, hasActivation: false);
                    break;
                case BlockedKind.Same when open.TryTake(node, at) is { } taken:
                    found.Add(node);
                    if (taken.Gate is { } gate)
                        found.Add(graph.Nodes[gate]);
                    break;
            }
        }
        return found;
    }
}
