using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>Patterns around convolutions. Each returns whether its kind of rewrite must match.</summary>
internal static class ConvolutionPatterns
{
    /// <summary>A convolution over a concat, with operators that work part by part between.</summary>
    [PatternOf("ChannelPartition", 0)]
    public static bool ChannelPartition(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Float, DataType.Float16]);
        List<PatternValue> parts = b.Sources(b.RandomChannels(least: b.Random.Chance(0.1) ? 1 : 2));
        int axis = 1;
        if (b.Random.Chance(0.15))
        {
            axis = b.Random.Pick([0, 2]);
            parts = [.. parts.Select(_ => parts[0])];
        }
        PatternValue value = b.Concat(parts, axis);
        foreach (PatternValue part in parts)
            b.MayBeReadElsewhere(part, 0.1);
        b.MayBeReadElsewhere(value);
        bool holds = axis == 1 && parts.Count > 1 && b.Type == DataType.Float;
        for (int i = b.Random.Next(3); i > 0; i--)
        {
            (value, bool partwise) = ConcatPatterns.Between(b, value, axis);
            holds &= partwise;
            b.MayBeReadElsewhere(value, 0.1);
        }
        long group = b.Random.Chance(0.1) && value.Channels % 2 == 0 ? 2 : 1;
        bool constant = b.Random.Chance(0.85);
        (value, _) = Convolution(b, value, group, group * b.Random.Next(1, 5), constant);
        b.End(value);
        return holds && group == 1 && constant;
    }

    /// <summary>A depthwise or grouped convolution over a concat, float or quantized, and a pool behind it.</summary>
    [PatternOf("KernelPartition", 1)]
    public static bool KernelPartition(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float16, DataType.Uint8]);
        if (b.Type == DataType.Uint8 && b.Opset < 12)
            b.Type = DataType.Float;
        long perGroup = b.Random.Pick([1, 1, 2]);
        long[] channels = b.RandomChannels(step: perGroup);
        int axis = b.Random.Chance(0.1) ? 2 : 1;
        // Parts that end within a group.
        bool straddles = axis == 1 && perGroup == 2 && b.Random.Chance(0.3);
        if (straddles)
            (channels[0], channels[^1]) = (channels[0] + 1, channels[^1] + 1);
        List<PatternValue> parts = axis == 1 ? b.Sources(channels) : b.Sources(channels[0], channels[0]);
        if (axis == 2)
            parts[1] = parts[0];
        // One part twice may have changed the sizes.
        straddles = parts.Any(p => p.Channels % perGroup != 0);
        PatternValue value = b.Concat(parts, axis);
        if (value.Channels % perGroup != 0)
            perGroup = 1;
        straddles &= perGroup > 1;
        b.MayBeReadElsewhere(value);
        long group = value.Channels / perGroup;
        bool constant = b.Random.Chance(0.85) || b.Type == DataType.Uint8;
        if (b.Type == DataType.Uint8)
        {
            value = Quantized(b, value, group, group * b.Random.Next(1, 3));
            // Twice as small along each axis, so there is something to gain whatever the multiplier.
            b.Output(Pool(b, value));
        }
        else
        {
            bool quantized = constant && b.Type == DataType.Float && b.Opset >= 10 && b.Random.Chance(0.4);
            (value, _) = Convolution(b, value, group, group * b.Random.Next(1, 3), constant, quantized);
            b.Output(b.Write.Node("GlobalAveragePool", [value.Name]));
        }
        return axis == 1 && constant && group > 1 && !straddles && PatternBuilder.Count(value.Dims[2..]) > 1;
    }

    /// <summary>An inverted bottleneck: expand, work channel by channel, project.</summary>
    [PatternOf("ChannelSplit", 5)]
    public static bool ChannelSplit(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Float16]);
        PatternValue value = b.Source(b.Random.Next(1, 4));
        bool holds = b.Type == DataType.Float;
        bool constant = b.Random.Chance(0.9);
        (value, _) = Convolution(b, value, 1, b.Random.Next(1, 5) * 4, constant);
        holds &= constant;
        if (b.Random.Chance(0.15))
        {
            // Wanted as a whole by something else.
            if (b.Random.Chance(0.5))
                b.Output(value.Name);
            else
                b.ReadElsewhere(value);
            holds = false;
        }
        for (int i = b.Random.Next(3); i > 0; i--)
        {
            if (b.Random.Chance(0.4))
            {
                (value, _) = Convolution(b, value, value.Channels, value.Channels, true);
                continue;
            }
            (value, bool partwise) = ConcatPatterns.Between(b, value, 1);
            holds &= partwise;
        }
        bool second = b.Random.Chance(0.9);
        (PatternValue result, _) = Convolution(b, value, 1, b.Random.Next(1, 4), second);
        b.End(result);
        if (b.Random.Chance(0.2))
        {
            // A second reader that sums over the channels as well.
            (PatternValue other, _) = Convolution(b, value, 1, b.Random.Next(1, 4), true);
            b.Output(other.Name);
        }
        return holds && second;
    }

    /// <summary>Slices on the spatial axes, then a strided 1x1 convolution.</summary>
    [PatternOf("StrideIntoSlice", 9)]
    public static bool StrideIntoSlice(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Float16]);
        b.Space = [.. b.Space.Select(s => s + 6)];
        PatternValue value = b.Source(b.Random.Next(1, 5));
        b.MayBeReadElsewhere(value);
        bool holds = false;
        int slices = b.Random.Next(1, 3);
        for (int i = 0; i < slices; i++)
        {
            (value, bool forward) = Slice(b, value);
            // One that goes backwards ends the row of slices; those nearer to the convolution still count.
            holds = b.Opset >= 10 && forward;
            b.MayBeReadElsewhere(value, 0.1);
        }
        long[] strides = [.. b.Space.Select(_ => (long)b.Random.Next(1, 4))], result = [value.Dims[0], 0, .. new long[b.Space.Length]];
        bool pointwise = b.Random.Chance(0.85), padded = b.Random.Chance(0.1), constant = b.Random.Chance(0.9);
        long kernel = pointwise ? 1 : 2, group = b.Random.Chance(0.2) ? value.Channels : 1, filters = group * b.Random.Next(1, 4);
        for (int i = 0; i < strides.Length; i++)
            result[i + 2] = (value.Dims[i + 2] + (padded ? 2 : 0) - kernel) / strides[i] + 1;
        result[1] = filters;
        long[] shape = [filters, value.Channels / group, .. b.Space.Select(_ => kernel)], pads = new long[2 * b.Space.Length];
        Array.Fill(pads, padded ? 1 : 0);
        string weight = constant ? b.Number(shape) : b.NotConstant(shape);
        List<(string, object)> attributes = [("strides", strides), ("group", group)];
        if (padded || b.Random.Chance(0.5))
            attributes.Add(("pads", pads));
        else if (b.Random.Chance(0.3))
            attributes.Add(("auto_pad", "VALID"));
        b.End(new PatternValue(b.Write.Node("Conv", [value.Name, weight], [.. attributes]), result));
        return holds && pointwise && !padded && constant && strides.Any(s => s > 1);
    }

    private static (PatternValue Value, bool Forward) Slice(PatternBuilder b, PatternValue value)
    {
        List<long> starts = [], ends = [], axes = [], steps = [];
        long[] dims = [.. value.Dims];
        bool forward = true;
        for (int axis = 2; axis < dims.Length; axis++)
        {
            if (axis > 2 && b.Random.Chance(0.3))
                continue;
            long size = dims[axis], start = b.Random.Next(0, 3), end = size - b.Random.Next(0, 2), step = b.Opset < 10 ? 1 : b.Random.Pick([1, 1, 2]);
            dims[axis] = (end - start + step - 1) / step;
            axes.Add(b.Opset >= 10 && b.Random.Chance(0.3) ? axis - dims.Length : axis);
            if (b.Opset >= 10 && b.Random.Chance(0.04))
            {
                forward = false;
                (starts, ends, steps) = ([.. starts, end - 1], [.. ends, start == 0 ? long.MinValue : start - 1], [.. steps, -step]);
                continue;
            }
            starts.Add(start > 0 && b.Random.Chance(0.2) ? start - size : start);
            ends.Add(end == size ? b.Random.Pick([size, size + 5, long.MaxValue]) : b.Random.Pick([end, end - size]));
            steps.Add(step);
        }
        string name;
        if (b.Opset < 10)
        {
            name = b.Write.Node("Slice", [value.Name], ("starts", starts.ToArray()), ("ends", ends.ToArray()), ("axes", axes.ToArray()));
        }
        else
        {
            List<string> inputs = [value.Name, b.Integers([.. starts]), b.Integers([.. ends]), b.Integers([.. axes])];
            if (steps.Any(s => s != 1) || b.Random.Chance(0.5))
                inputs.Add(b.Integers([.. steps]));
            name = b.Write.Node("Slice", [.. inputs]);
        }
        return (new PatternValue(name, dims), forward);
    }

    /// <summary>A convolution with random kernel, strides, dilations and pads or auto_pad; bias and, in ONNX Runtime's own form, an activation.</summary>
    public static (PatternValue Value, string Weight) Convolution(PatternBuilder b, PatternValue value, long group, long filters, bool constant, bool quantized = false)
    {
        int axes = value.Dims.Length - 2;
        long[] kernel = new long[axes], strides = new long[axes], dilations = new long[axes], pads = new long[2 * axes], dims = [value.Dims[0], filters, .. new long[axes]];
        string auto = b.Random.Pick(["", "", "", "", "SAME_UPPER", "SAME_LOWER", "VALID"]);
        for (int i = 0; i < axes; i++)
        {
            long size = value.Dims[i + 2];
            kernel[i] = Math.Min(size, b.Random.Pick([1, 1, 2, 3]));
            strides[i] = b.Random.Pick([1, 1, 1, 2]);
            dilations[i] = kernel[i] > 1 && size > 2 * kernel[i] && auto.Length == 0 ? b.Random.Pick([1, 1, 2]) : 1;
            if (auto.Length == 0)
                (pads[i], pads[i + axes]) = (b.Random.Next(0, 2), b.Random.Next(0, 2));
            long reach = dilations[i] * (kernel[i] - 1) + 1;
            dims[i + 2] = auto.StartsWith("SAME", StringComparison.Ordinal) ? (size + strides[i] - 1) / strides[i]
                : (size + pads[i] + pads[i + axes] - reach) / strides[i] + 1;
        }
        long[] shape = [filters, value.Channels / group, .. kernel];
        string weight = quantized ? Dequantized(b, DataType.Int8, shape) : constant ? b.Number(shape) : b.NotConstant(shape);
        List<string> inputs = [value.Name, weight];
        if (b.Random.Chance(0.5))
            inputs.Add(quantized ? Dequantized(b, DataType.Int32, [filters]) : b.Number([filters]));
        List<(string, object)> attributes = [("strides", strides), ("dilations", dilations)];
        if (auto.Length > 0)
            attributes.Add(("auto_pad", auto));
        else
            attributes.Add(("pads", pads));
        if (group != 1 || b.Random.Chance(0.5))
            attributes.Add(("group", group));
        if (b.Random.Chance(0.5))
            attributes.Add(("kernel_shape", kernel));
        bool fused = b.Type == DataType.Float && auto.Length == 0 && b.Random.Chance(0.15);
        if (fused)
            attributes.AddRange(b.Random.Pick<(string, object)[]>([[("activation", "Relu")], [("activation", "LeakyRelu"), ("activation_params", new[] { 0.1f })]]));
        return (new PatternValue(b.Write.Node(fused ? "com.microsoft:FusedConv" : "Conv", [.. inputs], [.. attributes]), dims), weight);
    }

    /// <summary>A kernel or bias as a quantizer leaves it: a constant behind a DequantizeLinear, with one scale or one per row.</summary>
    private static string Dequantized(PatternBuilder b, DataType type, long[] shape)
    {
        long[] per = b.Opset >= 13 && b.Random.Chance(0.6) ? [shape[0]] : [];
        List<string> inputs = [b.Constant(type, PatternBuilder.Bytes(type, b.Random.Floats(PatternBuilder.Count(shape), 0.5)), shape), Scale(b, per)];
        if (type == DataType.Int8 && b.Random.Chance(0.5))
            inputs.Add(Byte(b, type, per));
        (string, object)[] attributes = b.Opset < 13 ? [] : [("axis", 0L)];
        return b.Write.Node("DequantizeLinear", [.. inputs], attributes);
    }

    private static PatternValue Quantized(PatternBuilder b, PatternValue value, long group, long filters)
    {
        int axes = value.Dims.Length - 2;
        long[] kernel = [.. Enumerable.Repeat((long)b.Random.Pick([1, 3]), axes)];
        long pad = kernel[0] / 2;
        bool perChannel = b.Random.Chance(0.5);
        long[] shape = [filters, value.Channels / group, .. kernel], per = perChannel ? [filters] : [];
        List<string> inputs =
        [
            value.Name, Scale(b, []), Byte(b, DataType.Uint8), b.Constant(DataType.Int8, PatternBuilder.Bytes(DataType.Int8, b.Random.Floats(PatternBuilder.Count(shape), 0.5)), shape),
            Scale(b, per), b.Constant(DataType.Int8, new byte[PatternBuilder.Count(per)], per), Scale(b, []), Byte(b, DataType.Uint8),
        ];
        if (b.Random.Chance(0.5))
            inputs.Add(b.Constant(DataType.Int32, PatternBuilder.Bytes(DataType.Int32, b.Random.Floats(filters, 100)), [filters]));
        string name = b.Write.Node("QLinearConv", [.. inputs], ("group", group), ("pads", Enumerable.Repeat(pad, 2 * axes).ToArray()));
        return new PatternValue(name, [value.Dims[0], filters, .. value.Dims[2..]]);
    }

    public static string Scale(PatternBuilder b, long[] dims) =>
        b.Constant(DataType.Float, PatternBuilder.Bytes(DataType.Float, Array.ConvertAll(b.Random.Floats(PatternBuilder.Count(dims), 1), v => 0.01f + v * v)), dims);

    public static string Byte(PatternBuilder b, DataType type, params long[] dims) =>
        b.Constant(type, PatternBuilder.Bytes(type, b.Random.Floats(PatternBuilder.Count(dims), 0.5)), dims);

    private static string Pool(PatternBuilder b, PatternValue value)
    {
        long[] twos = [.. value.Dims[2..].Select(_ => 4L)];
        return b.Write.Node("MaxPool", [value.Name], ("kernel_shape", twos), ("strides", twos));
    }
}
