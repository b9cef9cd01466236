using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Time;

/// <summary>Types of the values of a graph, its initializers' as they say themselves.</summary>
internal sealed class KernelWeights
{
    private readonly Dictionary<string, TensorType> _weights = new(StringComparer.Ordinal);
    private readonly ShapeTable _shapes;

    public KernelWeights(GraphProto graph, ShapeTable shapes)
    {
        _shapes = shapes;
        foreach (TensorProto initializer in graph.Initializer)
            _weights[initializer.Name] = new TensorType((TensorProto.Types.DataType)initializer.DataType, [.. initializer.Dims]);
    }

    /// <summary>Type of a value; null where it is not known.</summary>
    public TensorType? TypeOf(string name) => _weights.GetValueOrDefault(name) ?? _shapes.Find(name);

    /// <summary>True for an initializer.</summary>
    public bool IsWeight(string name) => _weights.ContainsKey(name);
}
