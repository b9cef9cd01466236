using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Executors.OnnxRuntime.Shapes;

/// <summary>
/// Writes the shapes of all intermediate values into a graph. ONNX Runtime plans with what it can infer before a run plus what the file
/// states; a value whose shape it does not know neither reuses a buffer nor works in place. With all shapes stated, its plan depends on
/// nothing but the file.
/// </summary>
internal static class ShapeRecord
{
    /// <summary>
    /// States the shapes of all node outputs that are neither graph outputs nor already stated in full, and all of subgraphs in which all
    /// sizes are known, their inputs and outputs included; but none that varies from run to run.
    /// </summary>
    public static void Write(GraphProto graph, ShapeTable shapes) => Write(graph, shapes, shapes.Bodies);

    private static void Write(GraphProto graph, ShapeTable shapes, IReadOnlyDictionary<SubgraphKey, ShapeTable> bodies)
    {
        HashSet<string> outputs = new(graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        Dictionary<string, ValueInfoProto> stated = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in graph.ValueInfo)
            stated.TryAdd(value.Name, value);
        foreach (NodeProto node in graph.Node)
        {
            if (ConstantNode.Is(node) || AnchorNode.Is(node))
                continue;
            foreach ((SubgraphKey key, GraphProto body) in ModelShapes.SubgraphsOf(node))
            {
                if (!bodies.TryGetValue(key, out ShapeTable? inner))
                    continue;
                foreach (ValueInfoProto value in body.Input.Concat(body.Output))
                {
                    if (inner.Find(value.Name) is { } type)
                        value.Type = Info(value.Name, type).Type;
                }
                Write(body, inner, bodies);
            }
            foreach (string name in node.Output)
            {
                if (name.Length == 0 || outputs.Contains(name) || shapes.Find(name) is not { } type || !shapes.IsForeseen(name))
                    continue;
                ValueInfoProto value = Info(name, type, shapes.Formulas);
                if (stated.TryGetValue(name, out ValueInfoProto? already))
                {
                    already.Type = value.Type;
                    continue;
                }
                stated.Add(name, value);
                graph.ValueInfo.Add(value);
            }
        }
    }

    /// <summary>States type and shape of one value: what varies with the sizes of the inputs by a name for its formula.</summary>
    public static ValueInfoProto Info(string name, TensorType type, SizeFormulas? formulas = null)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type.ElementType, Shape = new TensorShapeProto() };
        SizeExpression[]? dims = formulas?.Find(name);
        for (int i = 0; i < type.Dims.Length; i++)
        {
            tensor.Shape.Dim.Add(dims is not null && dims[i].Constant is null
                ? new TensorShapeProto.Types.Dimension { DimParam = formulas!.NameOf(dims[i]) } : new TensorShapeProto.Types.Dimension { DimValue = type.Dims[i] });
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
