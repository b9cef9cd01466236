using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Tests.Rewrites.Rolling;
using Serenity.Testing;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>Networks for microcontrollers, row by row in one arena: the whole way, and plans that are wrong.</summary>
[TestClass]
public sealed class RollingProofTests
{
    [TestInitialize]
    public void NeedsOnnxRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime on this host.");
    }

    [TestMethod]
    [DataRow(DataType.Int8, false, false)]
    [DataRow(DataType.Int8, true, true)]
    [DataRow(DataType.Uint8, false, true)]
    public void Quantized_networks_are_planned_in_rows_and_proven(DataType type, bool residuals, bool apart)
    {
        using TempFolder folder = new();
        int rolled = 0;
        for (ulong seed = 1; seed <= 4; seed++)
        {
            string path = folder.File("net.onnx", TinyNetwork.Write(Blocks(seed), type, residuals).ToByteArray());
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, InputsApart = apart };
            OptimizationResult whole = ModelOptimizer.Optimize(request with { Partition = false }), rows = ModelOptimizer.Optimize(request);
            Assert.AreEqual("passed", rows.Verification!.Status, $"seed {seed}: {rows.Verification.Reason}");
            Assert.IsTrue(rows.Verification.Exact, $"seed {seed}");
            Assert.IsLessThanOrEqualTo(whole.Peak.Bytes, rows.Peak.Bytes, $"seed {seed}");
            Assert.IsFalse(rows.Model.Graph.Node.Any(n => n.OpType == "Conv"), $"seed {seed}: a convolution of floats is left.");
            rolled += rows.Rewrites.Any(r => r.Kind == ModelPartition.Kind) ? 1 : 0;
        }
        Assert.IsGreaterThan(1, rolled);
    }

    [TestMethod]
    public void Rows_lie_in_several_memories_where_they_fit_and_the_whole_does_not_and_are_proven_there()
    {
        using TempFolder folder = new();
        int rolled = 0;
        for (ulong seed = 1; seed <= 3; seed++)
        {
            string path = folder.File("net.onnx", TinyNetwork.Write(Blocks(seed), DataType.Int8, false).ToByteArray());
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena };
            long rows = ModelOptimizer.Optimize(request).Peak.Bytes;
            DeviceMemory[] memories = [new("FAST", rows / 2 / 16 * 16, 1), new("SLOW", rows * 2 / 3 / 16 * 16, 4)];
            OptimizationResult whole = ModelOptimizer.Optimize(request with { Memories = memories, Partition = false }), placed = ModelOptimizer.Optimize(request with { Memories = memories });
            Assert.AreEqual("passed", placed.Verification!.Status, $"seed {seed}: {placed.Verification.Reason}");
            Assert.IsTrue(placed.Memories!.Fits || !whole.Memories!.Fits, $"seed {seed}");
            if (whole.Memories!.Fits && placed.Memories.Fits)
                Assert.IsLessThanOrEqualTo(whole.Memories.Cost, placed.Memories.Cost, $"seed {seed}");
            rolled += placed.Memories.Fits && placed.Rewrites.Any(r => r.Kind == ModelPartition.Kind) ? 1 : 0;
        }
        Assert.IsGreaterThan(0, rolled);
    }

    [TestMethod]
    public void Bytes_that_a_row_still_needs_are_missed()
    {
        ModelProto model = RandomChain.Quantized(3, nodes: 6);
        RollingCase made = new(model, Rewrites.OrtRun.Shapes(model), exact: true);
        PartitionedModel written = made.Write(made.Program([new(0, 2, 1), new(3, made.Graph.Nodes.Length - 2, 1), new(made.Graph.Nodes.Length - 1, made.Graph.Nodes.Length - 1, 0)])!);
        using ArenaCase arena = ArenaCase.Create(written.Model, alignment: 1, fileOrder: true);
        ArenaRun good = arena.Runner.Run(arena.Program);
        Assert.IsTrue(good.Passed, good.Fault);
        BrokenPlans broken = new(arena.Program, new Random(5), 1);
        int tried = 0;
        for (int i = 0; i < 40; i++)
        {
            if ((i % 2 == 0 ? broken.MoveOneStep() : broken.LayOverEachOther()) is not { } plan)
                continue;
            tried++;
            Assert.IsFalse(arena.Runner.Run(plan.Program).Passed, plan.What);
        }
        Assert.IsGreaterThan(20, tried);
    }

    [TestMethod]
    public void The_networks_of_the_literature_need_what_the_theory_says()
    {
        if (SharedData.PathOf("data/tiny/mcunetv2_vww_r80.tsv") is not { } table || !File.Exists(table))
        {
            Assert.Inconclusive("The tables of layers are not here.");
            return;
        }
        using TempFolder folder = new();
        string path = folder.File("vww.onnx", TinyNetwork.Write(TinyNetwork.Read(table)).ToByteArray());
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = Executor.StaticArena, InputsApart = true });
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsTrue(result.Verification.Exact);
        Assert.IsLessThanOrEqualTo(14_000, result.Peak.Bytes);
    }

    /// <summary>Blocks as such networks have them: wider, a kernel for each channel, narrower.</summary>
    private static List<TinyLayer> Blocks(ulong seed)
    {
        TestRandom random = new(seed);
        int size = random.Next(14, 25), channels = random.Next(3, 6);
        List<TinyLayer> layers = [new(false, 3, channels, 3, 2, 1, size)];
        for (int block = 0; block < 3; block++)
        {
            int wide = channels * random.Next(3, 6), kernel = random.Pick([3, 5]), stride = block == 1 ? 2 : 1, narrow = block == 2 ? channels : random.Next(3, 8);
            layers.Add(new TinyLayer(false, channels, wide, 1, 1, 0, layers[^1].OutSize));
            layers.Add(new TinyLayer(true, wide, wide, kernel, stride, kernel / 2, layers[^1].OutSize));
            layers.Add(new TinyLayer(false, wide, narrow, 1, 1, 0, layers[^1].OutSize));
            channels = narrow;
        }
        layers.Add(new TinyLayer(false, channels, 6, 1, 1, 0, layers[^1].OutSize));
        return layers;
    }
}
