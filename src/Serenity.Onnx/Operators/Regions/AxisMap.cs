namespace Serenity.Onnx.Operators.Regions;

/// <summary>
/// Which positions of an input an interval of an output's positions needs: from floor((start * Mul + Low) / Div) to
/// floor((last * Mul + High) / Div), last included. One form serves windows, steps, blocks and integer resizes, so that a search over
/// pieces computes with four integers and allocates nothing.
/// </summary>
/// <param name="Mul">Input positions per output position (a stride), times <paramref name="Div"/>.</param>
/// <param name="Low">Offset of the first position needed.</param>
/// <param name="High">Offset of the last position needed.</param>
/// <param name="Div">Output positions per input position.</param>
internal readonly record struct AxisMap(long Mul, long Low, long High, long Div)
{
    /// <summary>The same positions.</summary>
    public static AxisMap Same { get; } = new(1, 0, 0, 1);

    /// <summary>A window: kernel k, stride s, pad p before, dilation d.</summary>
    public static AxisMap Window(long kernel, long stride, long padBefore, long dilation) =>
        new(stride, -padBefore, (kernel - 1) * dilation - padBefore, 1);

    /// <summary>What a transposed window reads: every input position whose window meets the output's.</summary>
    public static AxisMap TransposedWindow(long kernel, long stride, long padBefore, long dilation) =>
        new(1, padBefore - (kernel - 1) * dilation + stride - 1, padBefore, stride);

    /// <summary>Shifted by an offset.</summary>
    public static AxisMap Shift(long offset) => new(1, offset, offset, 1);

    /// <summary>Every <paramref name="step"/>-th position from a start.</summary>
    public static AxisMap Step(long start, long step) => new(step, start, start, 1);

    /// <summary>Input positions of <paramref name="inner"/> elements each, output positions of <paramref name="outer"/> elements each, in the same order in memory.</summary>
    public static AxisMap Blocks(long outer, long inner) => new(outer, 0, outer - 1, inner);

    /// <summary>What is needed, not yet held against the input's ends.</summary>
    public Interval Of(Interval output) => output.IsEmpty
        ? new Interval(0, 0)
        : new Interval(Floor(output.Start * Mul + Low, Div), Floor((output.End - 1) * Mul + High, Div) + 1);

    private static long Floor(long value, long by) => by == 1 ? value : value >= 0 ? value / by : -((by - 1 - value) / by);
}
