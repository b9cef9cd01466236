using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>Questions to the table that many ask of a node.</summary>
internal static class OperatorQuestions
{
    /// <summary>The kind of a node's operator.</summary>
    public static OperatorKind Kind(this NodeProto node) => OperatorTable.Of(node).Kind;

    /// <summary>True if all of some traits hold of a node's operator.</summary>
    public static bool Has(this NodeProto node, OperatorTraits traits) => OperatorTable.Of(node).Has(traits);

    /// <summary>True for the standard's Concat.</summary>
    public static bool IsConcat(this NodeProto node) => OperatorTable.Of(node) is { Kind: OperatorKind.Concat, IsStandard: true };

    /// <summary>True for the standard's Identity.</summary>
    public static bool IsIdentity(this NodeProto node) => OperatorTable.Of(node) is { Kind: OperatorKind.Elementwise, IsStandard: true } entry && entry.Has(OperatorTraits.SharesFirst);

    /// <summary>True for the standard's Cast.</summary>
    public static bool IsCast(this NodeProto node) => node.Is("Cast");

    /// <summary>True for the standard's DequantizeLinear.</summary>
    public static bool IsDequantize(this NodeProto node) => OperatorTable.Of(node) is { Kind: OperatorKind.Dequantization, IsStandard: true };

    /// <summary>True for an operator whose first output may be another name of its first input: a view, an Identity, a Dropout that is off.</summary>
    public static bool MayShareFirst(this NodeProto node) => OperatorTable.Of(node) is var entry && (entry.Has(OperatorTraits.SharesFirst) || entry.Randomness == Randomness.InTraining);

    /// <summary>True for a convolution of floating-point or plain numbers over channels that lie before the spatial axes: its inputs are data, kernel, bias and, where it has one, a sum.</summary>
    public static bool IsPlainConvolution(this NodeProto node) =>
        OperatorTable.Of(node) is { Kind: OperatorKind.Convolution } entry && (entry.Traits & (OperatorTraits.Quantized | OperatorTraits.OtherLayout)) == 0;

    /// <summary>True for an operator whose elements are those of its first input, wherever it puts them; a few may be others, or lie between two.</summary>
    public static bool PassesValues(this NodeProto node) =>
        OperatorTable.Of(node) is var entry && (entry.Kind is OperatorKind.View or OperatorKind.Movement || entry.Has(OperatorTraits.KeepsValues));
}
