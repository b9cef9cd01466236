using Google.Protobuf;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Rolling;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Rewrites.Partition;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Rolling;

/// <summary>Random networks with random groups row by row, whether that helps or not: outputs, shapes, live bytes, and that nothing is computed twice.</summary>
[TestClass]
public sealed class RollingPropertyTests
{
    private static readonly int _models = int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), out int models) ? models : 60;

    [TestInitialize]
    public void NeedsOnnxRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime on this host.");
    }

    [TestMethod]
    public void Any_groups_row_by_row_are_the_model()
    {
        int rolled = 0, grouped = 0;
        for (ulong seed = 1; seed <= (ulong)_models; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed);
            byte[] before = model.ToByteArray();
            RollingCase made = new(model, OrtRun.Shapes(model)), apart = new(model, OrtRun.Shapes(model), inputsApart: true);
            TestRandom random = new(seed);
            for (int attempt = 0; attempt < 3; attempt++)
            {
                List<RollingGroup> groups = made.RandomGroups(random);
                if (made.Program(groups) is not { } program || groups.All(g => g.IsWhole))
                    continue;
                rolled++;
                grouped += groups.Any(g => g.Last > g.First) ? 1 : 0;
                string what = $"seed {seed}: {string.Join(", ", groups)}";
                PartitionedModel written = made.Write(program);
                OrtRun.AssertSame(model, written.Model, seed, program.IsExact, what);
                ShapeTable truth = OrtRun.Shapes(written.Model);
                foreach (string output in written.Model.Graph.Node.SelectMany(n => n.Output))
                    Assert.AreEqual(truth.Find(output), written.Shapes.Find(output), $"{what}: the type of '{output}'.");
                Assert.AreEqual(RollingCase.Live(written.Model), made.Stated(program), $"{what}: live bytes.");
                Assert.AreEqual(RollingCase.Live(written.Model, inputsApart: true), apart.Stated(apart.Program(groups)!), $"{what}: live bytes, inputs apart.");
                NothingTwice(model, written, truth, what);
            }
            CollectionAssert.AreEqual(before, model.ToByteArray(), "The model was changed.");
        }
        Assert.IsGreaterThan(_models, rolled, "Hardly anything was run row by row.");
        Assert.IsGreaterThan(_models / 2, grouped, "Hardly any nodes were grouped.");
    }

    /// <summary>A last bit may become a whole step there, and then all rows would be given up for one.</summary>
    [TestMethod]
    [DataRow(false, 16, true)]
    [DataRow(true, 16, false)]
    [DataRow(false, 4, true)]
    [DataRow(true, 4, true)]
    public void What_is_quantized_further_on_is_run_row_by_row_only_where_that_keeps_its_bits(bool quantized, int channels, bool byRow)
    {
        TestRandom random = new(3);
        OnnxModelBuilder b = new();
        string x = b.Node("Relu", [b.Input("x", DataType.Float, 1, channels, 12, 12)]);
        // With 16 channels 144 products, of which a row of 12 positions is summed in another order.
        string y = b.Node("Relu", [b.Node("Conv", [x, b.Weight(random.Floats(8 * channels * 9, 0.3), 8, channels, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }))]);
        if (quantized)
        {
            string scale = b.Weight([0.05f]), zero = b.Bytes([128]);
            y = b.Node("DequantizeLinear", [b.Node("QuantizeLinear", [y, scale, zero]), scale, zero]);
        }
        b.Output(b.Node("GlobalAveragePool", [y]), DataType.Float, 1, 8, 1, 1);
        ModelProto model = b.Build();
        ShapeTable shapes = OrtRun.Shapes(model);
        RollingCase rows = new(model, shapes), exact = new(model, shapes, exact: true);
        int conv = Array.FindIndex(rows.Graph.Nodes, n => n.OpType == "Conv");
        Assert.AreEqual(byRow, rows.Rules.Of[conv] is not null);
        Assert.AreEqual(channels == 4, exact.Rules.Of[conv] is not null);
    }

    [TestMethod]
    public void The_search_finds_what_it_says()
    {
        int found = 0;
        for (ulong seed = 1; seed <= (ulong)_models; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed);
            RollingCase made = new(model, OrtRun.Shapes(model));
            RollingSearch search = new(made.Graph, made.Rules, default);
            Assert.AreEqual(RollingCase.Live(model), search.WholePeaks.Max(), $"seed {seed}: the model as it is.");
            if (search.Lowest() is not { } lowest)
                continue;
            found++;
            PartitionedModel written = made.Write(lowest.Program);
            Assert.IsLessThan(search.WholePeaks.Max(), lowest.Peak, $"seed {seed}");
            Assert.AreEqual(RollingCase.Live(written.Model), lowest.Peak, $"seed {seed}: live bytes.");
            OrtRun.AssertSame(model, written.Model, seed, lowest.Program.IsExact, $"seed {seed}");
            // The same question has the same answer.
            RollingCase again = new(model, OrtRun.Shapes(model));
            CollectionAssert.AreEqual(written.Model.ToByteArray(), again.Write(new RollingSearch(again.Graph, again.Rules, default).Lowest()!.Value.Program).Model.ToByteArray(), $"seed {seed}");
        }
        Assert.IsGreaterThan(_models / 4, found, "Hardly anything was found.");
    }

    [TestMethod]
    public void Short_chains_come_as_low_as_any_groups_bring_them()
    {
        int lower = 0;
        for (ulong seed = 1; seed <= 40; seed++)
        {
            // A row that no window reads is made where all rows are, and not where only some are: that is not told apart ahead.
            if (RandomChain.Layers(seed, 6).Any(l => l.Stride > l.Kernel || (l.Size + (2 * l.Pad) - l.Kernel) % l.Stride > l.Pad))
                continue;
            ModelProto model = RandomChain.Quantized(seed, nodes: 6);
            RollingCase made = new(model, OrtRun.Shapes(model), exact: true);
            string best = "";
            long least = long.MaxValue, whole = RollingCase.Live(model);
            foreach (List<RollingGroup> groups in AllGroups(made))
            {
                if (made.Program(groups) is { } program)
                {
                    long live = RollingCase.Live(made.Write(program).Model);
                    (least, best) = live < least ? (live, string.Join(", ", groups)) : (least, best);
                }
            }
            long found = new RollingSearch(made.Graph, made.Rules, default).Lowest()?.Peak ?? whole;
            // More rows at a time may be lower still: fewer slices stand beside each other.
            Assert.IsLessThanOrEqualTo(Math.Min(least, whole), found, $"seed {seed}: {best}");
            lower += found < whole ? 1 : 0;
        }
        Assert.IsGreaterThan(5, lower, "Rows lowered hardly any of them.");
    }

    /// <summary>All ways to cut the schedule up to some place into groups, with what is behind it whole.</summary>
    private static IEnumerable<List<RollingGroup>> AllGroups(RollingCase made)
    {
        int count = made.Graph.Nodes.Length;
        for (int end = 0; end <= count; end++)
        {
            for (int cuts = 0; cuts < 1 << Math.Max(0, end - 1); cuts++)
            {
                List<RollingGroup> groups = [];
                for (int first = 0, p = 0; p < end; p++)
                {
                    if (p + 1 < end && (cuts >> p & 1) == 0)
                        continue;
                    groups.Add(new RollingGroup(first, p, 1));
                    first = p + 1;
                }
                if (groups.Exists(g => g.First < g.Last && Enumerable.Range(g.First, g.Last - g.First + 1).Any(p => made.Rules.Of[p] is null)))
                    continue;
                yield return [.. groups.Select(g => made.Rules.Of[g.First] is null ? g with { Rows = 0 } : g), .. Enumerable.Range(end, count - end).Select(p => new RollingGroup(p, p, 0))];
            }
        }
    }

    /// <summary>All nodes that a node became make no more elements together than it did.</summary>
    private static void NothingTwice(ModelProto model, PartitionedModel written, ShapeTable truth, string what)
    {
        Dictionary<string, long> after = new(StringComparer.Ordinal);
        foreach (NodeProto node in written.Model.Graph.Node)
        {
            if (written.Origins.TryGetValue(node.Name, out string? origin) && origin is not null)
                after[origin] = after.GetValueOrDefault(origin) + node.Output.Sum(o => truth.Find(o)?.Dims.Aggregate(1L, (a, b) => a * b) ?? 0);
        }
        ShapeTable source = OrtRun.Shapes(model);
        foreach ((string node, long elements) in after)
        {
            long whole = model.Graph.Node.First(n => n.Name == node).Output.Sum(o => source.Find(o)!.Dims.Aggregate(1L, (a, b) => a * b));
            Assert.IsLessThanOrEqualTo(whole, elements, $"{what}: node '{node}'.");
        }
    }
}
