using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>Operators that move, repeat, cut and join elements.</summary>
internal static class MovementSizes
{
    private const string Onnx = "", Microsoft = OperatorDomain.Microsoft;

    public static void AddTo(AddRule add)
    {
        add(Onnx, n => [Transposed(n)], "Transpose");
        add(Onnx, n => [Reshaped(n)], "Reshape");
        add(Onnx, n => [Flattened(n)], "Flatten");
        add(Onnx, n => [Squeezed(n)], "Squeeze");
        add(Onnx, n => [Unsqueezed(n)], "Unsqueeze");
        add(Onnx, n => [Joined(n, [.. n.Inputs.Select(i => i?.Dims)], n.Node.Int("axis", 0))], "Concat");
        // Scale and zero point of the result, then of each part the part, its scale and its zero point.
        add(Microsoft, n => [Joined(n, [.. n.Inputs.Select(i => i?.Dims).Where((_, i) => i >= 2 && (i - 2) % 3 == 0)], n.Node.Int("axis", 0))], "QLinearConcat");
        add(Onnx, Split, "Split");
        add(Onnx, n => [Sliced(n)], "Slice");
        add(Onnx, n => [Gathered(n)], "Gather");
        add(Onnx, n => [n.Dims(1)], "GatherElements");
        add(Onnx, n => [GatheredByTuple(n)], "GatherND");
        add(Onnx, n => [n.Dims(0) is { } dims ? [Shape(n, dims.Length)] : null], "Shape");
        add(Onnx, _ => [[]], "Size");
        add(Onnx, n => [n.Elements(0)], "ConstantOfShape");
        add(Onnx, n => [Counted(n)], "Range");
        add(Onnx, n => [n.Broadcast(n.Dims(0), n.Elements(1))], "Expand");
        add(Onnx, n => [n.Dims(0) is { } x && n.Elements(1) is { } times && times.Length == x.Length ? [.. x.Zip(times, (dim, time) => dim * time)] : null], "Tile");
        add(Onnx, n => [Padded(n)], "Pad");
        add(Onnx, Best, "TopK");
        add(Onnx, n => [OneHot(n)], "OneHot");
        add(Onnx, n => n.Dims(0) is [var batch, var channels, var rows, var columns] && n.Node.Int("blocksize", 1) is var block
            ? [[batch, SizeExpression.FloorDivide(channels, SizeExpression.Of(block * block)), rows * block, columns * block]] : [null], "DepthToSpace");
        add(Onnx, n => n.Dims(0) is [var batch, var channels, var rows, var columns] && SizeExpression.Of(n.Node.Int("blocksize", 1)) is var block
            ? [[batch, channels * block * block, SizeExpression.FloorDivide(rows, block), SizeExpression.FloorDivide(columns, block)]] : [null], "SpaceToDepth");
        add(Onnx, n => [n.Dims(0) is [var batch, var channels, ..] && n.Dims(1) is { Length: > 2 } grid ? [batch, channels, .. grid[1..^1]] : null], "GridSample");
    }

    private static SizeExpression Shape(SizedInputs n, int rank)
    {
        long start = n.Node.Int("start", 0), end = n.Node.Int("end", rank);
        (start, end) = (Math.Clamp(start < 0 ? start + rank : start, 0, rank), Math.Clamp(end < 0 ? end + rank : end, 0, rank));
        return SizeExpression.Of(Math.Max(0, end - start));
    }

    private static SizeExpression[]? Transposed(SizedInputs n)
    {
        if (n.Dims(0) is not { } x)
            return null;
        long[] order = n.Node.Ints("perm") ?? [.. Enumerable.Range(0, x.Length).Reverse().Select(i => (long)i)];
        return order.Length == x.Length && order.All(i => i >= 0 && i < x.Length) ? [.. order.Select(i => x[i])] : null;
    }

    private static SizeExpression[]? Reshaped(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || (n.Node.Ints("shape") is { } stated ? Array.ConvertAll(stated, SizeExpression.Of) : n.Elements(1)) is not { } shape)
            return null;
        SizeExpression[] result = [.. shape];
        int rest = -1;
        for (int i = 0; i < result.Length; i++)
        {
            if (result[i].Constant == 0 && n.Node.Int("allowzero", 0) == 0)
            {
                if (i >= x.Length)
                    return null;
                result[i] = x[i];
            }
            else if (result[i].Constant == -1)
            {
                if (rest >= 0)
                    return null;
                rest = i;
            }
        }
        if (rest >= 0)
            result[rest] = SizeExpression.FloorDivide(SizedInputs.Product(x), SizedInputs.Product(result.Where((_, i) => i != rest)));
        return result;
    }

    private static SizeExpression[]? Flattened(SizedInputs n)
    {
        if (n.Dims(0) is not { } x)
            return null;
        long axis = n.Node.Int("axis", 1);
        axis += axis < 0 ? x.Length : 0;
        return axis < 0 || axis > x.Length ? null : [SizedInputs.Product(x[..(int)axis]), SizedInputs.Product(x[(int)axis..])];
    }

    private static SizeExpression[]? Squeezed(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || n.List("axes", 1) is not { } axes)
            return null;
        if (axes.Length == 0)
            return Array.TrueForAll(x, d => d.Constant is not null || d.Between(n.Space).Least > 1) ? [.. x.Where(d => d.Constant != 1)] : null;
        HashSet<int?> gone = [.. axes.Select(a => SizedInputs.Axis(a, x.Length))];
        return gone.Contains(null) ? null : [.. x.Where((_, i) => !gone.Contains(i))];
    }

    private static SizeExpression[]? Unsqueezed(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || n.List("axes", 1) is not { Length: > 0 } axes)
            return null;
        int rank = x.Length + axes.Length;
        HashSet<int?> ones = [.. axes.Select(a => SizedInputs.Axis(a, rank))];
        if (ones.Contains(null) || ones.Count != axes.Length)
            return null;
        int next = 0;
        return [.. Enumerable.Range(0, rank).Select(i => ones.Contains(i) ? SizeExpression.One : x[next++])];
    }

    private static SizeExpression[]? Joined(SizedInputs n, SizeExpression[]?[] parts, long at)
    {
        if (parts.Length == 0 || parts[0] is not { Length: > 0 } first || SizedInputs.Axis(at, first.Length) is not { } axis || Array.Exists(parts, p => p?.Length != first.Length))
            return null;
        SizeExpression[] result = [.. first];
        for (int i = 0; i < result.Length; i++)
        {
            // All have the same size there; one that is a number says it best.
            result[i] = i == axis ? parts.Aggregate(SizeExpression.Zero, (sum, part) => sum + part![i]) : Array.Find(parts, p => p![i].Constant is not null)?[i] ?? first[i];
        }
        return result;
    }

    private static SizeExpression[]?[] Split(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || SizedInputs.Axis(n.Node.Int("axis", 0), x.Length) is not { } axis)
            return [null];
        int count = n.Node.Output.Count;
        SizeExpression[]? sizes = n.Node.Ints("split") is { } stated ? Array.ConvertAll(stated, SizeExpression.Of) : n.Has(1) ? n.Elements(1) : Even();
        return sizes?.Length == count ? [.. sizes.Select(size => (SizeExpression[]?)[.. x[..axis], size, .. x[(axis + 1)..]])] : [null];

        // From version 18 on the last may be smaller.
        SizeExpression[] Even()
        {
            SizeExpression piece = SizeExpression.CeilDivide(x[axis], SizeExpression.Of(count));
            return [.. Enumerable.Range(0, count).Select(i => i < count - 1 ? piece : x[axis] - (piece * (count - 1)))];
        }
    }

    private static SizeExpression[]? Sliced(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || Numbers("starts", 1) is not { } starts || Numbers("ends", 2) is not { } ends || starts.Length != ends.Length)
            return null;
        long[]? axes = n.Node.Ints("axes") ?? (n.Has(3) ? n.Constant(3) : [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)]);
        long[]? steps = n.Has(4) ? n.Constant(4) : [.. Enumerable.Repeat(1L, starts.Length)];
        if (axes?.Length != starts.Length || steps?.Length != starts.Length)
            return null;
        SizeExpression[] result = [.. x];
        for (int i = 0; i < starts.Length; i++)
        {
            if (SizedInputs.Axis(axes[i], x.Length) is not { } axis || Length(n.Space, x[axis], starts[i], ends[i], steps[i]) is not { } length)
                return null;
            result[axis] = length;
        }
        return result;

        SizeExpression[]? Numbers(string attribute, int input) => n.Node.Ints(attribute) is { } stated ? Array.ConvertAll(stated, SizeExpression.Of) : n.Elements(input);
    }

    /// <summary>How many elements a slice takes of an axis; null where the signs of its ends are not known.</summary>
    private static SizeExpression? Length(SizeSpace space, SizeExpression size, SizeExpression start, SizeExpression end, long step)
    {
        const long far = int.MaxValue;
        if (step == -1 && start.Constant is -1 or >= far && end.Constant is <= -far)
            return size;
        if (step < 1 || At(start) is not { } from || At(end) is not { } to)
            return null;
        SizeExpression length = SizeExpression.Max(to - from, SizeExpression.Zero, space);
        return step == 1 ? length : SizeExpression.CeilDivide(length, SizeExpression.Of(step));

        SizeExpression? At(SizeExpression place)
        {
            if (place.Constant is >= far)
                return size;
            if (place.Constant is <= -far)
                return SizeExpression.Zero;
            (Int128 least, Int128 most) = place.Between(space);
            if (least < 0 && most >= 0)
                return null;
            SizeExpression counted = least < 0 ? SizeExpression.Max(size + place, SizeExpression.Zero, space) : place;
            return SizeExpression.Min(counted, size, space);
        }
    }

    private static SizeExpression[]? Gathered(SizedInputs n) =>
        n.Dims(0) is { } x && n.Dims(1) is { } indices && SizedInputs.Axis(n.Node.Int("axis", 0), x.Length) is { } axis ? [.. x[..axis], .. indices, .. x[(axis + 1)..]] : null;

    private static SizeExpression[]? GatheredByTuple(SizedInputs n)
    {
        int batch = (int)n.Node.Int("batch_dims", 0);
        return n.Dims(0) is { } x && n.Dims(1) is { Length: > 0 } indices && indices[^1].Constant is { } tuple && batch + tuple <= x.Length ? [.. indices[..^1], .. x[(int)(batch + tuple)..]] : null;
    }

    private static SizeExpression[]? Counted(SizedInputs n)
    {
        if (n.Elements(0) is not [var start] || n.Elements(1) is not [var limit] || n.Elements(2) is not [{ Constant: { } step }] || step < 1)
            return null;
        return [SizeExpression.Max(SizeExpression.CeilDivide(limit - start, SizeExpression.Of(step)), SizeExpression.Zero, n.Space)];
    }

    private static SizeExpression[]? Padded(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || (n.Node.Ints("pads") is { } stated ? Array.ConvertAll(stated, SizeExpression.Of) : n.Elements(1)) is not { } pads)
            return null;
        long[]? axes = n.Has(3) ? n.Constant(3) : [.. Enumerable.Range(0, x.Length).Select(i => (long)i)];
        if (axes is null || pads.Length != 2 * axes.Length)
            return null;
        SizeExpression[] result = [.. x];
        for (int i = 0; i < axes.Length; i++)
        {
            if (SizedInputs.Axis(axes[i], x.Length) is not { } axis)
                return null;
            result[axis] = x[axis] + pads[i] + pads[i + axes.Length];
        }
        return result;
    }

    private static SizeExpression[]?[] Best(SizedInputs n)
    {
        SizeExpression? count = n.Node.Find("k") is { } stated ? SizeExpression.Of(stated.I) : n.Elements(1) is [var k] ? k : null;
        if (count is null || n.Dims(0) is not { } x || SizedInputs.Axis(n.Node.Int("axis", -1), x.Length) is not { } axis)
            return [null];
        SizeExpression[] result = [.. x[..axis], count, .. x[(axis + 1)..]];
        return [result, result];
    }

    private static SizeExpression[]? OneHot(SizedInputs n)
    {
        if (n.Dims(0) is not { } indices || n.Elements(1) is not [var depth] || SizedInputs.Axis(n.Node.Int("axis", -1), indices.Length + 1) is not { } axis)
            return null;
        return [.. indices[..axis], depth, .. indices[axis..]];
    }
}
