using System.Text.RegularExpressions;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Verification;

/// <summary>Nodes that ONNX Runtime's kernels refuse at any run, which it tells only when the model is run: no inputs are to be blamed for it.</summary>
internal static partial class RefusedKernel
{
    /// <summary>The node that was refused, where that did not depend on the data.</summary>
    /// <param name="graph">The graph that was run.</param>
    /// <param name="shapes">Types of its values; null where they are not known.</param>
    /// <param name="refusal">What ONNX Runtime said.</param>
    public static NodeProto? Find(GraphProto graph, ShapeTable? shapes, string refusal)
    {
        if (Refused().Match(refusal) is not { Success: true } match)
            return null;
        NodeProto? node = graph.Node.FirstOrDefault(n => n.Name == match.Groups["name"].Value);
        return node is not null && shapes is not null && LooksAtShapesAlone(node, graph, shapes) ? node : null;
    }

    // What numbers with a fraction are no kernel of these minds; integers and text may be places, lengths or keys.
    private static bool LooksAtShapesAlone(NodeProto node, GraphProto graph, ShapeTable shapes)
    {
        if (OperatorTable.Of(node).Kind is not (OperatorKind.Attention or OperatorKind.Product or OperatorKind.Convolution or OperatorKind.Pool or OperatorKind.Broadcast
            or OperatorKind.Normalization or OperatorKind.Softmax or OperatorKind.Concat))
            return false;
        HashSet<string> constants = new(graph.Initializer.Select(t => t.Name).Except(graph.Input.Select(i => i.Name)), StringComparer.Ordinal);
        return node.Input.Where(input => input.Length > 0 && !constants.Contains(input)).All(input => shapes.IsExact(input)
            && shapes.Find(input)?.ElementType is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16);
    }

    [GeneratedRegex(@"while running \S+ node\. Name:'(?<name>[^']*)'", RegexOptions.CultureInvariant)]
    private static partial Regex Refused();
}
