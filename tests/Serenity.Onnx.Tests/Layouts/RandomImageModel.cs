using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Layouts;

/// <summary>Small networks over images, of what can stand in the blocked layout and of what cannot, from a seed.</summary>
internal static class RandomImageModel
{
    private static readonly int[] _channels = [1, 3, 4, 6, 8, 12, 13, 16, 20, 24, 32, 48];

    /// <summary>Makes a network.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="nodes">About how many nodes it has.</param>
    /// <param name="plain">True to have operators among them that images in blocks cannot go through.</param>
    public static ModelProto Create(ulong seed, int nodes = 12, bool plain = true)
    {
        TestRandom random = new(seed);
        OnnxModelBuilder builder = new(opset: 17);
        long batch = random.Chance(0.3) ? 2 : 1, size = random.Next(4, 9);
        List<(string Name, long[] Dims)> images = [];
        long[] first = [batch, random.Pick([3, 4, 8, 16, 24]), size, size];
        images.Add((builder.Input("x", DataType.Float, first), first));
        HashSet<string> read = [];
        for (int i = 0; i < nodes; i++)
        {
            (string x, long[] dims) = images[Math.Max(0, images.Count - 1 - random.Next(3))];
            (string[] Names, long[] Dims)? made = (random.Next(plain ? 16 : 13) is var kind && random.Chance(0.1) ? 16 : kind) switch
            {
                0 or 1 or 2 or 3 or 4 => Conv(builder, random, x, dims),
                5 => Depthwise(builder, random, x, dims),
                6 => ([builder.Node(random.Pick(["Relu", "Sigmoid", "Tanh", "Softplus", "LeakyRelu", "HardSigmoid"]), [x])], dims),
                16 => Rows(builder, random, x, dims),
                7 or 8 => Combine(builder, random, images, x, dims),
                9 => Concat(builder, images, x, dims),
                10 when dims[2] > 3 => ([builder.Node(random.Pick(["MaxPool", "AveragePool"]), [x], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 1, 1 }))], dims),
                11 when dims[2] <= 6 => (
                    [builder.Node("Resize", [x, "", builder.Weight([1, 1, 2, 2], 4)], ("mode", "nearest"), ("nearest_mode", "floor"), ("coordinate_transformation_mode", "asymmetric"))],
                    [dims[0], dims[1], 2 * dims[2], 2 * dims[3]]),
                12 => Normalize(builder, random, x, dims),
                13 => ([builder.Node("Softmax", [x], ("axis", 1L))], dims),
                14 when dims[1] % 2 == 0 => (builder.Nodes("Split", [x], 2, ("axis", 1L)), [dims[0], dims[1] / 2, dims[2], dims[3]]),
                15 => ([builder.Node("Mul", [x, builder.Node("GlobalAveragePool", [x])])], dims),
                _ => null,
            };
            if (made is not { } known)
                continue;
            read.Add(x);
            images.AddRange(known.Names.Select(n => (n, known.Dims)));
        }
        foreach ((string name, long[] dims) in images.Skip(1).Where((image, i) => !read.Contains(image.Name) || i == images.Count - 2))
            builder.Output(name, DataType.Float, dims);
        return builder.Build();
    }

    private static (string[], long[]) Conv(OnnxModelBuilder builder, TestRandom random, string x, long[] dims)
    {
        long k = random.Pick([1, 1, 3]), filters = random.Pick(_channels), stride = random.Chance(0.2) && dims[2] > 3 ? 2 : 1;
        string w = builder.Weight(random.Floats(filters * dims[1] * k * k, 0.5), filters, dims[1], k, k);
        string[] inputs = random.Chance(0.7) ? [x, w, builder.Weight(random.Floats(filters, 0.5), filters)] : [x, w];
        string y = builder.Node("Conv", inputs, ("pads", new long[] { k / 2, k / 2, k / 2, k / 2 }), ("strides", new[] { stride, stride }));
        return ([y], [dims[0], filters, (dims[2] - 1) / stride + 1, (dims[3] - 1) / stride + 1]);
    }

    private static (string[], long[]) Depthwise(OnnxModelBuilder builder, TestRandom random, string x, long[] dims)
    {
        string w = builder.Weight(random.Floats(dims[1] * 9, 0.5), dims[1], 1, 3, 3);
        return ([builder.Node("Conv", [x, w], ("pads", new long[] { 1, 1, 1, 1 }), ("group", dims[1]))], dims);
    }

    private static (string[], long[])? Combine(OnnxModelBuilder builder, TestRandom random, List<(string Name, long[] Dims)> images, string x, long[] dims)
    {
        (string Name, long[] Dims)[] like = [.. images.Where(i => i.Name != x && i.Dims.AsSpan().SequenceEqual(dims))];
        return like.Length == 0 ? null : ([builder.Node(random.Pick(["Add", "Add", "Sum", "Mul"]), random.Chance(0.5) ? [x, random.Pick(like).Name] : [random.Pick(like).Name, x])], dims);
    }

    private static (string[], long[])? Concat(OnnxModelBuilder builder, List<(string Name, long[] Dims)> images, string x, long[] dims)
    {
        (string Name, long[] Dims) other = images.LastOrDefault(i => i.Name != x && i.Dims[2] == dims[2]);
        return other.Name is null || dims[1] + other.Dims[1] > 96 ? null
            : ([builder.Node("Concat", [x, other.Name], ("axis", 1L))], [dims[0], dims[1] + other.Dims[1], dims[2], dims[3]]);
    }

    /// <summary>Rows or columns cut off, and some put together in another order.</summary>
    private static (string[], long[])? Rows(OnnxModelBuilder builder, TestRandom random, string x, long[] dims)
    {
        long axis = random.Pick([2, 3, -1, -2]), size = dims[axis < 0 ? axis + 4 : axis], at = size / 2;
        if (at == 0)
            return null;
        string Integer(long value) => builder.Integers(value);
        string Slice(long from, long to) => builder.Node("Slice", [x, Integer(from), Integer(to), Integer(axis)]);
        return ([builder.Node("Concat", [Slice(at, size), Slice(0, at)], ("axis", axis))], dims);
    }

    private static (string[], long[]) Normalize(OnnxModelBuilder builder, TestRandom random, string x, long[] dims)
    {
        string Each(float[] values) => builder.Weight(values, dims[1]);
        float[] variance = Array.ConvertAll(random.Floats(dims[1], 0.4), v => v + 0.6f);
        return ([builder.Node("BatchNormalization", [x, Each(random.Floats(dims[1], 1)), Each(random.Floats(dims[1], 1)), Each(random.Floats(dims[1], 1)), Each(variance)], ("epsilon", 1e-3))], dims);
    }
}
