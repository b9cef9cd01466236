using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Values that never change and have one row per output channel: constants, and constants behind a <c>DequantizeLinear</c>, as quantizers leave the
/// kernels of a convolution.
/// </summary>
internal static class ConstantRows
{
    /// <summary>True if rows of a value can be had.</summary>
    public static bool CanCut(RewriteGraph graph, string value) =>
        graph.Constant(value) is { } constant ? WeightReader.CanRead(constant) : Dequantized(graph, value) is not null;

    /// <summary>
    /// Rows [start, start + count) of a value that has so many rows, under a name made from another; the value itself where it is one for all rows. What makes them is added
    /// to the nodes.
    /// </summary>
    /// <returns>A value's name.</returns>
    public static string Cut(RewriteGraph graph, string value, long rows, long start, long count, string name, List<NodeProto> nodes)
    {
        if (graph.TypeOf(value) is not { Dims: [var all, ..] } type || all != rows)
            return value;
        if (graph.Constant(value) is { } constant)
            return TensorSlice.Add(graph, constant, 0, start, count, name);
        NodeProto dequantize = Dequantized(graph, value)!.Clone();
        bool perRow = ConcatParts.AxisOf(dequantize, type.Dims.Length) == 0;
        for (int i = 0; i < dequantize.Input.Count; i++)
        {
            if (dequantize.Input[i].Length > 0 && graph.Constant(dequantize.Input[i])! is { Dims: [var size, ..] } input && size == rows && (i == 0 || perRow))
                dequantize.Input[i] = TensorSlice.Add(graph, input, 0, start, count, i == 0 ? name + "/quantized" : $"{name}/{(i == 1 ? "scale" : "zero_point")}");
        }
        dequantize.Name = graph.NewNodeName(name);
        dequantize.Output[0] = graph.NewValue(name, type with { Dims = [count, .. type.Dims[1..]] });
        nodes.Add(dequantize);
        return dequantize.Output[0];
    }

    /// <summary>The DequantizeLinear of constants that makes a value, or null.</summary>
    private static NodeProto? Dequantized(RewriteGraph graph, string value) =>
        graph.Producer(value) is { } node && node.IsDequantize() && node.Int("block_size", 0) == 0 && graph.TypeOf(value) is { Dims.Length: > 0 }
        && node.Input.All(i => i.Length == 0 || graph.Constant(i) is { Dims.Count: var rank } constant && WeightReader.CanRead(constant) && (rank <= 1 || i == node.Input[0]))
            ? node : null;
}
