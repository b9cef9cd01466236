using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Build.Manifest;

/// <summary>An input and the output that is the same with more along one axis: what one step of a decoder hands to the next.</summary>
/// <param name="Input">The input, as <c>past_key_values.0.key</c>.</param>
/// <param name="Output">The output, as <c>present.0.key</c>.</param>
/// <param name="Dimension">The dimension that grows from step to step.</param>
/// <param name="BytesPerToken">Bytes of each of the two for one more along it, as a formula of the other dimensions that have ranges.</param>
public sealed record CacheEntry(string Input, string Output, string Dimension, SizeExpression BytesPerToken);

/// <summary>
/// The caches of a decoder, told from the open shapes of its inputs and outputs: types are equal, and so are all axes but one, along which the input has the size of a dimension with a range, and the
/// output that size and more. Of several alike the first input goes with the first output, and so on.
/// </summary>
public static class CacheTable
{
    /// <summary>The caches; empty for a model that has none, or no range for what grows.</summary>
    /// <param name="program">Inputs and outputs.</param>
    /// <param name="range">The dimensions that have ranges; null for none.</param>
    public static IReadOnlyList<CacheEntry> Of(ExecutionProgram program, RangeFacts? range)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (range is null)
            return [];
        List<End> outputs = [.. Ends(program, BufferKind.Output)];
        List<CacheEntry> caches = [];
        foreach (End input in Ends(program, BufferKind.Input))
        {
            foreach (End output in outputs)
            {
                if (Grows(input, output, range) is not { } axis)
                    continue;
                SizeExpression others = input.Shape.Where((_, i) => i != axis).Aggregate(SizeExpression.One, (product, dim) => product * dim);
                SizeExpression bytes = SizeExpression.CeilDivide(others * TensorType.BitsPerElement(input.Type), SizeExpression.Of(8));
                caches.Add(new CacheEntry(input.Name, output.Name, input.Shape[axis].Symbols.Single(), bytes));
                outputs.Remove(output);
                break;
            }
        }
        return caches;
    }

    /// <summary>Bytes of all of them for one more token, of inputs alone: outputs take as much again while a step runs.</summary>
    /// <param name="caches">At least one.</param>
    public static SizeExpression BytesPerToken(IReadOnlyList<CacheEntry> caches)
    {
        ArgumentNullException.ThrowIfNull(caches);
        return caches.Aggregate(SizeExpression.Zero, (sum, cache) => sum + cache.BytesPerToken);
    }

    /// <summary>The one axis along which an output has a dimension's size and more, where all others are equal; else null.</summary>
    private static int? Grows(End input, End output, RangeFacts range)
    {
        if (input.Type != output.Type || input.Shape.Length != output.Shape.Length)
            return null;
        int[] different = [.. Enumerable.Range(0, input.Shape.Length).Where(i => !input.Shape[i].Equals(output.Shape[i]))];
        if (different is not [var axis] || input.Shape[axis].Symbols is not { Count: 1 } symbols || !range.Ranges.ContainsKey(symbols.Single()))
            return null;
        // The dimension itself, and at every size something behind it.
        SizeExpression past = SizeExpression.Symbol(symbols.Single()), more = output.Shape[axis] - past;
        return input.Shape[axis].Equals(past) && !more.Symbols.Contains(symbols.Single()) && more.IsMonotone && more.Constant is null or > 0 ? axis : null;
    }

    private static IEnumerable<End> Ends(ExecutionProgram program, BufferKind kind)
    {
        foreach (ProgramBuffer buffer in program.Buffers.Where(b => b.Kind == kind))
        {
            if (buffer is not { OpenShape: { } shape, Type: { } type } || !Enum.TryParse(type.Split('[')[0], ignoreCase: true, out TensorProto.Types.DataType element))
                continue;
            if (element is not (TensorProto.Types.DataType.String or TensorProto.Types.DataType.Undefined) && Read(shape) is { } dims)
                yield return new End(buffer.Name, element, dims);
        }
    }

    /// <summary>Open shapes may be a manifest's that anybody wrote; what depends on data is no formula.</summary>
    private static SizeExpression[]? Read(IReadOnlyList<string> shape)
    {
        try
        {
            return [.. shape.Select(SizeExpression.Parse)];
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private sealed record End(string Name, TensorProto.Types.DataType Type, SizeExpression[] Shape);
}
