using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>Irregularly wired convolution networks as architecture search finds them, small, deterministic, weights included.</summary>
public static class IrregularModels
{
    /// <summary>
    /// A Watts-Strogatz network as in RandWire: a ring of <paramref name="vertices"/>, each joined to its <paramref name="neighbours"/> nearest,
    /// every edge rewired with probability <paramref name="rewire"/>, edges directed by index. A vertex adds up its inputs, then
    /// Relu, depthwise 3x3 and pointwise convolution. Vertices without a successor are averaged. Sums are chains of Add, or one Sum each.
    /// </summary>
    public static ModelProto WattsStrogatz(int vertices = 16, int neighbours = 4, double rewire = 0.75, ulong seed = 1, int channels = 8, int size = 16,
        bool narySums = false)
    {
        TestRandom random = new(seed);
        bool[,] edge = new bool[vertices, vertices];
        for (int v = 0; v < vertices; v++)
        {
            for (int step = 1; step <= neighbours / 2; step++)
                edge[Math.Min(v, (v + step) % vertices), Math.Max(v, (v + step) % vertices)] = true;
        }
        for (int v = 0; v < vertices; v++)
        {
            for (int step = 1; step <= neighbours / 2; step++)
            {
                int to = (v + step) % vertices, other = random.Next(vertices);
                if (!random.Chance(rewire) || other == v || edge[Math.Min(v, other), Math.Max(v, other)])
                    continue;
                edge[Math.Min(v, to), Math.Max(v, to)] = false;
                edge[Math.Min(v, other), Math.Max(v, other)] = true;
            }
        }

        OnnxModelBuilder model = new("watts_strogatz");
        string input = model.Input("input", DataType.Float, 1, 3, size, size);
        string stem = Conv(model, random, input, 3, channels, 3, 1);
        string[] values = new string[vertices];
        bool[] read = new bool[vertices];
        for (int v = 0; v < vertices; v++)
        {
            int[] sources = [.. Enumerable.Range(0, v).Where(from => edge[from, v])];
            string sum = sources.Length == 0 ? "" : values[sources[0]];
            if (narySums && sources.Length > 1)
                sum = model.Node("Sum", [.. sources.Select(from => values[from])]);
            for (int i = 0; i < sources.Length; i++)
            {
                read[sources[i]] = true;
                if (i > 0 && !narySums)
                    sum = model.Node("Add", [sum, values[sources[i]]]);
            }
            values[v] = SeparableConv(model, random, sum.Length == 0 ? stem : sum, channels, 3, 1);
        }
        string[] ends = [.. Enumerable.Range(0, vertices).Where(v => !read[v]).Select(v => values[v])];
        string mean = ends.Length == 1 ? ends[0] : model.Node("Mean", ends);
        Classify(model, random, mean, channels);
        return model.Build();
    }

    /// <summary>
    /// A cell as in DARTS: two inputs, <paramref name="vertices"/> inner vertices, each the sum of two operations (separable or dilated
    /// convolution, pooling, skip) on earlier values, all concatenated; then a 1x1 convolution over the concat.
    /// </summary>
    public static ModelProto DartsCell(int vertices = 4, ulong seed = 1, int channels = 8, int size = 14)
    {
        TestRandom random = new(seed);
        OnnxModelBuilder model = new("darts_cell");
        List<string> states = [];
        for (int i = 0; i < 2; i++)
        {
            string input = model.Input($"s{i}", DataType.Float, 1, 2 * channels, size, size);
            states.Add(Conv(model, random, model.Node("Relu", [input]), 2 * channels, channels, 1, 1));
        }
        for (int v = 0; v < vertices; v++)
        {
            int first = random.Next(states.Count), second = (first + random.Next(1, states.Count)) % states.Count;
            states.Add(model.Node("Add", [Operation(states[first]), Operation(states[second])]));
        }
        string concat = model.Node("Concat", [.. states.Skip(2)], ("axis", 1L));
        string output = Conv(model, random, concat, vertices * channels, channels, 1, 1);
        model.Output(output, DataType.Float, 1, channels, size, size);
        return model.Build();

        string Operation(string x) => random.Next(5) switch
        {
            0 => SeparableConv(model, random, SeparableConv(model, random, x, channels, 3, 1), channels, 3, 1),
            1 => SeparableConv(model, random, x, channels, 5, 1),
            2 => SeparableConv(model, random, x, channels, 3, 2),
            3 => model.Node("MaxPool", [x], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 })),
            _ => x,
        };
    }

    private static string SeparableConv(OnnxModelBuilder model, TestRandom random, string x, int channels, int kernel, int dilation)
    {
        string relu = model.Node("Relu", [x]);
        long pad = kernel / 2 * dilation;
        string depthwise = model.Node(
            "Conv", [relu, model.Weight(random.Floats(channels * kernel * kernel, 0.5), channels, 1, kernel, kernel)],
            ("group", (long)channels), ("dilations", new long[] { dilation, dilation }), ("pads", new[] { pad, pad, pad, pad }));
        return Conv(model, random, depthwise, channels, channels, 1, 1);
    }

    private static string Conv(OnnxModelBuilder model, TestRandom random, string x, int from, int to, int kernel, int stride)
    {
        long pad = kernel / 2;
        string weight = model.Weight(random.Floats(to * from * kernel * kernel, Math.Sqrt(3.0 / (from * kernel * kernel))), to, from, kernel, kernel);
        string bias = model.Weight(random.Floats(to, 0.1), to);
        return model.Node("Conv", [x, weight, bias], ("strides", new long[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }));
    }

    private static void Classify(OnnxModelBuilder model, TestRandom random, string x, int channels)
    {
        string pooled = model.Node("Flatten", [model.Node("GlobalAveragePool", [x])]);
        string weight = model.Weight(random.Floats(10 * channels, 0.5), 10, channels);
        string output = model.Node("Gemm", [pooled, weight, model.Weight(random.Floats(10, 0.1), 10)], ("transB", 1L));
        model.Output(output, DataType.Float, 1, 10);
    }
}
