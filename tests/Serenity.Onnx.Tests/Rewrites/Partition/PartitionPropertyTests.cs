using Google.Protobuf;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Device;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Partition;

/// <summary>Random networks with random regions in pieces, whether that helps or not: outputs, shapes and live bytes.</summary>
[TestClass]
public sealed class PartitionPropertyTests
{
    private static readonly int _models = int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), out int models) ? models : 60;

    /// <summary>A sweep in slices begins behind so many.</summary>
    private static readonly int _first = int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP_FROM"), out int first) ? first : 0;

    [TestInitialize]
    public void NeedsOnnxRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime on this host.");
    }

    [TestMethod]
    public void Any_region_in_any_number_of_pieces_is_the_model()
    {
        int cut = 0;
        for (ulong seed = (ulong)_first + 1; seed <= (ulong)_models; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed, quantized: seed % 3 == 0);
            ShapeTable shapes = OrtRun.Shapes(model);
            byte[] before = model.ToByteArray();
            PartitionGraph graph = Graph(model, shapes);
            TestRandom random = new(seed);
            for (int attempt = 0; attempt < 4; attempt++)
            {
                List<Cut> cuts = RandomCuts(graph, random);
                if (cuts.Count == 0)
                    continue;
                cut++;
                string what = $"seed {seed}, attempt {attempt}: {string.Join(", ", cuts.Select(c => $"{c.Program.Region.First}..{c.Program.Region.Last} axis {c.Program.Region.Axis} in {c.Program.Pieces.Pieces}"))}";
                PartitionedModel written = PartitionWriter.Write(graph, cuts);
                OrtRun.AssertSame(model, written.Model, seed, cuts.All(c => c.Program.Pieces.IsStable), what);
                ShapeTable truth = OrtRun.Shapes(written.Model);
                foreach (string output in written.Model.Graph.Node.SelectMany(n => n.Output))
                    Assert.AreEqual(truth.Find(output), written.Shapes.Find(output), $"{what}: the type of '{output}'.");
                Assert.AreEqual(Simulated(written), new PartitionSearch(graph, default).PeakOf(cuts), $"{what}: live bytes.");
            }
            CollectionAssert.AreEqual(before, model.ToByteArray(), "The model was changed.");
        }
        Assert.IsGreaterThan(_models - _first, cut, "Hardly anything was cut.");
    }

    [TestMethod]
    public void The_search_finds_what_it_says_within_its_work()
    {
        int found = 0;
        for (ulong seed = (ulong)_first + 1; seed <= (ulong)_models; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed, quantized: seed % 3 == 0);
            PartitionGraph graph = Graph(model, OrtRun.Shapes(model));
            PartitionSearch search = new(graph, default);
            double work = graph.Nanoseconds.Sum();
            if (search.Lowest(3 * work) is not { } cuts)
                continue;
            found++;
            PartitionedModel written = PartitionWriter.Write(graph, cuts);
            Assert.IsLessThan(search.PeakBytes + search.RequiredBytes, search.PeakOf(cuts) + search.RequiredOf(cuts), $"seed {seed}");
            Assert.IsLessThanOrEqualTo(search.PeakBytes, search.PeakOf(cuts), $"seed {seed}");
            Assert.IsLessThanOrEqualTo(search.RequiredBytes, search.RequiredOf(cuts), $"seed {seed}");
            Assert.IsLessThanOrEqualTo(3 * work, cuts.Sum(c => c.Added), $"seed {seed}");
            Assert.IsLessThanOrEqualTo(search.PeakOf(cuts), PartitionBound.InAnyOrder(graph, new LiveBytes(graph)).Bytes, $"seed {seed}: the bound in any order.");
            Assert.AreEqual(Simulated(written), search.PeakOf(cuts), $"seed {seed}: live bytes.");
            OrtRun.AssertSame(model, written.Model, seed, exact: true, $"seed {seed}");
            // The same question has the same answer.
            IReadOnlyList<Cut> again = new PartitionSearch(Graph(model, OrtRun.Shapes(model)), default).Lowest(3 * work)!;
            CollectionAssert.AreEqual(written.Model.ToByteArray(), PartitionWriter.Write(graph, again).Model.ToByteArray(), $"seed {seed}");
        }
        Assert.IsGreaterThan((_models - _first) / 10, found, "Hardly anything was found.");
    }

    [TestMethod]
    public void Bounds_change_no_result_and_trends_hardly_one()
    {
        int costed = 0, costedWithoutBounds = 0, costedWithoutTrends = 0;
        for (ulong seed = (ulong)_first + 1; seed <= (ulong)_models; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed, quantized: seed % 3 == 0);
            PartitionGraph graph = Graph(model, OrtRun.Shapes(model));
            foreach (double times in new[] { 0.1, 1.0 })
            {
                PartitionSearch with = new(graph, default), without = new(graph, default, RewriteTechniques.All & ~RewriteTechniques.PieceBounds);
                PartitionSearch every = new(graph, default, RewriteTechniques.All & ~RewriteTechniques.PieceTrends);
                double time = times * graph.Nanoseconds.Sum();
                (IReadOnlyList<Cut>? fast, IReadOnlyList<Cut>? slow) = (with.Lowest(time), without.Lowest(time));
                Assert.IsLessThanOrEqualTo(1.03 * Required(every, every.Lowest(time)), Required(with, fast), $"seed {seed}, {times} times: trends.");
                Assert.AreEqual(Lowest(without, slow), Lowest(with, fast), $"seed {seed}, {times} times");
                Assert.IsLessThanOrEqualTo(slow is null ? without.PeakBytes : without.PeakOf(slow), with.Bound.Bytes, $"seed {seed}: the bound.");
                (costed, costedWithoutBounds, costedWithoutTrends) = (costed + with.Costed, costedWithoutBounds + without.Costed, costedWithoutTrends + every.Costed);
            }
        }
        Assert.IsLessThan(costedWithoutBounds, costed);
        // On small models the bounds leave trends little to foretell; what one leaves out may have the bisection take another step.
        Assert.IsLessThan(1.02 * costedWithoutTrends, costed);

        // To a thousandth, as the bisection goes.
        static long Lowest(PartitionSearch search, IReadOnlyList<Cut>? cuts) => Required(search, cuts) * 400 / search.RequiredBytes;

        static long Required(PartitionSearch search, IReadOnlyList<Cut>? cuts) => cuts is null ? search.RequiredBytes : search.RequiredOf(cuts);
    }

    [TestMethod]
    public void A_search_asked_again_answers_the_same_and_finds_nothing_that_needs_more_than_is_wanted()
    {
        int found = 0, passedOver = 0;
        for (ulong seed = (ulong)_first + 1; seed <= (ulong)_models; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed, quantized: seed % 3 == 0);
            PartitionSearch search = new(Graph(model, OrtRun.Shapes(model)), default, RewriteTechniques.All & ~RewriteTechniques.PieceTrends);
            double time = search.Graph.Nanoseconds.Sum();
            if (search.Lowest(time) is not { } cuts)
                continue;
            found++;
            long required = search.RequiredOf(cuts);
            search.Lowest(time / 10);
            byte[] written = PartitionWriter.Write(search.Graph, cuts).Model.ToByteArray();
            CollectionAssert.AreEqual(written, PartitionWriter.Write(search.Graph, search.Lowest(time)!).Model.ToByteArray(), $"seed {seed}");
            // A search begins with three hundredths less.
            if (required > 0.97 * search.RequiredBytes)
                continue;
            Assert.IsTrue(search.Lowest(time, required) is { } enough && search.RequiredOf(enough) <= required, $"seed {seed}: what is there was not found.");
            long less = required * 9 / 10;
            passedOver += search.Lowest(time, less) is null ? 1 : 0;
            Assert.IsTrue(search.Lowest(time, less) is not { } lower || search.RequiredOf(lower) <= less, $"seed {seed}: more than is wanted.");
        }
        Assert.IsGreaterThan((_models - _first) / 10, found);
        Assert.IsGreaterThan(0, passedOver);
    }

    [TestMethod]
    public void Regions_with_one_end_are_what_each_is_alone()
    {
        int[] numbers = [2, 3, 5, 8];
        int regions = 0, tables = 0, grown = 0, tight = 0;
        for (ulong seed = (ulong)_first + 1; seed <= (ulong)_models; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed, quantized: seed % 3 == 0);
            PartitionGraph graph = Graph(model, OrtRun.Shapes(model));
            PieceTime time = new(graph), other = new(graph);
            LiveBytes live = new(graph);
            PieceBytes bytes = new(graph, live);
            for (int last = 0; last < graph.Nodes.Length; last++)
            {
                for (int axis = 1; axis < 4; axis++)
                {
                    int from = Math.Max(0, last - 20);
                    RegionChain chain = new(graph, time, bytes, from, last, axis, numbers.Length);
                    for (int first = from; first <= last; first++)
                    {
                        string what = $"seed {seed}, {first}..{last} axis {axis}";
                        CutRegion? alone = CutRegion.Find(graph, first, last, axis, grow: false);
                        if (!chain.MayBegin(first))
                        {
                            Assert.IsTrue(alone is null || alone.Nodes[0] != first || numbers.All(n => PieceTable.TryCut(alone, n) is not { IsStable: true }), what);
                            continue;
                        }
                        CutRegion? found = CutRegion.Find(graph, first, last, axis, chain.From(first), grow: false);
                        AssertSame(alone, found, what);
                        CutRegion? more = CutRegion.Find(graph, first, last, axis, grow: true);
                        AssertSame(more, CutRegion.Find(graph, first, last, axis, chain.From(first), grow: true), what);
                        grown += more is not null && found is not null && more.Nodes.Length > found.Nodes.Length ? 1 : 0;
                        if (found is null)
                            continue;
                        regions++;
                        for (int i = 0; i < numbers.Length; i++)
                        {
                            PieceTable? table = PieceTable.TryCut(found, numbers[i]) is { IsStable: true } stable ? stable : null;
                            double least = chain.AtLeast(first, numbers[i], i);
                            Assert.AreEqual(table is null, double.IsNaN(least), $"{what} in {numbers[i]}");
                            if (table is null)
                                continue;
                            tables++;
                            Assert.AreEqual(other.AtLeast(table), least, 1e-6 * graph.Nanoseconds.Sum(), $"{what} in {numbers[i]}");
                            AssertNoMore(new CutBound(found, live).Held + chain.BytesOf(first, i), table, $"{what} in {numbers[i]}");
                            if (more is not null && PieceTable.TryCut(more, numbers[i]) is { IsStable: true } wider)
                            {
                                PieceTable.AtLeast(more, numbers[i], other, bytes, 0, double.PositiveInfinity, out _, out long most);
                                AssertNoMore(new CutBound(more, live).Held + most, wider, $"{what} in {numbers[i]}, grown");
                            }
                        }
                    }
                }
            }
        }
        Assert.IsGreaterThan(10 * (_models - _first), regions);
        Assert.IsGreaterThan(10 * (_models - _first), tables);
        Assert.IsGreaterThan((_models - _first) / 10, grown);
        Assert.IsGreaterThan(tables / 10, tight);

        // What pieces need at least is no more than they need.
        void AssertNoMore(long bound, PieceTable pieces, string what)
        {
            long peak = new LiveBytes(pieces.Region.Graph).Peak(new PieceProgram(pieces)).Live;
            Assert.IsLessThanOrEqualTo(peak, bound, what);
            tight += bound == peak ? 1 : 0;
        }

        static void AssertSame(CutRegion? expected, CutRegion? found, string what)
        {
            Assert.AreEqual(expected is null, found is null, what);
            CollectionAssert.AreEqual(expected?.Nodes, found?.Nodes, what);
            CollectionAssert.AreEqual(expected?.Before, found?.Before, what);
            CollectionAssert.AreEqual(expected?.After, found?.After, what);
            CollectionAssert.AreEqual(expected?.Exits, found?.Exits, what);
            CollectionAssert.AreEqual(expected?.Sinks, found?.Sinks, what);
        }
    }

    [TestMethod]
    [DataRow("Conv", 1, 1, 1)]
    [DataRow("Conv", 3, 1, 1)]
    [DataRow("Conv", 3, 2, 1)]
    [DataRow("Conv", 2, 2, 2)]
    [DataRow("Conv", 3, 1, 4)]
    [DataRow("ConvTranspose", 2, 2, 1)]
    [DataRow("MatMul", 1, 1, 1)]
    [DataRow("Gemm", 1, 1, 1)]
    public void Each_piece_has_quantized_weights_of_its_own(string op, int kernel, int stride, int group)
    {
        TestRandom random = new(1);
        OnnxModelBuilder b = new();
        bool isImage = op.StartsWith("Conv", StringComparison.Ordinal);
        string Weights(params long[] dims) => b.Node("DequantizeLinear", [b.Bytes([.. Enumerable.Range(0, checked((int)dims.Aggregate(1L, (all, d) => all * d))).Select(_ => (byte)random.Next(256))], dims),
            b.Weight([0.01f]), b.Bytes([120])]);
        long[] input = isImage ? [1, 4, 9, 10] : [11, 4];
        string x = b.Node("Relu", [b.Input("x", DataType.Float, input)]);
        string y = isImage ? b.Node(op, [x, Weights(4, 4 / group, kernel, kernel), Weights(4)], ("strides", new long[] { stride, stride }), ("group", (long)group)) : b.Node(op, [x, Weights(4, 4)]);
        b.Output(b.Node("Relu", [b.Node(isImage ? "GlobalAveragePool" : "Neg", [b.Node("Abs", [y])])]), DataType.Float, null);
        ModelProto model = b.Build();
        PartitionGraph graph = Graph(model, OrtRun.Shapes(model));
        int own = isImage ? 2 : 1, cuts = 0;
        for (int first = 0; first < graph.Nodes.Length; first++)
        {
            for (int last = first; last < graph.Nodes.Length; last++)
            {
                for (int axis = 0; axis < input.Length; axis++)
                {
                    for (int number = 2; number <= 5; number++)
                    {
                        string what = $"{first}..{last} axis {axis} in {number}";
                        if (CutRegion.Find(graph, first, last, axis, grow: false) is not { } region || PieceTable.TryCut(region, number) is not { } table)
                            continue;
                        PieceProgram program = new(table);
                        (long live, long required) = new LiveBytes(graph).Peak(program);
                        Cut cut = new(region, number, live, required, new PieceTime(graph).Added(program));
                        PartitionedModel written = PartitionWriter.Write(graph, [cut]);
                        OrtRun.AssertSame(model, written.Model, 7, table.IsStable, what);
                        Assert.AreEqual(Simulated(written), new PartitionSearch(graph, default).PeakOf([cut]), what);
                        bool weighs = region.Nodes.Any(node => graph.Own[node].Length > 0);
                        Assert.AreEqual(weighs ? number * own : own, written.Model.Graph.Node.Count(n => n.OpType == "DequantizeLinear"), what);
                        cuts += weighs ? 1 : 0;
                    }
                }
            }
        }
        Assert.IsGreaterThan(10, cuts);
    }

    private static PartitionGraph Graph(ModelProto model, ShapeTable shapes)
    {
        OrtGraph index = new(model.Graph);
        return new PartitionGraph(model, shapes, ExecutionOrder.Of(index).Select(node => index.Node(node).Name), "/model.onnx", new OnnxRuntimeSharing([HostKernels.Mine]));
    }

    /// <summary>One or two regions that do not overlap.</summary>
    private static List<Cut> RandomCuts(PartitionGraph graph, TestRandom random)
    {
        List<Cut> cuts = [];
        int from = 0;
        for (int attempt = 0; attempt < 40 && from < graph.Nodes.Length && cuts.Count < 2; attempt++)
        {
            int first = random.Next(from, graph.Nodes.Length), last = random.Next(first, graph.Nodes.Length);
            if (CutRegion.Find(graph, first, last, random.Next(1, 4), random.Chance(0.5)) is not { } region || PieceTable.TryCut(region, random.Next(2, 6)) is not { } pieces)
                continue;
            PieceProgram program = new(pieces);
            (long live, long required) = new LiveBytes(graph).Peak(program);
            cuts.Add(new Cut(region, pieces.Pieces, live, required, new PieceTime(graph).Added(program)));
            from = last + 1;
        }
        return cuts;
    }

    /// <summary>Live peak of the written order by ONNX Runtime's rules, as the simulator sees it without buffers held for later.</summary>
    private static long Simulated(PartitionedModel written)
    {
        OrtGraph index = new(written.Model.Graph);
        Dictionary<string, int> nodes = index.NodesByName();
        AllocationSimulator simulator = new(new AllocationModel(index, written.Shapes), reusesFreed: false);
        return simulator.Peak([.. written.Order.Select(name => nodes[name])]);
    }
}
