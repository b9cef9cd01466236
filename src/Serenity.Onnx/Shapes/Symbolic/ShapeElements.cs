using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>The whole numbers that shapes are computed with, element by element, as formulas of sizes.</summary>
internal static class ShapeElements
{
    /// <summary>The elements of a node's first output.</summary>
    /// <param name="inputs">The node and its inputs.</param>
    /// <param name="typeOf">Element type of a value.</param>
    /// <returns>Null where it is no short list of numbers that are known; an element is null where it is not known.</returns>
    public static SizeExpression?[]? Of(SizedInputs inputs, Func<string, DataType?> typeOf)
    {
        if (!OperatorDomain.IsOnnx(inputs.Node.Domain) || inputs.Node.Output.Count == 0)
            return null;
        return inputs.Node.OpType switch
        {
            "Shape" => Shape(inputs),
            "Size" => inputs.Dims(0) is { } dims ? [SizedInputs.Product(dims)] : null,
            "Identity" or "Squeeze" or "Unsqueeze" or "Reshape" or "Flatten" or "Cast" or "Floor" or "Ceil" or "Round" => Kept(inputs),
            "Concat" => Concat(inputs),
            "Gather" => Gather(inputs),
            "Slice" => Slice(inputs),
            "Add" => Pairwise(inputs, (a, b) => a + b),
            "Sub" => Pairwise(inputs, (a, b) => a - b),
            "Mul" => Pairwise(inputs, (a, b) => a * b),
            "Div" => Pairwise(inputs, typeOf(inputs.Node.Output[0]) is DataType.Int64 or DataType.Int32 ? (a, b) => Quotient(a, b, inputs.Space) : SizeExpression.Exactly),
            "Mod" => Pairwise(inputs, (a, b) => Quotient(a, b, inputs.Space) is { } quotient ? a - (quotient * b) : null),
            "Max" => inputs.Node.Input.Count == 2 ? Pairwise(inputs, (a, b) => SizeExpression.Max(a, b, inputs.Space)) : null,
            "Min" => inputs.Node.Input.Count == 2 ? Pairwise(inputs, (a, b) => SizeExpression.Min(a, b, inputs.Space)) : null,
            "Equal" => Pairwise(inputs, (a, b) => Truth(a - b, inputs.Space, (least, most) => least == 0 && most == 0, (least, most) => least > 0 || most < 0)),
            "Less" => Pairwise(inputs, (a, b) => Truth(a - b, inputs.Space, (_, most) => most < 0, (least, _) => least >= 0)),
            "LessOrEqual" => Pairwise(inputs, (a, b) => Truth(a - b, inputs.Space, (_, most) => most <= 0, (least, _) => least > 0)),
            "Greater" => Pairwise(inputs, (a, b) => Truth(a - b, inputs.Space, (least, _) => least > 0, (_, most) => most <= 0)),
            "GreaterOrEqual" => Pairwise(inputs, (a, b) => Truth(a - b, inputs.Space, (least, _) => least >= 0, (_, most) => most < 0)),
            "Neg" => inputs.Inputs[0]?.Elements is { } all ? Array.ConvertAll(all, e => e is null ? null : SizeExpression.Zero - e) : null,
            "Not" => inputs.Inputs[0]?.Elements is { } all ? Array.ConvertAll(all, e => e?.Constant is { } truth ? SizeExpression.Of(1 - truth) : null) : null,
            "Where" => Where(inputs),
            "ConstantOfShape" => Filled(inputs),
            "Expand" or "Tile" => Repeated(inputs),
            "Range" => Range(inputs),
            "ReduceProd" => inputs.Elements(0) is { } factors ? [SizedInputs.Product(factors)] : null,
            "ReduceSum" => inputs.Elements(0) is { } summands ? [summands.Aggregate(SizeExpression.Zero, (sum, e) => sum + e)] : null,
            "ReduceMax" => inputs.Elements(0) is { Length: > 0 } some ? [some.Aggregate((a, b) => SizeExpression.Max(a, b, inputs.Space))] : null,
            "ReduceMin" => inputs.Elements(0) is { Length: > 0 } some ? [some.Aggregate((a, b) => SizeExpression.Min(a, b, inputs.Space))] : null,
            _ => null,
        };
    }

    private static SizeExpression?[]? Kept(SizedInputs inputs) => inputs.Inputs[0]?.Elements;

    private static SizeExpression[]? Shape(SizedInputs inputs)
    {
        if (inputs.Dims(0) is not { } dims)
            return null;
        long start = Clamped(inputs.Node.Int("start", 0), dims.Length), end = Clamped(inputs.Node.Int("end", dims.Length), dims.Length);
        return start < end ? dims[(int)start..(int)end] : [];
    }

    private static long Clamped(long at, long length) => Math.Clamp(at < 0 ? at + length : at, 0, length);

    private static SizeExpression?[]? Concat(SizedInputs inputs)
    {
        if (!Array.TrueForAll(inputs.Inputs, i => i is { Dims.Length: 1 }))
            return null;
        List<SizeExpression?> all = [];
        foreach (SizedValue? part in inputs.Inputs)
        {
            if (part!.Elements is { } elements)
                all.AddRange(elements);
            else if (part.Dims![0].Constant is { } count and <= 64)
                all.AddRange(new SizeExpression?[count]);
            else
                return null;
        }
        return [.. all];
    }

    private static SizeExpression?[]? Gather(SizedInputs inputs)
    {
        if (inputs.Inputs[0] is not { Dims.Length: 1, Elements: { } all } || inputs.Constant(1) is not { } at)
            return null;
        return Array.TrueForAll(at, i => i >= -all.Length && i < all.Length) ? Array.ConvertAll(at, i => all[i < 0 ? i + all.Length : i]) : null;
    }

    private static SizeExpression?[]? Slice(SizedInputs inputs)
    {
        if (inputs.Inputs[0] is not { Dims.Length: 1, Elements: { } all } || inputs.List("starts", 1) is not [var start] || inputs.List("ends", 2) is not [var end])
            return null;
        long[]? steps = inputs.Has(4) ? inputs.Constant(4) : [1];
        return steps is [1] ? all[(int)Clamped(start, all.Length)..(int)Math.Max(Clamped(start, all.Length), Clamped(end, all.Length))] : steps is [-1] && start is -1 && end < -all.Length
            ? [.. Enumerable.Reverse(all)] : null;
    }

    private static SizeExpression?[]? Pairwise(SizedInputs inputs, Func<SizeExpression, SizeExpression, SizeExpression?> of)
    {
        if (inputs.Inputs.Length != 2 || inputs.Inputs[0]?.Elements is not { } a || inputs.Inputs[1]?.Elements is not { } b || (a.Length != b.Length && a.Length != 1 && b.Length != 1))
            return null;
        SizeExpression?[] result = new SizeExpression?[a.Length == 1 ? b.Length : a.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = a[a.Length == 1 ? 0 : i] is { } left && b[b.Length == 1 ? 0 : i] is { } right ? of(left, right) : null;
        return result;
    }

    /// <summary>A quotient of integers; they are rounded towards zero, so its sign must be known.</summary>
    private static SizeExpression? Quotient(SizeExpression a, SizeExpression b, SizeSpace space)
    {
        if (a.Constant is { } dividend && b.Constant is { } divisor)
            return divisor == 0 ? null : SizeExpression.Of(dividend / divisor);
        return SizeExpression.Exactly(a, b) ?? (a.Between(space).Least >= 0 && b.Between(space).Least > 0 ? SizeExpression.FloorDivide(a, b) : null);
    }

    private static SizeExpression? Truth(SizeExpression difference, SizeSpace space, Func<Int128, Int128, bool> always, Func<Int128, Int128, bool> never)
    {
        (Int128 least, Int128 most) = difference.Between(space);
        return always(least, most) ? SizeExpression.One : never(least, most) ? SizeExpression.Zero : null;
    }

    private static SizeExpression?[]? Where(SizedInputs inputs)
    {
        if (inputs.Inputs is not [{ Elements: { } which }, { Elements: { } a }, { Elements: { } b }])
            return null;
        int count = Math.Max(which.Length, Math.Max(a.Length, b.Length));
        if (new[] { which, a, b }.Any(v => v.Length != count && v.Length != 1))
            return null;
        SizeExpression?[] result = new SizeExpression?[count];
        for (int i = 0; i < count; i++)
        {
            (SizeExpression? yes, SizeExpression? no) = (At(a, i), At(b, i));
            result[i] = At(which, i)?.Constant switch { 0 => no, not null => yes, _ => yes is not null && yes.Equals(no) ? yes : null };
        }
        return result;

        static SizeExpression? At(SizeExpression?[] list, int i) => list[list.Length == 1 ? 0 : i];
    }

    private static SizeExpression?[]? Filled(SizedInputs inputs)
    {
        if (inputs.Constant(0) is not ([] or [<= 64]))
            return null;
        long count = inputs.Constant(0) is [var length] ? length : 1;
        Schema.TensorProto? value = inputs.Node.Find("value")?.T;
        long? filling = value is null ? 0 : (DataType)value.DataType switch
        {
            DataType.Int64 => BitConverter.ToInt64(Models.TensorData.ToRaw(value)),
            DataType.Int32 => BitConverter.ToInt32(Models.TensorData.ToRaw(value)),
            DataType.Bool => Models.TensorData.ToRaw(value)[0],
            _ => null,
        };
        return filling is { } whole ? [.. Enumerable.Repeat(SizeExpression.Of(whole), (int)count)] : null;
    }

    private static SizeExpression?[]? Repeated(SizedInputs inputs) =>
        inputs.Inputs[0]?.Elements is [var only] && inputs.Constant(1) is [var count and <= 64] ? [.. Enumerable.Repeat(only, (int)count)]
        : inputs.Constant(1) is [1] ? inputs.Inputs[0]?.Elements : null;

    private static SizeExpression?[]? Range(SizedInputs inputs)
    {
        if (inputs.Constant(0) is not [var start] || inputs.Constant(1) is not [var end] || inputs.Constant(2) is not [var step] || step == 0)
            return null;
        long count = Math.Max(0, -SizeExpression.Floor(start - end, Math.Abs(step)));
        return step == 1 && count <= 64 ? [.. Enumerable.Range(0, (int)count).Select(i => SizeExpression.Of(start + i))] : null;
    }
}
