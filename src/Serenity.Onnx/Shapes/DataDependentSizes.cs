using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// The most that an operator can give whose output is as large as the data asks for, from the definitions of the operators: NonZero and Compress
/// give no more than their input has, NonMaxSuppression its limit of boxes for each batch and class, TopK, Slice and Split no more along an axis than is there.
/// </summary>
internal static class DataDependentSizes
{
    /// <summary>True for an operator whose output's size no file can declare. Exporters write the size that it gave for one example; it holds for that example alone.</summary>
    public static bool IsUnforeseeable(NodeProto node) => node.Has(OperatorTraits.SizedByData);

    /// <summary>The largest dimensions of a node's outputs, in their order; null for an operator without a rule, or where an input is not known.</summary>
    /// <param name="node">A node of ONNX's own domain.</param>
    /// <param name="type">The type of a value; null if it is not known.</param>
    /// <param name="integers">The elements of a constant of integers; null for a value that is none.</param>
    public static long[][]? Most(NodeProto node, Func<string, TensorType?> type, Func<string, long[]?> integers)
    {
        if (node.Domain is not ("" or "ai.onnx") || node.Input.Count == 0 || type(node.Input[0]) is not { } x)
            return null;
        long elements;
        try
        {
            elements = x.ElementCount;
        }
        catch (OverflowException)
        {
            return null;
        }
        switch (node.OpType)
        {
            case "NonZero":
                return [[Math.Max(1, x.Dims.Length), elements]];
            case "NonMaxSuppression" when type(Input(node, 1)) is { Dims.Length: 3 } scores && x.Dims.Length == 3:
                // Without a limit it gives none.
                long limit = integers(Input(node, 2)) is [var most] ? Math.Max(0, most) : Input(node, 2).Length == 0 ? 0 : long.MaxValue;
                return [[Product(scores.Dims[0], scores.Dims[1], Math.Min(limit, scores.Dims[2])), 3]];
            case "Compress" when type(Input(node, 1)) is { Dims: [var chosen] }:
                return Axis(node, x.Dims.Length) is { } along ? [With(x.Dims, along, Math.Min(x.Dims[along], chosen))]
                    : node.Attribute.Any(a => a.Name == "axis") ? null : [[Math.Min(elements, chosen)]];
            case "Unique":
                if (Axis(node, x.Dims.Length) is { } axis)
                    return [x.Dims, [x.Dims[axis]], [x.Dims[axis]], [x.Dims[axis]]];
                return node.Attribute.Any(a => a.Name == "axis") ? null : [[elements], [elements], [elements], [elements]];
            case "TopK":
                return [x.Dims, x.Dims];
            case "Slice":
                return [x.Dims];
            case "Split":
                return [.. node.Output.Select(_ => x.Dims)];
            default:
                return node.OpType.StartsWith("Reduce", StringComparison.Ordinal) && node.Attribute.FirstOrDefault(a => a.Name == "keepdims")?.I != 0 ? [x.Dims] : null;
        }
    }

    private static string Input(NodeProto node, int index) => index < node.Input.Count ? node.Input[index] : "";

    private static int? Axis(NodeProto node, int rank)
    {
        if (node.Attribute.FirstOrDefault(a => a.Name == "axis") is not { } attribute)
            return null;
        long axis = attribute.I + (attribute.I < 0 ? rank : 0);
        return axis >= 0 && axis < rank ? (int)axis : null;
    }

    private static long[] With(long[] dims, int axis, long size)
    {
        long[] changed = [.. dims];
        changed[axis] = size;
        return changed;
    }

    private static long Product(long a, long b, long c)
    {
        try
        {
            return checked(a * b * c);
        }
        catch (OverflowException)
        {
            return long.MaxValue;
        }
    }
}
