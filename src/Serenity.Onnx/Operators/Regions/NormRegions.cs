
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

    private static bool Weights(RegionQuery q, int input) =>
        q.In(input) is not { } dims || q.Axis - (q.Rank - dims.Length) is var axis && (axis < 0 || dims[axis] == 1);
}
