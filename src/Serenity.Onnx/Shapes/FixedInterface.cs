using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// Writes the sizes that were planned for into a graph's inputs and outputs, in place of symbolic dimensions. A plan is true for
/// one set of sizes only; so a run with others is refused by the runtime instead of taking other memory than promised.
/// </summary>
internal static class FixedInterface
{
    /// <summary>Sets every open dimension whose size is known. Changes the graph.</summary>
    public static void Apply(GraphProto graph, ShapeTable shapes)
    {
        foreach (ValueInfoProto value in graph.Input.Concat(graph.Output))
        {
            // A value in the middle that was made an output has no type yet.
            if (value.Type is null && shapes.Find(value.Name) is { } made)
                value.Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)made.ElementType } };
            if (value.Type?.TensorType is not { } tensor || shapes.Find(value.Name) is not { } type || !shapes.IsExact(value.Name))
                continue;
            if (tensor.Shape is null || tensor.Shape.Dim.Count != type.Dims.Length)
            {
                tensor.Shape = new TensorShapeProto();
                tensor.Shape.Dim.AddRange(type.Dims.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }));
                continue;
            }
            for (int i = 0; i < type.Dims.Length; i++)
            {
                if (!tensor.Shape.Dim[i].HasDimValue || tensor.Shape.Dim[i].DimValue != type.Dims[i])
                    tensor.Shape.Dim[i].DimValue = type.Dims[i];
            }
        }
    }
}
