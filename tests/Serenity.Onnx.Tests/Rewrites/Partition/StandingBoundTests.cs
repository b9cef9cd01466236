using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Device;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Partition;

/// <summary>What is there while a node runs, at least, against all that may have run before it.</summary>
[TestClass]
public sealed class StandingBoundTests
{
    private const int MostNodes = 14;

    [TestInitialize]
    public void NeedsOnnxRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime on this host.");
    }

    [TestMethod]
    public void Is_the_least_of_all_that_may_have_run_before_a_node()
    {
        int nodes = 0, above = 0;
        for (ulong seed = 1; seed <= 60; seed++)
        {
            PartitionGraph graph = Graph(RandomImageModel.Build(seed));
            if (graph.Nodes.Length > MostNodes)
                continue;
            LiveBytes live = new(graph);
            StandingBound bound = new(graph, live);
            for (int node = 0; node < graph.Nodes.Length; node++)
            {
                long least = Least(graph, live, node);
                Assert.AreEqual(least, bound.At(node), $"seed {seed}, {graph.Nodes[node].Name}");
                nodes++;
                above += least > live.AtOnce(node) ? 1 : 0;
            }
        }
        Assert.IsGreaterThan(100, nodes);
        Assert.IsGreaterThan(20, above);
    }

    [TestMethod]
    public void A_gate_from_a_global_pool_holds_what_it_gates()
    {
        OnnxModelBuilder b = new();
        string x = b.Node("Relu", [b.Input("x", DataType.Float, 1, 8, 16, 16)]), wide = b.Node("Sigmoid", [x]);
        string narrow = b.Node("ReduceMean", [b.Node("Conv", [wide, b.Weight(new TestRandom(1).Floats(2 * 8, 1), 2, 8, 1, 1)])], ("axes", new long[] { 2, 3 }));
        string gated = b.Node("Mul", [wide, b.Node("Sigmoid", [b.Node("ReduceMax", [narrow], ("axes", new long[] { 1 }))])]);
        b.Output(b.Node("GlobalAveragePool", [gated]), DataType.Float, 1, 8, 1, 1);
        PartitionGraph graph = Graph(b.Build());
        LiveBytes live = new(graph);
        int pool = Array.FindIndex(graph.Nodes, n => n.OpType == "ReduceMean");
        // What is gated, what the pool reads, and what it makes.
        Assert.AreEqual((8 * 16 * 16 * 4) + (2 * 16 * 16 * 4) + (2 * 4), new StandingBound(graph, live).At(pool));
        Assert.IsGreaterThanOrEqualTo(new StandingBound(graph, live).At(pool), PartitionBound.InAnyOrder(graph, live).Bytes);
    }

    /// <summary>ONNX Runtime would make one for each piece, and run another model than was planned. What is made of constants each piece makes for itself.</summary>
    [TestMethod]
    public void What_reads_all_of_a_dequantized_value_runs_whole_but_for_weights()
    {
        OnnxModelBuilder b = new();
        string x = b.Node("Relu", [b.Input("x", DataType.Float, 1, 8, 16, 16)]), computed = b.Input("w", DataType.Int8, 8, 8, 1, 1);
        string scale = b.Weight([0.5f]), quantized = b.Add(OnnxModelBuilder.Tensor("w8", DataType.Int8, new byte[8 * 8], 8, 8, 1, 1));
        string plain = b.Node("Conv", [x, b.Weight(new TestRandom(1).Floats(8 * 8, 1), 8, 8, 1, 1)]), weighed = b.Node("Conv", [plain, b.Node("DequantizeLinear", [quantized, scale])]);
        string dequantized = b.Node("Conv", [weighed, b.Node("DequantizeLinear", [computed, scale])]), shared = b.Node("DequantizeLinear", [quantized, scale]);
        string both = b.Node("Conv", [b.Node("Conv", [dequantized, shared]), shared]);
        b.Output(b.Node("GlobalAveragePool", [both]), DataType.Float, 1, 8, 1, 1);
        PartitionGraph graph = Graph(b.Build());
        int Maker(string value) => Array.FindIndex(graph.Nodes, n => n.Output[0] == value);
        Assert.IsTrue(PartitionBound.MayBeCut(graph, Maker(plain)));
        Assert.IsTrue(PartitionBound.MayBeCut(graph, Maker(weighed)));
        Assert.AreEqual(8 * 8 * 4, graph.OwnBytes[Maker(weighed)]);
        Assert.AreEqual((2 * 8 * 16 * 16 * 4) + (8 * 8 * 4), new LiveBytes(graph).AtOnce(Maker(weighed)));
        Assert.IsFalse(PartitionBound.MayBeCut(graph, Maker(dequantized)));
        // Read twice, it is a value as any other.
        Assert.IsFalse(PartitionBound.MayBeCut(graph, Maker(both)));
        Assert.IsGreaterThanOrEqualTo(0, Maker(shared));
    }

    [TestMethod]
    public void What_a_gate_of_its_own_weighs_leaves_every_region()
    {
        OnnxModelBuilder b = new();
        string Conv(string x, long from, long to, long kernel) => b.Node("Conv", [x, b.Weight(new TestRandom(1).Floats(to * from * kernel * kernel, 1), to, from, kernel, kernel)],
            ("pads", new[] { kernel / 2, kernel / 2, kernel / 2, kernel / 2 }));
        string narrow = b.Node("Relu", [Conv(b.Input("x", DataType.Float, 1, 3, 16, 16), 3, 4, 3)]), wide = Conv(narrow, 4, 8, 3);
        string gate = b.Node("Sigmoid", [Conv(b.Node("GlobalAveragePool", [wide]), 8, 8, 1)]);
        b.Output(b.Node("GlobalAveragePool", [Conv(b.Node("Mul", [wide, gate]), 8, 2, 1)]), DataType.Float, 1, 2, 1, 1);
        PartitionGraph graph = Graph(b.Build());
        LiveBytes live = new(graph);
        StandingBound standing = new(graph, live);
        int at = Array.FindIndex(graph.Nodes, n => n.Output[0] == wide), first = Array.FindIndex(graph.Nodes, n => n.OpType == "Conv");
        Assert.IsTrue(standing.IsHandedOut(at, graph.Outputs[at][0]));
        Assert.IsFalse(standing.IsHandedOut(first, graph.Outputs[first][0]));
        // What the convolution reads and makes: in parts, the latter would be there twice.
        const long Made = 8 * 16 * 16 * 4;
        Assert.AreEqual(Made + (Made / 2), standing.At(at));
        Assert.AreEqual(Made + (Made / 2), PartitionBound.InAnyOrder(graph, live).Bytes);
    }

    private static PartitionGraph Graph(ModelProto model)
    {
        Serenity.Onnx.Models.UniqueNames.Assign(model);
        OrtGraph index = new(model.Graph);
        return new PartitionGraph(model, OrtRun.Shapes(model), ExecutionOrder.Of(index).Select(node => index.Node(node).Name), "/model.onnx", new OnnxRuntimeSharing([HostKernels.Mine]));
    }

    private static long Least(PartitionGraph graph, LiveBytes live, int node)
    {
        int count = graph.Nodes.Length;
        bool DependsOn(int later, int earlier) => later == earlier || graph.Reads[later].Any(v => graph.Producer[v] >= 0 && DependsOn(graph.Producer[v], earlier));
        long least = long.MaxValue;
        for (int set = 0; set < 1 << count; set++)
        {
            bool Has(int step) => (set >> step & 1) != 0;
            int[] steps = [.. Enumerable.Range(0, count)];
            if (steps.Any(p => Has(p) && graph.Reads[p].Any(v => graph.Producer[v] >= 0 && !Has(graph.Producer[v]))) || graph.Reads[node].Any(v => graph.Producer[v] >= 0 && !Has(graph.Producer[v])))
                continue;
            if (steps.Any(p => Has(p) && DependsOn(p, node)))
                continue;
            HashSet<int> there = [.. Enumerable.Range(0, graph.ValueCount).Where(v => graph.Producer[live.Root(v)] >= 0 && Has(graph.Producer[live.Root(v)])
                && (graph.IsOutput[v] || graph.Readers[v].Any(r => !Has(r)))).Select(live.Root)];
            least = Math.Min(least, there.Sum(v => graph.Bytes[v]));
        }
        return least + graph.Outputs[node].Where((v, k) => v >= 0 && live.Root(v) == v && !live.MayShare(node, k)).Sum(v => graph.Bytes[v]);
    }
}
