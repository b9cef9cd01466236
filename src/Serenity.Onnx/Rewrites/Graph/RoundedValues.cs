using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>
/// The values that are rounded to whole numbers or to steps further on. A sum in another order differs in its last bits; behind it, rounding makes a
/// whole step of that where the sum lies near the middle of two, so what feeds such an operator is left as it is.
/// </summary>
internal static class RoundedValues
{
    /// <summary>True for an operator of which a rewrite may change the order of sums.</summary>
    public static bool Sums(NodeProto node) => OperatorTable.Of(node) is var entry && (entry.Has(OperatorTraits.Sums) || entry.Kind == OperatorKind.Normalization);

    /// <summary>True if anything in a model rounds.</summary>
    public static bool Any(ModelProto model, Func<string, DataType?> typeOf) => ModelNodes.All(model.Graph).Any(node => Rounds(node, typeOf));

    /// <summary>All values of a graph that an operator that rounds depends on.</summary>
    public static HashSet<string> Of(IReadOnlyList<NodeProto> sorted, Func<string, DataType?> typeOf)
    {
        HashSet<string> rounded = new(StringComparer.Ordinal);
        for (int i = sorted.Count - 1; i >= 0; i--)
        {
            NodeProto node = sorted[i];
            // A shape is the same whatever the values are.
            if (node.Kind() == OperatorKind.ShapeOf)
                continue;
            bool inside = SubgraphCaptures.SubgraphsOf(node).SelectMany(ModelNodes.All).Any(n => Rounds(n, typeOf));
            if (!inside && !Rounds(node, typeOf) && !node.Output.Any(rounded.Contains))
                continue;
            rounded.UnionWith(node.Input);
            rounded.UnionWith(SubgraphCaptures.Of(node));
        }
        rounded.Remove("");
        return rounded;
    }

    private static bool Rounds(NodeProto node, Func<string, DataType?> typeOf) =>
        node.Has(OperatorTraits.Rounds)
        || node.IsCast() && (DataType)node.Int("to", 0) is not (DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16 or DataType.Bool)
            && typeOf(node.In(0)) is null or DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;
}
