using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>A plan for a range of sizes as it is run at some: places stay, and what lies in them is as large as it is at those sizes.</summary>
internal static class ArenaAtSizes
{
    /// <summary>The model with inputs of those sizes, and the program with what values take then.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="program">Its program.</param>
    /// <param name="shapes">Types of its values at those sizes.</param>
    public static (ModelProto Model, ExecutionProgram Program) Of(ModelProto model, ExecutionProgram program, ShapeTable shapes)
    {
        ModelProto sized = model.Clone();
        foreach (ValueInfoProto input in sized.Graph.Input)
        {
            if (shapes.Find(input.Name) is not { } type || input.Type?.TensorType?.Shape is not { } shape || shape.Dim.Count != type.Dims.Length)
                continue;
            for (int axis = 0; axis < type.Dims.Length; axis++)
                shape.Dim[axis].DimValue = type.Dims[axis];
        }
        // What is stated of the others may name the largest sizes.
        sized.Graph.ValueInfo.Clear();
        return (sized, program with { Buffers = [.. program.Buffers.Select(b => b.Kind == BufferKind.Scratch || shapes.Find(b.Name) is not { } type ? b : b with { Bytes = type.Bytes })] });
    }
}
