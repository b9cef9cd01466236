using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Attention as one operator.</summary>
internal static class AttentionOperators
{
    public static IEnumerable<Operator> All =>
    [
        new(OperatorDomain.Microsoft, "MultiHeadAttention", 1, OperatorKind.Attention) { Products = Products, Region = AttentionRegions.MultiHead },
        new(OperatorDomain.Microsoft, "Attention", 1, OperatorKind.Attention) { Products = Products, Region = AttentionRegions.Projected },
        new("", "Attention", 23, OperatorKind.Attention) { Products = Products, Region = AttentionRegions.Standard },
    ];

    private static double? Products(NodeProto node, Func<string, long[]?> dims) => AttentionShape.TryRead(node, dims)?.Products;
}
