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
internal sealed class MisreadScales
{
    private readonly GraphProto _before;
    private readonly Dictionary<string, (NodeProto Node, int Rank)> _sliced;

    /// <summary>Looks for such weights.</summary>
    /// <param name="before">The graph before it is fused.</param>
    /// <param name="shapes">Shapes of its values; null where none are known.</param>
    public MisreadScales(GraphProto before, ShapeTable? shapes)
    {
        ArgumentNullException.ThrowIfNull(before);
        (_before, _sliced) = (before, SlicedWeights(before, shapes));
    }

    /// <summary>The first of them.</summary>
    /// <param name="fused">The graph with fusions.</param>
    /// <returns>The node that reads the weights, and the axis that the file states; null if there are none.</returns>
    public (NodeProto Node, long Axis)? Find(GraphProto fused)
    {
        ArgumentNullException.ThrowIfNull(fused);
        if (_sliced.Count == 0)
            return null;
        // What still widens the weights by itself reads them as the file says.
        HashSet<string> taken = new(ModelNodes.All(fused).Where(n => n.Kind() is not (OperatorKind.Dequantization or OperatorKind.Quantization)).SelectMany(n => n.Input), StringComparer.Ordinal);
        foreach (NodeProto reader in ModelNodes.All(_before))
        {
            if (!Fuses(reader) || reader.Input.Count < 2 || !_sliced.TryGetValue(reader.Input[1], out (NodeProto Node, int Rank) weights))
                continue;
            long axis = weights.Node.Int("axis", 1);
            if (taken.Contains(weights.Node.Input[1]) && (axis < 0 ? axis + weights.Rank : axis) != AxisOfOutputs(reader, weights.Rank))
                return (reader, axis);
        }
        return null;
    }

    /// <summary>True where something moves such weights around before they are read. ONNX Runtime then moves the integers instead, and has another axis for the scales.</summary>
    public bool MayMove => _sliced.Count > 0 && ModelNodes.All(_before).Any(n => !Fuses(n) && n.Input.Any(_sliced.ContainsKey));

    private static bool Fuses(NodeProto reader) => reader.Kind() is OperatorKind.Convolution or OperatorKind.Product;

    /// <summary>Nodes that widen what has a scale for each slice, with the number of its axes, by what they give.</summary>
    private static Dictionary<string, (NodeProto Node, int Rank)> SlicedWeights(GraphProto graph, ShapeTable? shapes)
    {
        Dictionary<string, (NodeProto Node, int Rank)> sliced = new(StringComparer.Ordinal);
        NodeProto[] nodes = [.. ModelNodes.All(graph).Where(n => n.IsDequantize() && n.Input.Count > 1 && n.Output.Count == 1 && n.Int("block_size", 0) == 0)];
        if (nodes.Length == 0)
            return sliced;
        Dictionary<string, IReadOnlyList<long>> constants = new(StringComparer.Ordinal);
        AddConstants(graph, constants);
        foreach (NodeProto node in nodes)
        {
            if (DimsOf(node.Input[1]) is [> 1] && DimsOf(node.Input[0]) is { Count: > 1 and int rank })
                sliced.TryAdd(node.Output[0], (node, rank));
        }
        return sliced;

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
