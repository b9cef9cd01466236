using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>What a subgraph sees of the graphs around it, and how its outputs leave it.</summary>
/// <param name="Shapes">Table of the main graph, which has those of all subgraphs.</param>
/// <param name="Planned">What ONNX Runtime knows of their shapes when it plans; null if it knows them all.</param>
/// <param name="Constant">Constants of the graphs around it, by name.</param>
/// <param name="Given">Outputs of the subgraph that take no memory of their own: they are written where the node's own output is, or
/// are another name for a value from outside.</param>
internal sealed record BodyScope(
    ShapeTable Shapes, PlannedShapes? Planned, Func<string, TensorProto?> Constant, IReadOnlySet<string> Given)
{
    /// <summary>The scope of a main graph.</summary>
    public static BodyScope Main(ShapeTable shapes, PlannedShapes? planned) => new(shapes, planned, _ => null, new HashSet<string>());

    /// <summary>The constants that a graph in this scope and its nodes' subgraphs see.</summary>
    /// <param name="graph">The graph.</param>
    public Func<string, TensorProto?> ConstantsIn(GraphProto graph)
    {
        Dictionary<string, TensorProto> own = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
            own.TryAdd(tensor.Name, tensor);
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.ValueOf(node) is { } value)
                own.TryAdd(node.Output[0], value);
        }
        // From IR version 4 on, an initializer that is an input too is a default that the caller may replace.
        foreach (ValueInfoProto input in graph.Input)
            own.Remove(input.Name);
        return name => own.GetValueOrDefault(name) ?? Constant(name);
    }
}
