using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;

namespace Serenity.Onnx.Pipeline;

/// <summary>What is open in the shapes of inputs and outputs, which their sizes at the peak do not tell.</summary>
internal static class OpenShapes
{
    /// <summary>An input or output with its open shape; any other buffer, and one whose sizes are all fixed, as it is.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="shapes">Shapes of the source's values.</param>
    public static ProgramBuffer Tell(ProgramBuffer buffer, ShapeTable shapes)
    {
        if (buffer.Kind is not (BufferKind.Input or BufferKind.Output) || shapes.Varies.GetValueOrDefault(buffer.Name) is not { } varies || !varies.Contains(true)
            || shapes.Find(buffer.Name) is not { } type)
            return buffer;
        SizeExpression[]? formulas = shapes.Formulas?.Dims.GetValueOrDefault(buffer.Name);
        return buffer with { OpenShape = [.. type.Dims.Select((size, i) => !varies[i] ? size.ToString(CultureInfo.InvariantCulture) : formulas is null ? "?" : formulas[i].ToString())] };
    }
}
