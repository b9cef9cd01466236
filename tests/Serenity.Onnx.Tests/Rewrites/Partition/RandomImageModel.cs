using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Partition;

/// <summary>Small networks over images with branches, skips, several scales, gates and several outputs, from a seed.</summary>
internal static class RandomImageModel
{
    /// <summary>Builds one.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="quantized">True for one as quantizers leave them: weights that are dequantized in every run, for their reader alone, and values that are quantized and dequantized on the way.</param>
    public static ModelProto Build(ulong seed, bool quantized = false)
    {
        TestRandom random = new(seed);
        int opset = quantized ? random.Pick([11, 13, 17]) : random.Pick([9, 11, 13, 17]);
        OnnxModelBuilder b = new(opset: opset);
        long[] start = [1, random.Next(2, 5), random.Next(12, 25), random.Next(9, 20)];
        List<(string Name, long[] Dims)> values = [(b.Input("x", DataType.Float, start), start)];
        HashSet<string> read = [];
        int nodes = random.Next(6, 16);
        for (int i = 0; i < nodes; i++)
        {
            (string from, long[] dims) = random.Chance(0.7) ? values[^1] : random.Pick(values);
            read.Add(from);
            values.Add(Next(b, random, from, dims, values, read, opset, quantized));
            if (quantized && random.Chance(0.3))
                values[^1] = (b.Node(random.Pick(["Relu", "Abs"]), [Quantized(b, values[^1].Name)]), values[^1].Dims);
        }
        // What nobody reads leaves the network, and now and then a value that is read does, too.
        foreach ((string name, long[] dims) in values.Skip(1).Where(v => !read.Contains(v.Name) || random.Chance(0.1)))
            b.Output(name, DataType.Float, dims);
        return b.Build();
    }

    private static (string, long[]) Next(OnnxModelBuilder b, TestRandom random, string from, long[] dims, List<(string Name, long[] Dims)> values, HashSet<string> read, int opset,
        bool quantized)
    {
        long channels = dims[1], height = dims[2], width = dims[3];
        switch (random.Next(12))
        {
            case 0 or 1 or 2 when height > 4 && width > 4:
                long kernel = random.Pick([1L, 2L, 3L, 5L]), stride = random.Pick([1L, 1L, 2L]), dilation = random.Pick([1L, 1L, 2L]), pad = random.Next((int)kernel);
                long reach = (kernel - 1) * dilation + 1;
                if (height + 2 * pad < reach || width + 2 * pad < reach)
                    goto default;
                bool depthwise = random.Chance(0.3);
                long outputs = depthwise ? channels : random.Next(1, 7);
                long[] shape = [outputs, depthwise ? 1 : channels, kernel, kernel];
                string weight = quantized && random.Chance(0.7) ? Dequantized(b, random, shape, perChannel: opset >= 13 && random.Chance(0.5))
                    : b.Weight(random.Floats(outputs * shape[1] * kernel * kernel, 0.5), shape);
                return (b.Node("Conv", [from, weight], ("strides", new[] { stride, stride }), ("dilations", new[] { dilation, dilation }), ("pads", new[] { pad, pad, pad, pad }), ("group", depthwise ? channels : 1L)),
                    [1, outputs, (height + 2 * pad - reach) / stride + 1, (width + 2 * pad - reach) / stride + 1]);
            case 3 when height > 4 && width > 4:
                bool ceil = random.Chance(0.5) && opset >= 10;
                string pool = random.Pick(["MaxPool", "AveragePool"]);
                (string, object)[] attributes = [("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 0, 0 })];
                // With the pad of 1 before, windows begin at -1, 1, 3, …; ONNX Runtime drops a last one that begins in the pad behind.
                long Size(long size) => (ceil ? (size + 1 - 3 + 1) / 2 : (size + 1 - 3) / 2) + 1;
                return (b.Node(pool, [from], ceil ? [.. attributes, ("ceil_mode", 1L)] : attributes), [1, channels, Size(height), Size(width)]);
            case 4 or 5:
                return (b.Node(random.Pick(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Abs", "HardSigmoid"]), [from]), dims);
            case 6 or 7 when values.FindLast(v => v.Name != from && v.Dims.AsSpan().SequenceEqual(dims)) is { Name: { } other }:
                read.Add(other);
                return (b.Node(random.Pick(["Add", "Mul", "Sub"]), [from, other]), dims);
            case 8 when values.FindLast(v => v.Name != from && v.Dims[2] == height && v.Dims[3] == width) is { Name: { } beside, Dims: var its }:
                read.Add(beside);
                return (b.Node("Concat", [from, beside], ("axis", 1L)), [1, channels + its[1], height, width]);
            case 9:
                // A gate: a barrier between the pool and the product.
                string gate = b.Node("Sigmoid", [b.Node("GlobalAveragePool", [from])]);
                return (b.Node("Mul", [from, gate]), dims);
            case 10 when opset >= 11 && height * width < 300:
                return (b.Node("Resize", [from, opset >= 13 ? "" : b.Weight([], 0), b.Weight([1, 1, 2, 2], 4)], ("mode", random.Pick(["nearest", "linear"])), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")),
                    [1, channels, height * 2, width * 2]);
            default:
                string constant = quantized && random.Chance(0.5) ? Dequantized(b, random, [1, 1, height, width], perChannel: false) : b.Weight(random.Floats(height * width, 1), 1, 1, height, width);
                return (b.Node("Add", [from, constant]), dims);
        }
    }

    /// <summary>Bytes that a DequantizeLinear makes weights of in every run.</summary>
    private static string Dequantized(OnnxModelBuilder b, TestRandom random, long[] dims, bool perChannel)
    {
        string bytes = b.Bytes([.. Enumerable.Range(0, checked((int)dims.Aggregate(1L, (all, d) => all * d))).Select(_ => (byte)random.Next(256))], dims);
        return perChannel ? b.Node("DequantizeLinear", [bytes, b.Weight(random.Floats(dims[0], 0.01), dims[0])], ("axis", 0L))
            : b.Node("DequantizeLinear", [bytes, b.Weight([0.008f]), b.Bytes([(byte)random.Next(256)])]);
    }

    /// <summary>A value that went through bytes.</summary>
    private static string Quantized(OnnxModelBuilder b, string value)
    {
        string scale = b.Weight([0.05f]), zero = b.Bytes([128]);
        return b.Node("DequantizeLinear", [b.Node("QuantizeLinear", [value, scale, zero]), scale, zero]);
    }
}
