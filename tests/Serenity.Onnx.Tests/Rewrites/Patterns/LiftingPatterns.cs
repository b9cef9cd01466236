using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>Patterns of parts that are made larger and then put together. Each returns whether concat lifting must match.</summary>
internal static class LiftingPatterns
{
    /// <summary>Parts by one operator; in one of four the last part stands in the way.</summary>
    [PatternOf("ConcatLifting", 3)]
    public static bool Lifting(PatternBuilder b)
    {
        bool fails = b.Random.Chance(0.25);
        int axis = b.Random.Pick([1, 1, 1, 2]);
        long[] channels = axis == 1 ? b.RandomChannels() : [.. Enumerable.Repeat((long)b.Random.Next(2, 5), b.Random.Next(2, 4))];
        (List<PatternValue> parts, bool holds) = b.Opset >= 10 && b.Random.Chance(0.7) ? Dequantized(b, channels, axis, fails) : Cast(b, channels, fails);
        // The inner one of two nested concats may hold where the outer does not.
        PatternValue value = holds ? b.Concat(parts, axis) : Flat(b, parts, axis);
        b.MayBeReadElsewhere(value);
        if (b.Type == DataType.Float && b.Opset >= 13 && axis == 1 && b.Random.Chance(0.5))
        {
            // A convolution that ONNX Runtime would make a quantized one, were it fed by a DequantizeLinear.
            (PatternValue result, _) = ConvolutionPatterns.Convolution(b, value, 1, b.Random.Next(1, 4), constant: true, quantized: true);
            b.Output(b.Write.Node("QuantizeLinear", [result.Name, ConvolutionPatterns.Scale(b, []), ConvolutionPatterns.Byte(b, DataType.Uint8)]), DataType.Uint8);
            return holds;
        }
        // A pool would have the concat sink through it.
        if (b.Random.Chance(0.2))
            b.End(value);
        else
            b.Output(value.Name);
        return holds;
    }

    private static PatternValue Flat(PatternBuilder b, List<PatternValue> parts, int axis)
    {
        long[] dims = [.. parts[0].Dims];
        dims[axis] = parts.Sum(p => p.Dims[axis]);
        return new PatternValue(b.Write.Node("Concat", [.. parts.Select(p => p.Name)], ("axis", (long)axis)), dims);
    }

    private static (List<PatternValue> Parts, bool Holds) Dequantized(PatternBuilder b, long[] channels, int axis, bool fails)
    {
        DataType small = b.Random.Pick([DataType.Uint8, DataType.Int8]);
        // Before opset 13 there is one scale for all of a tensor.
        bool alike = b.Random.Chance(b.Opset < 13 ? 0.7 : 0.2);
        string[] same = [ConvolutionPatterns.Scale(b, []), ConvolutionPatterns.Byte(b, small)];
        List<PatternValue> parts = [];
        for (int i = 0; i < channels.Length; i++)
        {
            bool odd = fails && i == channels.Length - 1;
            if (odd && b.Random.Chance(0.4))
            {
                // One that is large to begin with.
                b.Type = DataType.Float;
                parts.Add(b.Source(channels[i]));
                continue;
            }
            b.Type = odd && b.Random.Chance(0.3) ? small == DataType.Uint8 ? DataType.Int8 : DataType.Uint8 : small;
            PatternValue part = b.Source(channels[i]);
            (DataType type, b.Type) = (b.Type, DataType.Float);
            if (alike && !odd)
            {
                parts.Add(part with { Name = b.Write.Node("DequantizeLinear", [part.Name, .. same]) });
                continue;
            }
            (string[] constants, int along) = odd && type == small ? OddScale(b, part, small, axis) : Scale(b, part, type, axis);
            (string, object)[] attributes = b.Opset < 13 ? [] : [("axis", (long)along)];
            parts.Add(part with { Name = b.Write.Node("DequantizeLinear", [part.Name, .. constants], attributes) });
        }
        return (parts, !fails && (alike || b.Opset >= 13));
    }

    /// <summary>One scale, with a zero point or without, or one per slice of the concat's axis.</summary>
    private static (string[] Constants, int Along) Scale(PatternBuilder b, PatternValue part, DataType type, int axis) => (b.Opset < 13 ? 0 : b.Random.Next(3)) switch
    {
        0 => ([ConvolutionPatterns.Scale(b, []), ConvolutionPatterns.Byte(b, type)], axis),
        1 => ([ConvolutionPatterns.Scale(b, [])], axis),
        _ => ([ConvolutionPatterns.Scale(b, [part.Dims[axis]]), ConvolutionPatterns.Byte(b, type, part.Dims[axis])], axis),
    };

    /// <summary>A scale that is not known, or one per slice of another axis.</summary>
    private static (string[] Constants, int Along) OddScale(PatternBuilder b, PatternValue part, DataType type, int axis)
    {
        int other = axis == 1 ? 2 : 1;
        return b.Opset < 13 || part.Dims[other] == 1 || b.Random.Chance(0.5) ? ([b.NotConstant([1])], axis)
            : ([ConvolutionPatterns.Scale(b, [part.Dims[other]]), ConvolutionPatterns.Byte(b, type, part.Dims[other])], other);
    }

    private static (List<PatternValue> Parts, bool Holds) Cast(PatternBuilder b, long[] channels, bool fails)
    {
        DataType large = b.Random.Pick([DataType.Float, DataType.Float, DataType.Double]);
        DataType[] smaller = large == DataType.Float ? [DataType.Uint8, DataType.Int8] : [DataType.Float, DataType.Int32];
        // Of the same size, and float16, which is left alone.
        DataType small = b.Random.Pick(smaller), other = b.Random.Chance(0.5) ? DataType.Float16 : large == DataType.Float ? DataType.Int32 : DataType.Int64;
        bool allOther = fails && b.Random.Chance(0.5);
        List<PatternValue> parts = [];
        for (int i = 0; i < channels.Length; i++)
        {
            bool odd = fails && i == channels.Length - 1;
            b.Type = allOther ? other : odd ? smaller.Single(t => t != small) : small;
            PatternValue part = b.Source(channels[i]);
            parts.Add(part with { Name = b.Write.Node("Cast", [part.Name], ("to", (long)large)) });
        }
        b.Type = large;
        return (parts, !fails);
    }
}
