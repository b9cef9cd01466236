using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Patterns;

/// <summary>Patterns of concats and what reads them, convolutions aside. Each returns whether its kind of rewrite must match.</summary>
internal static class ConcatPatterns
{
    /// <summary>An operator that may be applied to the parts of a concat, and one behind it that makes less of it.</summary>
    [PatternOf("ConcatSinking", 2)]
    public static bool Sinking(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Float16, DataType.Double, DataType.Int32, DataType.Uint8]);
        int axis = b.Random.Pick([1, 1, 1, 0, 2]);
        List<PatternValue> parts = axis == 1 ? b.Sources(b.RandomChannels()) : [.. Enumerable.Repeat(b.Source(b.Random.Next(2, 5)), b.Random.Next(2, 4))];
        PatternValue value = b.Concat(parts, axis);
        b.MayBeReadElsewhere(value);
        // It must come to less somewhere on the way, up to what does not work part by part.
        long before = PatternBuilder.Count(value.Dims);
        bool partwise = true;
        if (b.Type is DataType.Float or DataType.Float16)
            (value, partwise) = Between(b, value, axis);
        else if (b.Type != DataType.Uint8)
            value = value with { Name = b.Write.Node(b.Random.Pick(["Neg", "Abs"]), [value.Name]) };
        b.MayBeReadElsewhere(value, 0.1);
        bool holds = partwise && PatternBuilder.Count(value.Dims) < before;

        if (axis == 1 && b.Type is DataType.Float or DataType.Float16 && b.Random.Chance(0.4))
        {
            b.Output(b.Write.Node(b.Random.Pick(["GlobalAveragePool", "GlobalMaxPool"]), [value.Name]));
            return holds || partwise && axis == 1;
        }
        if (b.Type == DataType.Float && b.Opset >= 10 && b.Random.Chance(0.5))
        {
            b.Output(Quantize(b, value, axis, out bool alike), DataType.Uint8);
            return !b.SumsAnew && (holds || partwise && alike);
        }
        // Half of it along some axis; seldom along the concat's.
        int cut = b.Random.Chance(0.8) ? axis == 1 ? 2 : 1 : axis;
        long half = Math.Max(1, value.Dims[cut] / 2);
        b.Output(b.Opset < 10
            ? b.Write.Node("Slice", [value.Name], ("starts", new long[] { 0 }), ("ends", new[] { half }), ("axes", new long[] { cut }))
            : b.Write.Node("Slice", [value.Name, b.Integers(0), b.Integers(half), b.Integers(cut)]));
        return holds || partwise && cut != axis && half < value.Dims[cut];
    }

    private static string Quantize(PatternBuilder b, PatternValue value, int axis, out bool partwise)
    {
        partwise = true;
        if (b.Opset < 13 || b.Random.Chance(0.5))
            return b.Write.Node("QuantizeLinear", [value.Name, ConvolutionPatterns.Scale(b, []), ConvolutionPatterns.Byte(b, DataType.Uint8)]);
        int along = b.Random.Chance(0.7) ? axis : axis == 1 ? 2 : 1;
        long count = value.Dims[along];
        // Along another axis of the same size the scales could be taken for those of the concat's axis; then it is left alone.
        partwise = along == axis || count == 1 || count != value.Dims[axis];
        return b.Write.Node("QuantizeLinear",
            [value.Name, ConvolutionPatterns.Scale(b, [count]), ConvolutionPatterns.Byte(b, DataType.Uint8, count)], ("axis", (long)along));
    }

    /// <summary>MatMul or Gemm over a concat of the inner dimension.</summary>
    [PatternOf("MatMulPartition", 4)]
    public static bool MatMulPartition(PatternBuilder b)
    {
        b.Type = b.Random.Pick([DataType.Float, DataType.Float, DataType.Float, DataType.Double, DataType.Float16, DataType.Int32]);
        if (b.Type == DataType.Int32 && b.Opset < 9)
            b.Type = DataType.Double;
        bool gemm = b.Type is DataType.Float or DataType.Double && b.Random.Chance(0.4);
        int rank = gemm ? 2 : b.Random.Next(2, 5), axis = b.Random.Chance(0.8) ? rank - 1 : b.Random.Next(0, rank - 1);
        long[] outer = [.. Enumerable.Range(0, rank - 1).Select(_ => (long)b.Random.Next(1, 6))];
        List<PatternValue> parts = [];
        for (int i = b.Random.Next(2, 5); i > 0; i--)
        {
            long[] dims = [.. outer, axis == rank - 1 ? b.Random.Next(1, 14) : 4];
            parts.Add(parts.Count > 0 && b.Random.Chance(0.15) ? parts[^1] : Rows(b, dims));
        }
        PatternValue value = b.Concat(parts, axis);
        b.MayBeReadElsewhere(value);
        bool transposed = gemm && b.Random.Chance(0.15), constant = b.Random.Chance(0.85), flat = gemm || rank == 2 || b.Random.Chance(0.85);
        long inner = transposed ? value.Dims[0] : value.Dims[^1], columns = b.Random.Next(1, 5);
        bool transposedB = gemm && b.Random.Chance(0.5);
        long[] shape = transposedB ? [columns, inner] : [inner, columns];
        if (!flat)
            shape = [1, .. shape];
        List<string> inputs = [value.Name, constant ? b.Number(shape) : b.NotConstant(shape)];
        List<(string, object)> attributes = [];
        if (gemm)
        {
            attributes.AddRange([("alpha", 0.5), ("beta", 2.0), ("transA", transposed ? 1L : 0L), ("transB", transposedB ? 1L : 0L)]);
            if (b.Opset < 11 || b.Random.Chance(0.7))
                inputs.Add(b.Number(b.Random.Pick<long[]>([[columns], [1], [transposed ? value.Dims[1] : value.Dims[0], columns]])));
        }
        b.Output(b.Write.Node(gemm ? "Gemm" : "MatMul", [.. inputs], [.. attributes]));
        return b.Type is DataType.Float or DataType.Double && axis == rank - 1 && constant && flat && !transposed;
    }

    private static PatternValue Rows(PatternBuilder b, long[] dims)
    {
        string input = b.Input([.. dims[..^1], 1]);
        return new PatternValue(b.Write.Node("Mul", [input, b.Number([dims[^1]])]), dims);
    }

    /// <summary>
    /// An operator on a value, of the same size along <paramref name="axis"/> unless it stands in the way: one that works part by part there, or
    /// seldom one that does not.
    /// </summary>
    /// <returns>Its result, and whether it may be applied to the parts of a concat along the axis.</returns>
    public static (PatternValue Value, bool Partwise) Between(PatternBuilder b, PatternValue value, int axis)
    {
        long[] dims = value.Dims;
        int rank = dims.Length;
        switch (b.Random.Next(11))
        {
            case 0:
                return b.Opset >= 11
                    ? (Same("Clip", [value.Name, Scalar(-0.3f), Scalar(0.4f)]), true)
                    : b.Type == DataType.Float ? (Same("Clip", [value.Name], ("min", -0.3), ("max", 0.4)), true) : (Same("Relu", [value.Name]), true);
            case 1:
                string variance = b.Constant(b.Type, PatternBuilder.Bytes(b.Type, Array.ConvertAll(b.Random.Floats(value.Channels, 1), v => 0.5f + v * v)), [value.Channels]);
                return (Same("BatchNormalization", [value.Name, b.Number([value.Channels]), b.Number([value.Channels]), b.Number([value.Channels]), variance]),
                    axis == 1 && b.Opset >= 9);
            case 2 when dims.Skip(2).All(d => d > 2):
                long[] twos = [.. dims.Skip(2).Select(_ => 2L)];
                return (new PatternValue(b.Write.Node(b.Random.Pick(["MaxPool", "AveragePool"]), [value.Name], ("kernel_shape", twos)),
                    [dims[0], dims[1], .. dims.Skip(2).Select(d => d - 1)]), axis == 1);
            case 3 or 4:
                long[] shape = b.Random.Pick<long[]>([[], [1], [value.Channels, .. dims.Skip(2).Select(_ => 1L)], dims[1..], [dims[^1]], dims]);
                bool constant = b.Random.Chance(0.8);
                int at = axis - (rank - shape.Length);
                string other = constant ? b.Number(shape) : b.NotConstant(shape), op = b.Random.Pick(["Mul", "Add", "Sub", "PRelu"]);
                bool swap = op != "PRelu" && b.Random.Chance(0.4);
                return (Same(op, swap ? [other, value.Name] : [value.Name, other]), constant || at < 0 || shape[at] == 1);
            case 5:
                long[] pads = new long[2 * rank];
                for (int i = 2; i < rank; i++)
                    pads[i + (b.Random.Chance(0.5) ? rank : 0)] = b.Random.Next(0, 2);
                if (axis >= 2)
                    (pads[axis], pads[axis + rank]) = (0, 0);
                bool grows = b.Random.Chance(0.1);
                if (grows)
                    pads[axis] = 1;
                PatternValue padded = new("", [.. dims.Select((d, i) => d + pads[i] + pads[i + rank])]);
                return (padded with { Name = b.Opset < 11 ? b.Write.Node("Pad", [value.Name], ("pads", pads)) : b.Write.Node("Pad", [value.Name, b.Integers(pads)]) }, !grows);
            case 6 when rank == 4:
                return Resize(b, value, axis);
            case 7:
                int along = b.Random.Next(1, rank);
                return (Same("Softmax", [value.Name], ("axis", b.FromEitherEnd(along, rank))), b.Opset >= 13 && along != axis);
            case 8 when b.Random.Chance(0.3):
                return (Same("LpNormalization", [value.Name], ("axis", (long)axis)), false);
            case 9 when dims.Skip(2).All(d => d > 2):
                b.SumsAnew = true;
                return (Same("InstanceNormalization", [value.Name, b.Number([value.Channels]), b.Number([value.Channels])]), axis == 1);
            default:
                return (Same(b.Random.Pick(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Neg", "Abs", "Identity"]), [value.Name]), true);
        }

        PatternValue Same(string op, string[] inputs, params (string, object)[] attributes) => value with { Name = b.Write.Node(op, inputs, attributes) };

        string Scalar(float number) => b.Constant(b.Type, PatternBuilder.Bytes(b.Type, [number]), []);
    }

    private static (PatternValue Value, bool Partwise) Resize(PatternBuilder b, PatternValue value, int axis)
    {
        long[] dims = [.. value.Dims];
        int grown = b.Random.Chance(0.9) ? (axis == 3 ? 2 : 3) : Math.Max(2, axis);
        dims[grown] *= 2;
        float[] scales = [1, 1, 1, 1];
        scales[grown] = 2;
        bool partwise = grown != axis;
        if (b.Opset >= 11 && b.Random.Chance(0.4))
            return (new PatternValue(b.Write.Node("Resize", [value.Name, None(), b.Opset >= 13 ? "" : None(), b.Integers(dims)]), dims), partwise);
        // Shape inference wants them in the file.
        string? constant = b.Opset < 9 ? null : b.Write.Weight(scales, 4);
        string name = b.Opset switch
        {
            < 9 => b.Write.Node("Upsample", [value.Name], ("scales", scales)),
            9 => b.Write.Node("Upsample", [value.Name, constant!]),
            10 => b.Write.Node("Resize", [value.Name, constant!]),
            _ => b.Write.Node("Resize", [value.Name, None(), constant!]),
        };
        return (new PatternValue(name, dims), partwise);

        // Before opset 13 what is not given is an empty tensor.
        string None() => b.Opset >= 13 ? "" : b.Write.Weight([], 0);
    }
}
