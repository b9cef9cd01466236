using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Ort;

/// <summary>
/// Writes the shapes of all intermediate values into a graph. ONNX Runtime plans with what it can infer before a run plus what the file
/// states; a value whose shape it does not know neither reuses a buffer nor works in place. With all shapes stated, its plan depends on
/// nothing but the file.
/// </summary>
internal static class ShapeRecord
{
    /// <summary>States the shapes of all node outputs that are neither graph outputs nor already stated in full.</summary>
    public static void Write(GraphProto graph, ShapeTable shapes)
    {
        HashSet<string> outputs = new(graph.Output.Select(o => o.Name), StringComparer.Ordinal);
        Dictionary<string, ValueInfoProto> stated = new(StringComparer.Ordinal);
        foreach (ValueInfoProto value in graph.ValueInfo)
            stated.TryAdd(value.Name, value);
        foreach (NodeProto node in graph.Node)
        {
            if (OrtGraph.IsConstant(node) || OrderPinning.IsAnchor(node))
                continue;
            foreach (string name in node.Output)
            {
                if (name.Length == 0 || outputs.Contains(name) || shapes.Find(name) is not { } type)
                    continue;
                ValueInfoProto value = Info(name, type);
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

    /// <summary>States type and shape of one value.</summary>
    public static ValueInfoProto Info(string name, TensorType type)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type.ElementType, Shape = new TensorShapeProto() };
        foreach (long dim in type.Dims)
            tensor.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dim });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
