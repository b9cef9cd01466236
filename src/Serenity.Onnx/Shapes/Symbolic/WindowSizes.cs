using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>Convolutions, pools and resizing: sizes that are rounded.</summary>
internal static class WindowSizes
{
    private const string Onnx = "", Microsoft = OperatorDomain.Microsoft;

    public static void AddTo(AddRule add)
    {
        add(Onnx, n => [Convolved(n, 1)], "Conv", "ConvInteger");
        add(Onnx, n => [Convolved(n, 3)], "QLinearConv");
        add(Microsoft, n => [Convolved(n, 1)], "FusedConv");
        add(Onnx, n => [Transposed(n)], "ConvTranspose");
        add(Onnx, n => [Pooled(n), Pooled(n)], "MaxPool");
        add(Onnx, n => [Pooled(n)], "AveragePool", "LpPool");
        add(Microsoft, n => n.Node.Int("channels_last", 0) == 0 ? [Pooled(n)] : [null], "QLinearAveragePool");
        add(Onnx, n => [Global(n)], "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool");
        add(Microsoft, n => n.Node.Int("channels_last", 0) == 0 ? [Global(n)] : [null], "QLinearGlobalAveragePool");
        add(Onnx, n => [Resized(n, 2, 3)], "Resize");
        add(Onnx, n => [Resized(n, 1, -1)], "Upsample");
    }

    private static SizeExpression[]? Convolved(SizedInputs n, int weight)
    {
        if (n.Dims(0) is not { Length: > 2 } x || n.Dims(weight) is not { } w || w.Length != x.Length)
            return null;
        long[]? kernel = n.Node.Ints("kernel_shape") ?? (Array.TrueForAll(w, d => d.Constant is not null) ? [.. w.Skip(2).Select(d => d.Constant!.Value)] : null);
        return kernel is not null && Windows(n, x, kernel, roundsUp: false) is { } spatial ? [x[0], w[0], .. spatial] : null;
    }

    private static SizeExpression[]? Pooled(SizedInputs n) =>
        n.Dims(0) is { Length: > 2 } x && n.Node.Ints("kernel_shape") is { } kernel && Windows(n, x, kernel, n.Node.Int("ceil_mode", 0) != 0) is { } spatial ? [x[0], x[1], .. spatial] : null;

    private static SizeExpression[]? Global(SizedInputs n) => n.Dims(0) is { Length: > 2 } x ? [x[0], x[1], .. Enumerable.Repeat(SizeExpression.One, x.Length - 2)] : null;

    /// <summary>How many windows there are along each spatial axis.</summary>
    private static SizeExpression[]? Windows(SizedInputs n, SizeExpression[] x, long[] kernel, bool roundsUp)
    {
        int axes = x.Length - 2;
        long[] strides = n.Node.Ints("strides") ?? [.. Enumerable.Repeat(1L, axes)], dilations = n.Node.Ints("dilations") ?? [.. Enumerable.Repeat(1L, axes)];
        long[] pads = n.Node.Ints("pads") ?? new long[2 * axes];
        string mode = n.Node.Text("auto_pad", "NOTSET");
        if (kernel.Length != axes || strides.Length != axes || dilations.Length != axes || pads.Length != 2 * axes || strides.Any(s => s < 1))
            return null;
        SizeExpression[] result = new SizeExpression[axes];
        for (int i = 0; i < axes; i++)
        {
            SizeExpression stride = SizeExpression.Of(strides[i]);
            if (mode is "SAME_UPPER" or "SAME_LOWER")
            {
                result[i] = SizeExpression.CeilDivide(x[i + 2], stride);
                continue;
            }
            (long before, long after) = mode == "VALID" ? (0, 0) : (pads[i], pads[i + axes]);
            SizeExpression room = x[i + 2] + (before + after - ((kernel[i] - 1) * dilations[i]) - 1);
            // The last window begins within the input or the padding before it.
            result[i] = !roundsUp ? SizeExpression.FloorDivide(room, stride) + 1
                : SizeExpression.Min(SizeExpression.CeilDivide(room, stride) + 1, SizeExpression.CeilDivide(x[i + 2] + before, stride), n.Space);
        }
        return result;
    }

    private static SizeExpression[]? Transposed(SizedInputs n)
    {
        if (n.Dims(0) is not { Length: > 2 } x || n.Dims(1) is not { } w || w.Length != x.Length || n.Node.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID"))
            return null;
        int axes = x.Length - 2;
        SizeExpression channels = w[1] * n.Node.Int("group", 1);
        if (n.Node.Ints("output_shape") is { } stated)
            return stated.Length >= axes ? [x[0], channels, .. stated[^axes..].Select(SizeExpression.Of)] : null;
        long[] strides = n.Node.Ints("strides") ?? [.. Enumerable.Repeat(1L, axes)], dilations = n.Node.Ints("dilations") ?? [.. Enumerable.Repeat(1L, axes)];
        long[] pads = n.Node.Ints("pads") ?? new long[2 * axes], more = n.Node.Ints("output_padding") ?? new long[axes];
        if (strides.Length != axes || dilations.Length != axes || pads.Length != 2 * axes || more.Length < axes)
            return null;
        SizeExpression[] result = new SizeExpression[axes];
        for (int i = 0; i < axes; i++)
        {
            if (w[i + 2].Constant is not { } kernel)
                return null;
            result[i] = ((x[i + 2] + -1) * strides[i]) + (more[i] + ((kernel - 1) * dilations[i]) + 1 - pads[i] - pads[i + axes]);
        }
        return [x[0], channels, .. result];
    }

    private static SizeExpression[]? Resized(SizedInputs n, int scaleInput, int sizeInput)
    {
        if (n.Dims(0) is not { } x || n.Node.Text("keep_aspect_ratio_policy", "stretch") != "stretch")
            return null;
        long[] axes = n.Node.Ints("axes") ?? [.. Enumerable.Range(0, x.Length).Select(i => (long)i)];
        SizeExpression[] result = [.. x];
        if (sizeInput >= 0 && n.Has(sizeInput))
        {
            if (n.Elements(sizeInput) is not { } sizes || sizes.Length != axes.Length)
                return null;
            for (int i = 0; i < axes.Length; i++)
                result[SizedInputs.Axis(axes[i], x.Length) ?? 0] = sizes[i];
            return result;
        }
        float[]? scales = n.Node.Find("scales") is { Floats.Count: > 0 } stated ? [.. stated.Floats] : n.Floats(n.Node.In(scaleInput));
        if (scales?.Length != axes.Length || Array.Exists(axes, a => SizedInputs.Axis(a, x.Length) is null))
            return null;
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = SizedInputs.Axis(axes[i], x.Length)!.Value;
            if (Scaled(x[axis], scales[i]) is not { } size)
                return null;
            result[axis] = size;
        }
        return result;
    }

    /// <summary>A size times a scale, rounded down; known where the scale is a whole number, or one over one that is a power of two, so that nothing is lost in float32.</summary>
    private static SizeExpression? Scaled(SizeExpression size, float scale)
    {
        if (size.Constant is { } constant)
            return SizeExpression.Of((long)(constant * scale));
        if (scale >= 1 && scale == MathF.Floor(scale) && scale < 1 << 20)
            return size * (long)scale;
        for (long by = 2; by <= 1 << 20; by *= 2)
        {
            // A few odd multiples too: 1.5 is 3/2.
            for (long times = 1; times < 16; times += 2)
            {
                if (scale == times / (float)by)
                    return SizeExpression.FloorDivide(size * times, SizeExpression.Of(by));
            }
        }
        return null;
    }
}
