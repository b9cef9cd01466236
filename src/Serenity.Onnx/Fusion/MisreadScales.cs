using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Fusion;

/// <summary>
/// Weights that a fusion of ONNX Runtime takes for others. Of a DequantizeLinear with a scale for each slice of the weights, an operator on floats, and a QuantizeLinear it makes one operator on
/// integers, and does not look along which axis the slices are. The operator on integers knows one axis alone: that of its own output channels or columns. Where there are as many slices along
/// the other axis, it computes something else; where there are not, it refuses to run (qdq_selectors.cc, ConvNodeGroupSelector and GemmNodeGroupSelector; qlinearconv.cc).
/// </summary>
internal static class MisreadScales
{
    /// <summary>The first of them.</summary>
    /// <param name="before">The graph before it was fused.</param>
    /// <param name="fused">The same with fusions.</param>
    /// <param name="shapes">Shapes of the values of the first; null where none are known.</param>
    /// <returns>The node that reads the weights, and the axis that the file states; null if there are none.</returns>
    public static (NodeProto Node, long Axis)? Find(GraphProto before, GraphProto fused, ShapeTable? shapes)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(fused);
        NodeProto[] nodes = [.. ModelNodes.All(before)];
        Dictionary<string, NodeProto> widened = new(StringComparer.Ordinal);
        foreach (NodeProto node in nodes)
        {
            if (node.IsDequantize() && node.Input.Count > 1 && node.Output.Count == 1 && node.Int("block_size", 0) == 0)
                widened.TryAdd(node.Output[0], node);
        }
        if (widened.Count == 0)
            return null;
        Dictionary<string, IReadOnlyList<long>> constants = new(StringComparer.Ordinal);
        AddConstants(before, constants);
        // What still widens the weights by itself reads them as the file says.
        HashSet<string> taken = new(ModelNodes.All(fused).Where(n => n.Kind() is not (OperatorKind.Dequantization or OperatorKind.Quantization)).SelectMany(n => n.Input), StringComparer.Ordinal);
        foreach (NodeProto reader in nodes)
        {
            if (reader.Kind() is not (OperatorKind.Convolution or OperatorKind.Product) || reader.Input.Count < 2 || !widened.TryGetValue(reader.Input[1], out NodeProto? weights))
                continue;
            long axis = weights.Int("axis", 1);
            if (taken.Contains(weights.Input[1]) && DimsOf(weights.Input[1]) is [> 1] && DimsOf(weights.Input[0]) is { Count: > 1 and int rank }
                && (axis < 0 ? axis + rank : axis) != AxisOfOutputs(reader, rank))
                return (reader, axis);
        }
        return null;

        IReadOnlyList<long>? DimsOf(string name) => constants.TryGetValue(name, out IReadOnlyList<long>? dims) ? dims : shapes?.Find(name)?.Dims;
    }

    private static int AxisOfOutputs(NodeProto reader, int rank) => reader.Kind() == OperatorKind.Convolution || reader.Int("transB", 0) != 0 ? 0 : rank - 1;

    private static void AddConstants(GraphProto graph, Dictionary<string, IReadOnlyList<long>> constants)
    {
        foreach (TensorProto initializer in graph.Initializer)
            constants.TryAdd(initializer.Name, initializer.Dims);
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                constants.TryAdd(node.Output[0], value.Dims);
            foreach (GraphProto subgraph in SubgraphCaptures.SubgraphsOf(node))
                AddConstants(subgraph, constants);
        }
    }
}
