using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>
/// Networks that architecture search found, in their CIFAR form: a stem, cells of two inputs whose vertices are sums of two operations,
/// all vertices that the genotype names concatenated, and a 1x1 convolution over that concat (behind a Relu) in front of each of the next
/// two cells. Batch normalization is folded, weights are random, channels are few.
/// </summary>
public sealed class NasNetworks
{
    private readonly OnnxModelBuilder _model = new("nas");
    private readonly TestRandom _random;
    private readonly Genotype _genotype;
    private int _channels;

    private NasNetworks(Genotype genotype, ulong seed)
    {
        _genotype = genotype;
        _random = new TestRandom(seed);
    }

    /// <summary>Names of the networks that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["DARTS_V1", "DARTS_V2", "NASNet", "AmoebaNet"];

    /// <summary>Builds a network.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="cells">Number of cells; those at a third and two thirds reduce.</param>
    /// <param name="channels">Channels of the first cells.</param>
    /// <param name="size">Height and width of the input.</param>
    public static ModelProto Create(string name, int cells, int channels = 4, int size = 16)
    {
        NasNetworks network = new(_genotypes[name], 1);
        return network.Build(cells, channels, size);
    }

    private ModelProto Build(int cells, int channels, int size)
    {
        _channels = channels;
        Value input = new(_model.Input("input", DataType.Float, 1, 3, size, size), 3, size);
        Value before = Conv(input, 3 * channels, 3), last = before;
        bool reducedBefore = false;
        for (int i = 0; i < cells; i++)
        {
            bool reduces = cells > 2 && (i == cells / 3 || i == 2 * cells / 3);
            if (reduces)
                _channels *= 2;
            Value cell = Cell(before, last, reduces, reducedBefore);
            (before, last, reducedBefore) = (last, cell, reduces);
        }
        string pooled = _model.Node("Flatten", [_model.Node("GlobalAveragePool", [last.Name])]);
        _model.Output(_model.Node("Gemm", [pooled, Weight(last.Channels, 10)]), DataType.Float, 1, 10);
        return _model.Build();
    }

    private Value Cell(Value s0, Value s1, bool reduces, bool reducedBefore)
    {
        (string Operation, int From)[] steps = reduces ? _genotype.Reduce : _genotype.Normal;
        List<Value> states =
        [
            reducedBefore ? FactorizedReduction(s0) : ReluConv(s0, _channels),
            ReluConv(s1, _channels),
        ];
        for (int i = 0; i < steps.Length; i += 2)
        {
            Value a = Apply(steps[i]), b = Apply(steps[i + 1]);
            states.Add(a with { Name = _model.Node("Add", [a.Name, b.Name]) });
        }
        int[] concat = reduces ? _genotype.ReduceConcat : _genotype.NormalConcat;
        string name = _model.Node("Concat", [.. concat.Select(i => states[i].Name)], ("axis", 1));
        return states[concat[0]] with { Name = name, Channels = concat.Length * _channels };

        Value Apply((string Operation, int From) step) => Operation(states[step.From], step.Operation, reduces && step.From < 2 ? 2 : 1);
    }

    private Value Operation(Value x, string operation, int stride)
    {
        switch (operation)
        {
            case "skip_connect":
                return stride == 1 ? x : FactorizedReduction(x);
            case "max_pool_3x3" or "avg_pool_3x3":
                return x with
                {
                    Name = _model.Node(operation[0] == 'm' ? "MaxPool" : "AveragePool", [x.Name],
                        ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { stride, stride }), ("pads", new long[] { 1, 1, 1, 1 })),
                    Size = (x.Size + stride - 1) / stride,
                };
            case "conv_7x1_1x7":
                Value wide = Conv(Relu(x), _channels, 1, 7, stride);
                return Conv(wide, _channels, 7, 1, 1, stride);
            case "dil_conv_3x3":
                return Conv(Depthwise(Relu(x), 3, stride, 2), _channels, 1);
            default:
                int kernel = operation[^1] - '0';
                Value first = Conv(Depthwise(Relu(x), kernel, stride, 1), _channels, 1);
                return Conv(Depthwise(Relu(first), kernel, 1, 1), _channels, 1);
        }
    }

    private Value ReluConv(Value x, int filters) => Conv(Relu(x), filters, 1);

    private Value Relu(Value x) => x with { Name = _model.Node("Relu", [x.Name]) };

    /// <summary>Two 1x1 convolutions of stride two, the second one pixel further, side by side.</summary>
    private Value FactorizedReduction(Value x)
    {
        Value relu = Relu(x);
        string shifted = _model.Node("Slice", [relu.Name, _model.Integers(1, 1), _model.Integers(x.Size, x.Size), _model.Integers(2, 3)]);
        string even = _model.Node("Conv", [relu.Name, Weight(_channels / 2, x.Channels, 1, 1)], ("strides", new long[] { 2, 2 }));
        string odd = _model.Node("Conv", [shifted, Weight(_channels - _channels / 2, x.Channels, 1, 1)], ("strides", new long[] { 2, 2 }));
        return new Value(_model.Node("Concat", [even, odd], ("axis", 1)), _channels, (x.Size + 1) / 2);
    }

    private Value Depthwise(Value x, int kernel, int stride, int dilation)
    {
        long pad = dilation * (kernel - 1) / 2;
        string name = _model.Node("Conv", [x.Name, Weight(x.Channels, 1, kernel, kernel)], ("group", x.Channels),
            ("strides", new long[] { stride, stride }), ("dilations", new long[] { dilation, dilation }), ("pads", new[] { pad, pad, pad, pad }));
        return x with { Name = name, Size = (x.Size + stride - 1) / stride };
    }

    private Value Conv(Value x, int filters, int kernel) => Conv(x, filters, kernel, kernel, 1, 1);

    private Value Conv(Value x, int filters, int height, int width, int strideWide, int strideHigh = 1)
    {
        long h = height / 2, w = width / 2;
        string name = _model.Node("Conv", [x.Name, Weight(filters, x.Channels, height, width), Weight(filters)],
            ("strides", new long[] { strideHigh, strideWide }), ("pads", new[] { h, w, h, w }));
        return new Value(name, filters, (x.Size + strideHigh - 1) / strideHigh);
    }

    private string Weight(params long[] dims)
    {
        long count = 1;
        foreach (long dim in dims)
            count *= dim;
        return _model.Weight(_random.Floats(count, 1.0 / Math.Sqrt(Math.Max(1, count / dims[0]))), dims);
    }

    private sealed record Value(string Name, int Channels, int Size);

    private sealed record Genotype((string, int)[] Normal, int[] NormalConcat, (string, int)[] Reduce, int[] ReduceConcat);

    private static readonly Dictionary<string, Genotype> _genotypes = new(StringComparer.Ordinal)
    {
        ["DARTS_V1"] = new(
            [("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("skip_connect", 0), ("sep_conv_3x3", 1), ("skip_connect", 0), ("sep_conv_3x3", 1),
                ("sep_conv_3x3", 0), ("skip_connect", 2)], [2, 3, 4, 5],
            [("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 0), ("max_pool_3x3", 0), ("skip_connect", 2),
                ("skip_connect", 2), ("avg_pool_3x3", 0)], [2, 3, 4, 5]),
        ["DARTS_V2"] = new(
            [("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 1), ("skip_connect", 0),
                ("skip_connect", 0), ("dil_conv_3x3", 2)], [2, 3, 4, 5],
            [("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 1), ("max_pool_3x3", 0), ("skip_connect", 2),
                ("skip_connect", 2), ("max_pool_3x3", 1)], [2, 3, 4, 5]),
        ["NASNet"] = new(
            [("sep_conv_5x5", 1), ("sep_conv_3x3", 0), ("sep_conv_5x5", 0), ("sep_conv_3x3", 0), ("avg_pool_3x3", 1), ("skip_connect", 0),
                ("avg_pool_3x3", 0), ("avg_pool_3x3", 0), ("sep_conv_3x3", 1), ("skip_connect", 1)], [2, 3, 4, 5, 6],
            [("sep_conv_5x5", 1), ("sep_conv_7x7", 0), ("max_pool_3x3", 1), ("sep_conv_7x7", 0), ("avg_pool_3x3", 1), ("sep_conv_5x5", 0),
                ("skip_connect", 3), ("avg_pool_3x3", 2), ("sep_conv_3x3", 2), ("max_pool_3x3", 1)], [4, 5, 6]),
        ["AmoebaNet"] = new(
            [("avg_pool_3x3", 0), ("max_pool_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_5x5", 2), ("sep_conv_3x3", 0), ("avg_pool_3x3", 3),
                ("sep_conv_3x3", 1), ("skip_connect", 1), ("skip_connect", 0), ("avg_pool_3x3", 1)], [4, 5, 6],
            [("avg_pool_3x3", 0), ("sep_conv_3x3", 1), ("max_pool_3x3", 0), ("sep_conv_7x7", 2), ("sep_conv_7x7", 0), ("avg_pool_3x3", 1),
                ("max_pool_3x3", 0), ("max_pool_3x3", 1), ("conv_7x1_1x7", 0), ("sep_conv_3x3", 5)], [3, 4, 6]),
    };
}
