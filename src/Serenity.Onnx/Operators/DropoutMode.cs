using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>Whether a Dropout does anything. All that ask go by this one answer, so that no two of them take it for different operators.</summary>
internal static class DropoutMode
{
    /// <summary>True for a Dropout that passes its first input on as it is, in every run: one that cannot be training.</summary>
    /// <param name="node">A Dropout, or ONNX Runtime's BitmaskDropout.</param>
    /// <param name="opset">Version of the standard operators: from 12 on a third input says whether it trains, before 7 the attribute <c>is_test</c> does; between, it never does.</param>
    /// <param name="constant">The value of a name that no caller can give another; null for any other name. An initializer that is a graph input as well is a mere default.</param>
    public static bool IsOff(NodeProto node, long opset, Func<string, TensorProto?> constant)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(constant);
        if (opset >= 12 || node.Domain == OperatorDomain.Microsoft)
            return node.In(2).Length == 0 || constant(node.In(2)) is { } mode && IsZero(mode);
        return opset >= 7 || node.Int("is_test", 0) != 0;
    }

    /// <summary>True for a Dropout that drops something in some run, and draws random numbers for it: it may train, and its ratio is no constant zero.</summary>
    /// <inheritdoc cref="IsOff"/>
    public static bool MayDrop(NodeProto node, long opset, Func<string, TensorProto?> constant) =>
        !IsOff(node, opset, constant) && !(node.In(1).Length > 0 && constant(node.In(1)) is { } ratio && IsZero(ratio));

    /// <summary>True for one element that is false or zero, which is all bits zero in every type that a flag or a ratio can have.</summary>
    private static bool IsZero(TensorProto tensor)
    {
        if (tensor.Dims.Any(d => d != 1))
            return false;
        return tensor.RawData.Length > 0 ? tensor.RawData.Span.IndexOfAnyExcept((byte)0) < 0
            : tensor.Int32Data.Count == 1 ? tensor.Int32Data[0] == 0
            : tensor.FloatData.Count == 1 ? tensor.FloatData[0] == 0
            : tensor.DoubleData.Count == 1 && tensor.DoubleData[0] == 0;
    }
}
