using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of normalizations and reductions: free along the axes that they do not sum over.</summary>
internal static class NormRegions
{
    /// <summary>Elements between two addresses at which the widest vector unit may begin.</summary>
    private const long AlignedElements = 16;

    /// <summary>Per channel, with constants from training.</summary>
    public static NodeRegion? Batch(RegionQuery q)
    {
        if (q.Node.Int("training_mode", 0) != 0 || q.Values.Opset < 9 && q.Node.Int("is_test", 1) == 0 || !q.HasOneOutput || q.Rank < 2)
            return null;
        return q.Axis != 1 ? q.Rule((0, InputPart.Same(q.Axis)))
            : q.Rule([(0, InputPart.Same(1)), .. Enumerable.Range(1, 4).Select(i => (i, InputPart.Same(0)))]);
    }

    /// <summary>Per row, over the axes from <c>axis</c> on.</summary>
    public static NodeRegion? Layer(RegionQuery q) =>
        q.HasOneOutput && q.Axis < q.AxisOf("axis", -1, q.Rank) && Weights(q, 1) && Weights(q, 2) ? q.Rule((0, InputPart.Same(q.Axis))) : null;

    /// <summary>A sum with a skip connection, then per row.</summary>
    public static NodeRegion? SkipLayer(RegionQuery q)
    {
        if (q.Axis == q.Rank - 1 || q.Node.Output.Skip(1).Take(2).Any(o => o.Length > 0) || q.In(0) is not { } x || q.In(1) is not { } skip)
            return null;
        if (!x.AsSpan().SequenceEqual(q.Dims) || !skip.AsSpan().SequenceEqual(q.Dims))
            return null;
        // The sum itself, where it is asked for, has the output's shape.
        return q.Rule((0, InputPart.Same(q.Axis)), (1, InputPart.Same(q.Axis)));
    }

    /// <summary>Per channel of each image: the spatial axes are summed over.</summary>
    public static NodeRegion? Instance(RegionQuery q) => q.Axis switch
    {
        0 => q.Rule((0, InputPart.Same(0))) with { Stable = _ => false },
        // Where a channel begins in memory decides how its sum is vectorized.
        1 => q.Rule((0, InputPart.Same(1)), (1, InputPart.Same(0)), (2, InputPart.Same(0))) with { Stable = _ => false },
        _ => null,
    };

    /// <summary>Per group of channels of each image.</summary>
    public static NodeRegion? Group(RegionQuery q) => q.Axis == 0 ? q.Rule((0, InputPart.Same(0))) : null;

    /// <summary>Over all axes from one on.</summary>
    public static NodeRegion? FromAxisOn(RegionQuery q) => q.Axis < q.AxisOf("axis", 1, q.Rank) ? q.Rule((0, InputPart.Same(q.Axis))) : null;

    /// <summary>Along one axis.</summary>
    public static NodeRegion? AlongAxis(RegionQuery q, long otherwise) =>
        q.HasOneOutput && q.Axis != q.AxisOf("axis", otherwise, q.Rank) ? q.Rule((0, InputPart.Same(q.Axis))) : null;

    /// <summary>Over neighbouring channels.</summary>
    public static NodeRegion? AcrossChannels(RegionQuery q) => q.Axis != 1 ? q.Rule((0, InputPart.Same(q.Axis))) : null;

    /// <summary>A running sum along a constant axis.</summary>
    public static NodeRegion? CumSum(RegionQuery q)
    {
        if (q.Values.Integers(q.Node.In(1)) is not { Length: 1 } axes)
            return null;
        return (axes[0] < 0 ? axes[0] + q.Rank : axes[0]) != q.Axis ? q.Rule((0, InputPart.Same(q.Axis))) : null;
    }

    /// <summary>A reduction: an axis that stays is free.</summary>
    /// <param name="q">The question.</param>
    /// <param name="axes">The axes reduced; null where they are not known.</param>
    /// <param name="sums">True if what it makes of them depends on the order in which they are taken.</param>
    /// <param name="isSum">True if it makes their sum, or that over their number: two numbers have one sum, and it is rounded once.</param>
    public static NodeRegion? Reduction(RegionQuery q, long[]? axes, bool sums, bool isSum = false)
    {
        if (q.In(0) is not { } data || axes is not { Length: > 0 })
            return null;
        HashSet<long> reduced = [.. axes.Select(a => a < 0 ? a + data.Length : a)];
        // Shape inference lets an axis pass that the input does not have; the kernel does not.
        if (reduced.Any(axis => axis < 0 || axis >= data.Length))
            return null;
        bool keeps = q.Node.Int("keepdims", 1) != 0;
        int at = -1;
        for (int axis = 0, output = 0; axis < data.Length; axis++)
        {
            if (reduced.Contains(axis))
            {
                output += keeps ? 1 : 0;
                continue;
            }
            if (output++ == q.Axis)
                at = axis;
        }
        if (at < 0)
            return null;
        // A sum over the last axes is made row by row, vectorized from an aligned address on; over others, several columns at a time, and how many depends on how many there are.
        long row = reduced.Aggregate(1L, (product, axis) => product * data[axis]);
        bool isKnown = !reduced.Any(axis => q.Values.IsOpen(q.Node.Input[0], axis));
        bool rows = isKnown && reduced.Min() > at && reduced.Min() == data.Length - reduced.Count && row % AlignedElements == 0;
        return q.Rule((0, InputPart.Same(at))) with { Stable = rows || !sums || (isSum && isKnown && row <= 2) ? null : _ => false };
    }

    /// <summary>
    /// A maximum or minimum. Of numbers that have an order it is the same in whatever order they are taken. Of NaN, and of zeros of both signs, ONNX Runtime gives what its kernel comes upon first:
    /// rows over the last axes are taken in vectors from an aligned address on; over others, several columns at a time, four at once, and those that are left over one by one. With nothing but ones
    /// before the axes reduced, every column is taken one by one. Seen with NaN and zeros of both signs at all parts of many shapes (RegionRuleTests).
    /// </summary>
    /// <param name="q">The question.</param>
    /// <param name="axes">The axes reduced; null where they are not known.</param>
    public static NodeRegion? Extreme(RegionQuery q, long[]? axes)
    {
        if (Reduction(q, axes, sums: false) is not { } rule)
            return null;
        string input = q.Node.Input[0];
        if (q.Values.TypeOf(input)?.ElementType is not (DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16))
            return rule;
        long[] data = q.In(0)!;
        long[] reduced = [.. axes!.Select(a => a < 0 ? a + data.Length : a).Distinct().Order()];
        int at = rule.Inputs[0].Axis, first = (int)reduced[0], last = (int)reduced[^1];
        bool isKnown = !Enumerable.Range(0, data.Length).Any(axis => axis != at && q.Values.IsOpen(input, axis));
        if (!isKnown || last - first + 1 != reduced.Length)
            return rule with { Stable = _ => false };
        long before = Product(0, first), row = Product(first, last + 1), after = Product(last + 1, data.Length);
        if (last == data.Length - 1)
            return row % AlignedElements == 0 ? rule : rule with { Stable = _ => false };
        if (before == 1)
            return rule;
        // What is left of several images, or of several blocks of columns, is reduced as the whole is, and not as a single one.
        return at < first ? rule with { Stable = made => after % AlignedElements == 0 && made.Length * (before / data[at]) > 1 }
            : rule with { Stable = made => after % AlignedElements == 0 && made.Length * (after / data[at]) % AlignedElements == 0 };

        long Product(int from, int to)
        {
            long product = 1;
            for (int axis = from; axis < to; axis++)
                product *= data[axis];
            return product;
        }
    }

    /// <summary>Where the largest of each row is, over one axis or all from one on. Of NaN it is what the kernel comes upon first, in vectors from an aligned address on, as
    /// <see cref="Extreme"/> has it for rows.</summary>
    /// <param name="q">The question.</param>
    /// <param name="rule">Which part of the input is read.</param>
    /// <param name="fromAxisOn">True if a row is all axes from the attribute's on.</param>
    public static NodeRegion? Largest(RegionQuery q, NodeRegion? rule, bool fromAxisOn)
    {
        int axis = (int)q.AxisOf("axis", fromAxisOn ? 1 : -1, q.Rank);
        if (rule is null || axis < 0 || axis >= q.Rank)
            return null;
        IEnumerable<int> row = Enumerable.Range(axis, fromAxisOn ? q.Rank - axis : 1);
        return !row.Any(q.IsOpen) && row.Aggregate(1L, (product, a) => product * q.Dims[a]) % AlignedElements == 0 ? rule : rule with { Stable = _ => false };
    }

    private static bool Weights(RegionQuery q, int input) =>
        q.In(input) is not { } dims || q.Axis - (q.Rank - dims.Length) is var axis && (axis < 0 || dims[axis] == 1);
}
