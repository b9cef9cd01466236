using Serenity.Onnx.Formulas;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of operators that only move elements.</summary>
internal static class MovementRegions
{
    /// <summary>Parts put together along another axis.</summary>
    public static NodeRegion? Concat(RegionQuery q, int first, string attribute, long otherwise)
    {
        if (q.Axis == q.AxisOf(attribute, otherwise, q.Rank))
            return null;
        return q.Rule([.. Enumerable.Range(first, q.Node.Input.Count - first).Select(i => (i, InputPart.Same(q.Axis)))]);
    }

    /// <summary>Parts taken apart along another axis.</summary>
    public static NodeRegion? Split(RegionQuery q) =>
        q.Axis != q.AxisOf("axis", 0, q.Rank) && q.Node.Output.All(o => o.Length > 0) ? q.Rule((0, InputPart.Same(q.Axis))) : null;

    /// <summary>A Slice: along an axis that it does not cut, or along one that it does.</summary>
    public static NodeRegion? Slice(RegionQuery q)
    {
        if (q.In(0) is not { } data || Ranges(q.Values, q.Node, data) is not { } ranges)
            return null;
        int at = Array.FindIndex(ranges.Axes, axis => axis == q.Axis);
        if (at < 0)
            return q.Rule((0, InputPart.Same(q.Axis)));
        long step = ranges.Steps[at], start = ranges.Starts[at];
        if (step < 1)
            return null;
        return q.Rule((0, new InputPart(q.Axis, AxisMap.Step(start, step)))) with
        {
            Write = (piece, form) =>
            {
                // The piece's input begins at the first element that is wanted.
                long[] starts = [.. ranges.Starts], ends = [.. ranges.Ends];
                (starts[at], ends[at]) = (0, form.Inputs[0].Length);
                Bounds(q, piece, form, starts, ends);
            },
        };
    }

    /// <summary>True for a Slice, step by step of 1, that cuts other axes than this one: it may cut this one too.</summary>
    public static bool MayNarrow(RegionValues values, NodeProto slice, int axis) =>
        slice.Is("Slice") && !values.IsOpen(slice.Input[0], axis) && values.Dims(slice.Input[0]) is { } data
            && Ranges(values, slice, data) is { } ranges && !ranges.Axes.Contains(axis) && Array.TrueForAll(ranges.Steps, s => s == 1);

    /// <summary>Makes a Slice cut one more axis.</summary>
    /// <param name="values">Constants of the model.</param>
    /// <param name="slice">The Slice as it was.</param>
    /// <param name="piece">A copy of it; changed.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="part">Positions along it.</param>
    /// <param name="form">Where constants go.</param>
    public static void Narrow(RegionValues values, NodeProto slice, NodeProto piece, int axis, Interval part, PieceForm form)
    {
        (long[] axes, long[] starts, long[] ends, _) = Ranges(values, slice, values.Dims(slice.Input[0])!)!.Value;
        (axes, starts, ends) = ([.. axes, axis], [.. starts, part.Start], [.. ends, part.End]);
        if (values.Opset < 10)
        {
            piece.Set("axes", axes);
            piece.Set("starts", starts);
            piece.Set("ends", ends);
            return;
        }
        while (piece.Input.Count > 1)
            piece.Input.RemoveAt(1);
        piece.Input.Add(form.NewIntegers($"{piece.Name}/starts", starts));
        piece.Input.Add(form.NewIntegers($"{piece.Name}/ends", ends));
        piece.Input.Add(form.NewIntegers($"{piece.Name}/axes", axes));
    }

    private static void Bounds(RegionQuery q, NodeProto piece, PieceForm form, long[] starts, long[] ends)
    {
        if (q.Values.Opset < 10)
        {
            piece.Set("starts", starts);
            piece.Set("ends", ends);
            return;
        }
        piece.Input[1] = form.NewIntegers($"{piece.Name}/starts", starts);
        piece.Input[2] = form.NewIntegers($"{piece.Name}/ends", ends);
        // Bounds and axes are of one type.
        if (piece.In(3).Length > 0)
            piece.Input[3] = form.NewIntegers($"{piece.Name}/axes", Ranges(q.Values, q.Node, q.In(0)!)!.Value.Axes);
        if (piece.In(4).Length > 0)
            piece.Input[4] = form.NewIntegers($"{piece.Name}/steps", Ranges(q.Values, q.Node, q.In(0)!)!.Value.Steps);
    }

    /// <summary>Bounds of a Slice as positions; null where one is not constant or it goes backwards.</summary>
    private static (long[] Axes, long[] Starts, long[] Ends, long[] Steps)? Ranges(RegionValues values, NodeProto node, long[] data)
    {
        bool attributes = values.Opset < 10;
        long[]? starts = attributes ? node.Ints("starts") : values.Integers(node.In(1));
        long[]? ends = attributes ? node.Ints("ends") : values.Integers(node.In(2));
        if (starts is null || ends is null || starts.Length != ends.Length)
            return null;
        long[]? axes = attributes ? node.Ints("axes") : node.In(3).Length > 0 ? values.Integers(node.In(3)) : null;
        if (!attributes && node.In(3).Length > 0 && axes is null)
            return null;
        axes ??= [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        long[]? steps = !attributes && node.In(4).Length > 0 ? values.Integers(node.In(4)) : [.. starts.Select(_ => 1L)];
        if (steps is null || steps.Length != starts.Length || axes.Length != starts.Length)
            return null;
        for (int i = 0; i < axes.Length; i++)
        {
            axes[i] = axes[i] < 0 ? axes[i] + data.Length : axes[i];
            long size = data[axes[i]];
            // What is not one size keeps the bounds as they are stated.
            if (steps[i] < 1 || values.IsOpen(node.Input[0], axes[i]))
                continue;
            starts[i] = Math.Clamp(starts[i] < 0 ? starts[i] + size : starts[i], 0, size);
            ends[i] = Math.Clamp(ends[i] < 0 ? ends[i] + size : ends[i], 0, size);
        }
        return (axes, starts, ends, steps);
    }

    /// <summary>Axes in another order.</summary>
    public static NodeRegion? Transpose(RegionQuery q) =>
        q.Rule((0, InputPart.Same(q.Node.Ints("perm") is { } perm ? (int)perm[q.Axis] : q.Rank - 1 - q.Axis)));

    /// <summary>
    /// Another shape for the same elements. The axis must be the outermost of those that it is merged with or split into: then a part of it is a block of elements in
    /// memory on both sides.
    /// </summary>
    public static NodeRegion? View(RegionQuery q)
    {
        if (q.In(0) is not { } from || Group(from, q.Dims, q.Axis) is not var (axis, inner, outer))
            return null;
        if (q.Values.OpenDims(q.Node.Input[0]) is not null || q.Values.OpenDims(q.Node.Output[0]) is not null)
        {
            if (Blocks(q, axis) is not var (open, into))
                return null;
            (inner, outer) = (open, into);
        }
        // Positions of the output that fall on the border of an input position.
        long multiple = inner / Gcd(inner, outer);
        if (q.Extent % multiple != 0)
            return null;
        return q.Rule((0, new InputPart(axis, AxisMap.Blocks(outer, inner)))) with { Multiple = multiple };
    }

    /// <summary>
    /// Elements in one position of the axis on either side, as the smallest numbers of that ratio, where it is the same at all sizes and the axes before begin at the same elements; else null.
    /// </summary>
    private static (long Inner, long Outer)? Blocks(RegionQuery q, int axis)
    {
        SizeExpression[] from = q.FormulasIn(0)!, to = q.Formulas;
        if (!SizeExpression.Product(from[..axis]).Equals(SizeExpression.Product(to[..q.Axis])))
            return null;
        SizeExpression inner = SizeExpression.Product(from[(axis + 1)..]), outer = SizeExpression.Product(to[(q.Axis + 1)..]);
        return SizeExpression.Exactly(outer, inner)?.Constant is > 0 and { } times ? (1, times)
            : SizeExpression.Exactly(inner, outer)?.Constant is > 0 and { } parts ? (parts, 1) : null;
    }

    /// <summary>
    /// The shape that a piece of a Reshape states. A size that is not fixed is copied from the input (0), or follows from all others (-1); null where that does not say it. The piece's own
    /// size along its axis is left as that of the whole; where that is not fixed, it is copied too, since a piece may be empty, of which nothing follows.
    /// </summary>
    /// <param name="q">The question.</param>
    /// <param name="cut">The input's axis that is cut.</param>
    private static long[]? Stated(RegionQuery q, int cut)
    {
        if (q.Values.OpenDims(q.Node.Output[0]) is not { } to)
            return q.Dims;
        SizeExpression[] from = q.FormulasIn(0)!;
        long[] dims = [.. q.Dims];
        for (int i = 0; i < dims.Length; i++)
        {
            if (to[i].Constant is null)
                dims[i] = i < from.Length && from[i].Equals(to[i]) && (i == cut) == (i == q.Axis) ? 0 : -1;
        }
        if (q.IsOpen(q.Axis))
            return Array.TrueForAll(dims, d => d >= 0) ? dims : null;
        int derived = dims.Count(d => d < 0);
        return derived == 0 || (derived == 1 && Array.TrueForAll(to, q.Values.IsNeverEmpty)) ? dims : null;
    }

    /// <summary>A view that states its shape, as a piece of it does too; the others go by axes, which a part does not move.</summary>
    public static NodeRegion? Reshape(RegionQuery q) => View(q) is not { } rule || Stated(q, rule.Inputs[0].Axis) is not { } stated ? null : rule with
    {
        Write = (piece, form) =>
        {
            long[] dims = [.. stated];
            if (!q.IsOpen(q.Axis))
                dims[q.Axis] = form.Output.Length;
            if (q.Values.Opset < 5)
                piece.Set("shape", dims);
            else
                piece.Input[1] = form.NewIntegers($"{piece.Name}/shape", dims);
            piece.Remove("allowzero");
        },
    };

    /// <summary>The input's axis that goes with an output's, and the elements in one position of each; null where there is none.</summary>
    internal static (int Axis, long Inner, long Outer)? Group(long[] from, long[] to, int axis)
    {
        // Elements before the axis, and from the axis on: where a dimension of the input begins after the same elements, it is its partner.
        long before = 1;
        for (int i = 0; i < axis; i++)
            before *= to[i];
        long outer = 1;
        for (int i = axis + 1; i < to.Length; i++)
            outer *= to[i];
        long passed = 1;
        for (int i = 0; i < from.Length; i++)
        {
            if (passed == before && from[i] != 1)
            {
                long inner = 1;
                for (int j = i + 1; j < from.Length; j++)
                    inner *= from[j];
                return (i, inner, outer);
            }
            passed *= from[i];
            if (passed > before)
                return null;
        }
        return null;
    }

    /// <summary>Copies along axes of size 1.</summary>
    public static NodeRegion? Expand(RegionQuery q)
    {
        if (q.In(0) is not { } from)
            return null;
        int axis = q.Axis - (q.Rank - from.Length);
        // Along a copied axis all pieces would be the same; that is not worth a rule.
        if (axis < 0 || from[axis] == 1)
            return null;
        long[] stated = [.. q.Dims];
        for (int i = 0; i < stated.Length; i++)
        {
            if (!q.IsOpen(i))
                continue;
            // A size that is not fixed is the input's own.
            if (i < q.Rank - from.Length || !q.FormulasIn(0)![i - (q.Rank - from.Length)].Equals(q.Formulas[i]))
                return null;
            stated[i] = 1;
        }
        return q.Rule((0, InputPart.Same(axis))) with
        {
            Write = (piece, form) =>
            {
                long[] dims = [.. stated];
                if (!q.IsOpen(q.Axis))
                    dims[q.Axis] = form.Output.Length;
                piece.Input[1] = form.NewIntegers($"{piece.Name}/shape", dims);
            },
        };
    }

    /// <summary>Copies side by side, along other axes.</summary>
    public static NodeRegion? Tile(RegionQuery q) =>
        q.Values.Opset >= 6 && q.In(0) is { } from && from.Length == q.Rank && q.Values.Integers(q.Node.In(1)) is { } repeats && repeats[q.Axis] == 1
            ? q.Rule((0, InputPart.Same(q.Axis))) : null;

    /// <summary>A border of a constant; reflections and edges only along other axes.</summary>
    public static NodeRegion? Pad(RegionQuery q)
    {
        NodeProto node = q.Node;
        bool attribute = q.Values.Opset < 11;
        if (q.In(0) is not { } data || node.In(3).Length > 0)
            return null;
        long[]? pads = attribute ? node.Ints("pads") ?? node.Ints("paddings") : q.Values.Integers(node.In(1));
        if (pads is null || pads.Length != 2 * q.Rank)
            return null;
        long before = pads[q.Axis], after = pads[q.Axis + q.Rank];
        if (before == 0 && after == 0)
            return q.Rule((0, InputPart.Same(q.Axis)));
        if (node.Text("mode", "constant") != "constant" || before < 0 || after < 0)
            return null;
        AxisMap map = AxisMap.Shift(-before);
        return q.Rule((0, new InputPart(q.Axis, map))) with
        {
            Allows = part => !map.Of(part).Within(data[q.Axis]).IsEmpty,
            Write = (piece, form) =>
            {
                long[] own = [.. pads];
                own[q.Axis] = form.Inputs[0].Start - form.Asked[0].Start;
                own[q.Axis + q.Rank] = form.Asked[0].End - form.Inputs[0].End;
                if (!attribute)
                    piece.Input[1] = form.NewIntegers($"{piece.Name}/pads", own);
                else
                    piece.Set(node.Ints("pads") is null ? "paddings" : "pads", own);
            },
        };
    }

    /// <summary>Rows picked along another axis, or a part of the indices.</summary>
    public static NodeRegion? Gather(RegionQuery q)
    {
        if (q.In(0) is not { } data || q.In(1) is not { } indices)
            return null;
        int axis = (int)q.AxisOf("axis", 0, data.Length);
        if (q.Axis < axis)
            return q.Rule((0, InputPart.Same(q.Axis)));
        return q.Axis < axis + indices.Length
            ? q.Rule((1, InputPart.Same(q.Axis - axis)))
            : q.Rule((0, InputPart.Same(q.Axis - indices.Length + 1)));
    }

    /// <summary>Channels to blocks of rows and columns.</summary>
    public static NodeRegion? DepthToSpace(RegionQuery q)
    {
        long block = q.Node.Int("blocksize", 1);
        return q.Axis switch
        {
            0 => q.Rule((0, InputPart.Same(0))),
            1 => null,
            _ => q.Rule((0, new InputPart(q.Axis, AxisMap.Blocks(1, block)))) with { Multiple = block },
        };
    }

    /// <summary>Blocks of rows and columns to channels.</summary>
    public static NodeRegion? SpaceToDepth(RegionQuery q)
    {
        long block = q.Node.Int("blocksize", 1);
        return q.Axis switch
        {
            0 => q.Rule((0, InputPart.Same(0))),
            1 => null,
            _ => q.Rule((0, new InputPart(q.Axis, AxisMap.Blocks(block, 1)))),
        };
    }

    private static long Gcd(long a, long b) => b == 0 ? a : Gcd(b, a % b);
}
