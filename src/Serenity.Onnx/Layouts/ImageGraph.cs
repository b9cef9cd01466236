using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Layouts;

/// <summary>A model whose images may go into blocks: its nodes in an order, types, constants.</summary>
internal sealed class ImageGraph
{
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _producer = new(StringComparer.Ordinal);

    /// <summary>Indexes a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="order">Its nodes in a topological order; Constant nodes may be left out.</param>
    /// <param name="weights">Reads the weights.</param>
    public ImageGraph(ModelProto model, ShapeTable shapes, IEnumerable<NodeProto> order, WeightReader weights)
    {
        (Model, Shapes, Weights) = (model, shapes, weights);
        Nodes = [.. order.Where(node => !ConstantNode.Is(node))];
        Opset = OperatorDomain.OpsetOf(model);
        GraphProto graph = model.Graph;
        HashSet<string> inputs = new(model.IrVersion >= 4 ? graph.Input.Select(i => i.Name) : [], StringComparer.Ordinal);
        foreach (TensorProto initializer in graph.Initializer)
        {
            if (!inputs.Contains(initializer.Name))
                _constants[initializer.Name] = initializer;
        }
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                _constants[node.Output[0]] = value;
        }
        for (int node = 0; node < Nodes.Length; node++)
        {
            foreach (string output in Nodes[node].Output)
                _producer[output] = node;
        }
    }

    public ModelProto Model { get; }

    public ShapeTable Shapes { get; }

    public WeightReader Weights { get; }

    public NodeProto[] Nodes { get; }

    public long Opset { get; }

    /// <summary>The node that makes a value; -1 for inputs and weights.</summary>
    public int Producer(string value) => _producer.GetValueOrDefault(value, -1);

    /// <summary>The value of a constant that no caller can override; null for anything else.</summary>
    public TensorProto? Constant(string name) => _constants.GetValueOrDefault(name);

    /// <summary>True for a weight or a constant.</summary>
    public bool IsConstant(string name) => _constants.ContainsKey(name);

    /// <summary>Type of a value, weights included; null where it is not known.</summary>
    public TensorType? TypeOf(string name) =>
        Shapes.Find(name) ?? (Constant(name) is { } constant ? new TensorType((DataType)constant.DataType, [.. constant.Dims]) : null);

    /// <summary>Dimensions of a value, weights included; null where they are not known.</summary>
    public long[]? DimsOf(string name) => Shapes.Find(name)?.Dims ?? (Constant(name) is { } constant ? [.. constant.Dims] : null);

    /// <summary>Dimensions of a value that is an image: floats, of four dimensions, none of them empty; else null.</summary>
    public long[]? Image(string name) =>
        Shapes.Find(name) is { ElementType: DataType.Float, Dims: { Length: 4 } dims } && Array.TrueForAll(dims, d => d > 0) ? dims : null;

    /// <summary>Floats of a constant of some dimensions; null if it is none.</summary>
    public float[]? Floats(string name, params ReadOnlySpan<long> dims) =>
        Constant(name) is { } tensor && tensor.Dims.ToArray().AsSpan().SequenceEqual(dims) ? Weights.ReadFloats(tensor) : null;

    /// <summary>Integers of a constant; null if it is none.</summary>
    public long[]? Integers(string name)
    {
        if (Constant(name) is not { } tensor || (DataType)tensor.DataType is not (DataType.Int64 or DataType.Int32))
            return null;
        byte[] bytes = Weights.Read(tensor);
        return (DataType)tensor.DataType == DataType.Int64
            ? [.. Enumerable.Range(0, bytes.Length / 8).Select(i => BitConverter.ToInt64(bytes, 8 * i))]
            : [.. Enumerable.Range(0, bytes.Length / 4).Select(i => (long)BitConverter.ToInt32(bytes, 4 * i))];
    }
}
