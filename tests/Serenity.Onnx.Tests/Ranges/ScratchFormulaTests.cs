using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>What kernels take for themselves, as formulas: told from runs, and by rule.</summary>
[TestClass]
public sealed class ScratchFormulaTests
{
    private static readonly SizeExpression _batch = SizeExpression.Symbol("batch"), _seq = SizeExpression.Symbol("seq");

    private static readonly SizeSpace _space = new([KeyValuePair.Create("batch", new SizeRange(1, 8)), KeyValuePair.Create("seq", new SizeRange(0, 512))]);

    [TestMethod]
    public void What_kernels_take_is_told_from_runs_where_it_follows_the_sizes_of_their_tensors()
    {
        (Func<long, long, long> Bytes, string Formula)[] kernels =
        [
            ((_, _) => 64, "64"),
            ((b, s) => 4 * b * s * s, "4*batch*seq^2"),
            ((b, s) => (1024 * b * s) + (96 * b) + 16, "1024*batch*seq + 96*batch + 16"),
            ((_, s) => (4 * s) + 912 + (s > 0 ? 52 : 0), "4*seq + 52*min(1, seq) + 912"),
        ];
        foreach ((Func<long, long, long> bytes, string formula) in kernels)
            Assert.AreEqual(SizeExpression.Parse(formula).ToString(), Of(bytes).ToString());
    }

    [TestMethod]
    public void What_follows_them_in_no_such_way_counts_with_the_most_of_all_runs() =>
        Assert.AreEqual("33", Of((b, s) => ((b * 7) + (s * 13)) % 34).ToString());

    [TestMethod]
    [DataRow(64, 1, 1, 3, 1)]
    [DataRow(64, 4, 1, 3, 2)]
    [DataRow(300, 8, 1, 3, 1)]
    [DataRow(8, 8, 8, 3, 1)]
    [DataRow(16, 8, 1, 1, 1)]
    [DataRow(2, 1, 1, 7, 2)]
    public void A_convolution_takes_what_the_rule_of_fixed_sizes_says_at_every_size(int filters, int channels, int groups, int kernel, int stride)
    {
        NodeProto node = new() { Name = "conv", OpType = "Conv", Input = { "x", "w" }, Output = { "y" } };
        node.Set("kernel_shape", [kernel, kernel]);
        node.Set("strides", [stride, stride]);
        node.Set("pads", [kernel / 2, kernel / 2, kernel / 2, kernel / 2]);
        if (groups > 1)
            node.Set("group", groups);
        SizeSpace space = new([KeyValuePair.Create("h", new SizeRange(1, 24)), KeyValuePair.Create("w", new SizeRange(2, 30))]);
        SizeExpression[] input = [SizeExpression.One, SizeExpression.Of(channels), SizeExpression.Symbol("h"), SizeExpression.Symbol("w")];
        SizeExpression[] output = [SizeExpression.One, SizeExpression.Of(filters), .. input[2..].Select(size => SizeExpression.FloorDivide(size + -1, SizeExpression.Of(stride)) + 1)];
        Dictionary<string, TensorType> types = new(StringComparer.Ordinal)
        {
            ["x"] = new(DataType.Float, Array.ConvertAll(input, d => d.Evaluate(space.Most))),
            ["w"] = new(DataType.Float, [filters, channels / groups, kernel, kernel]),
            ["y"] = new(DataType.Float, Array.ConvertAll(output, d => d.Evaluate(space.Most))),
        };
        ShapeTable shapes = new(types, new HashSet<string>())
        {
            Formulas = new SizeFormulas(space, new Dictionary<string, SizeExpression[]> { ["x"] = input, ["y"] = output }, new Dictionary<SizeExpression, string>()),
        };
        GraphProto graph = new() { Node = { node } };
        foreach (MlasKernels kernels in Enum.GetValues<MlasKernels>())
        {
            SizeExpression formula = new WorkspaceRules(graph, shapes).Formula("conv", kernels)!;
            for (long h = 1; h <= 24; h++)
            {
                for (long w = 2; w <= 30; w++)
                {
                    Dictionary<string, long> sizes = new() { ["h"] = h, ["w"] = w };
                    Assert.AreEqual(new WorkspaceRules(graph, shapes.At(sizes)).Find("conv", kernels), formula.Evaluate(sizes), $"{kernels} {h}x{w}: {formula}");
                }
            }
        }
    }

    private static SizeExpression Of(Func<long, long, long> bytes)
    {
        (long, long)[] sizes = [(8, 512), (1, 0), (8, 0), (1, 512), (3, 100), (5, 311), (2, 7), (7, 450)];
        return ScratchFormula.Of(
            [.. sizes.Select(s => ((IReadOnlyDictionary<string, long>)new Dictionary<string, long> { ["batch"] = s.Item1, ["seq"] = s.Item2 }, bytes(s.Item1, s.Item2)))], null,
                [_batch, _seq, SizeExpression.Of(16)],
            _space);
    }
}
