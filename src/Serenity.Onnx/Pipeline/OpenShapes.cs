using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;

namespace Serenity.Onnx.Pipeline;

/// <summary>What is open in the shapes of inputs and outputs, which their sizes at the peak do not tell.</summary>
internal static class OpenShapes
{
    /// <summary>An input, an output or a value with a place in an arena with its open shape; any other buffer, and one whose sizes are all fixed, as it is.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="source">Shapes of the source's values.</param>
    /// <param name="planned">Shapes of the plan's values.</param>
    public static ProgramBuffer Tell(ProgramBuffer buffer, ShapeTable source, ShapeTable planned)
    {
        bool isEnd = buffer is { Kind: BufferKind.Input or BufferKind.Output } or { Kind: BufferKind.Apart, SharesWith: null };
        ShapeTable shapes = isEnd ? source : planned;
        bool isTold = isEnd || (buffer.Kind == BufferKind.Activation && buffer.Offset is not null && shapes.Formulas is not null);
        if (!isTold || shapes.Varies.GetValueOrDefault(buffer.Name) is not { } varies || !varies.Contains(true) || shapes.Find(buffer.Name) is not { } type)
            return buffer;
        SizeExpression[]? formulas = shapes.Formulas?.Dims.GetValueOrDefault(buffer.Name);
        return buffer with { OpenShape = [.. type.Dims.Select((size, i) => !varies[i] ? size.ToString(CultureInfo.InvariantCulture) : formulas is null ? "?" : formulas[i].ToString())] };
    }
}
