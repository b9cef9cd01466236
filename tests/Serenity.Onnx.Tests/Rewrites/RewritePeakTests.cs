using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Testing;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>The peaks that rewriting is to reach, by the product's own pipeline.</summary>
[TestClass]
public sealed class RewritePeakTests
{
    [TestMethod]
    public void A_convolution_over_three_parts_accumulates_in_onnx_runtime()
    {
        TestRandom random = new(3);
        OnnxModelBuilder b = new();
        string input = b.Input("x", DataType.Float, 1, 3, 56, 56);
        string[] parts = [.. Enumerable.Range(0, 3).Select(_ => b.Node("Conv", [input, b.Weight(random.Floats(96, 0.5), 32, 3, 1, 1)]))];
        string concat = b.Node("Concat", parts, ("axis", 1));
        string conv = b.Node("Conv", [concat, b.Weight(random.Floats(32 * 96 * 9, 0.1), 32, 96, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }));
        b.Output(b.Node("GlobalAveragePool", [conv]), DataType.Float, 1, 32, 1, 1);

        OptimizationResult result = Optimize(b.Build(), Executor.OnnxRuntime);
        Assert.AreEqual(2_408_448, result.Peak.OriginalBytes);
        Assert.IsLessThanOrEqualTo(868_352, result.Peak.Bytes + (result.Peak.WorkspaceBytes ?? 0));
        Assert.AreEqual(result.Peak.Bytes, result.Verification!.MeasuredBytes);
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == "ChannelPartition" && !r.Exact));
    }

    [TestMethod]
    [DataRow("swiftnet_hpd_cell_A", 652_288)]
    [DataRow("swiftnet_hpd_cell_B", 213_248)]
    [DataRow("swiftnet_hpd_cell_C", 65_072)]
    public void SwiftNet_in_a_static_arena(string name, long bytes)
    {
        if (SharedData.PathOf($"models/irregular/{name}.onnx") is not { } path)
        {
            Assert.Inconclusive("The shared data is not there.");
            return;
        }
        PeakFacts peak = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = Executor.StaticArena, Verify = false, Partition = false }).Peak;
        Assert.IsLessThanOrEqualTo(bytes, peak.LiveBytes);
        Assert.IsTrue(peak.Optimal);
    }

    [TestMethod]
    public void Darts_cell_with_the_convolution_that_follows_it()
    {
        if (SharedData.PathOf("models/irregular/darts_v2_normal_cell_in48_28.onnx") is not { } path)
        {
            Assert.Inconclusive("The shared data is not there.");
            return;
        }
        ModelProto model = ModelFile.Load(path).Model;
        TestRandom random = new(1);
        string cell = model.Graph.Output[0].Name;
        model.Graph.Initializer.Add(OnnxModelBuilder.Tensor("next_w", DataType.Float, Bytes(random.Floats(48 * 192, 0.1)), 48, 192, 1, 1));
        model.Graph.Node.Add(new NodeProto { Name = "next_conv", OpType = "Conv", Input = { cell, "next_w" }, Output = { "next" } });
        model.Graph.Output.Clear();
        model.Graph.Output.Add(model.Graph.Input[0].Clone());
        model.Graph.Output[0].Name = "next";
        PeakFacts peak = Optimize(model, Executor.StaticArena).Peak;
        Assert.IsLessThanOrEqualTo(752_640, peak.LiveBytes);
        Assert.IsTrue(peak.Optimal);
    }

    // Twenty of them, and other networks: bench rewrites --static-arena ws:20.
    [TestMethod]
    public void Sums_of_Watts_Strogatz_cells_accumulate()
    {
        double logs = 0;
        ulong[] seeds = [10, 11, 12, 16];
        foreach (ulong seed in seeds)
        {
            ModelProto model = IrregularModels.WattsStrogatz(32, 4, 0.75, seed, 4, 8, narySums: true);
            PeakFacts before = Optimize(model, Executor.StaticArena, RewriteLevel.None).Peak, after = Optimize(model, Executor.StaticArena).Peak;
            Assert.IsTrue(before.Optimal && after.Optimal);
            logs += Math.Log((double)after.LiveBytes / before.LiveBytes);
        }
        Assert.IsLessThanOrEqualTo(0.87, Math.Exp(logs / seeds.Length));
    }

    [TestMethod]
    public void No_rewrite_where_none_is_wanted()
    {
        ModelProto model = NasNetworks.Create("DARTS_V2", 3);
        Assert.IsEmpty(Optimize(model, Executor.StaticArena, RewriteLevel.None).Rewrites);
        OptimizationResult exact = Optimize(model, Executor.StaticArena, RewriteLevel.Exact), all = Optimize(model, Executor.StaticArena);
        Assert.IsTrue(exact.Rewrites.All(r => r.Exact));
        Assert.IsLessThanOrEqualTo(exact.Peak.LiveBytes, all.Peak.LiveBytes);
        foreach (OptimizationResult result in new[] { exact, all })
        {
            OrtRun.AssertSame(model, result.Model, 5, result == exact, "DARTS_V2");
            Assert.IsTrue(result.Rewrites.Count == 0 || result.Rewrites.Sum(r => r.SavedBytes) > 0);
        }
    }

    private static byte[] Bytes(float[] values)
    {
        byte[] bytes = new byte[4 * values.Length];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }

    private static OptimizationResult Optimize(ModelProto model, Executor executor, RewriteLevel level = RewriteLevel.All)
    {
        string folder = Directory.CreateTempSubdirectory("rewrite-").FullName;
        try
        {
            string path = Path.Combine(folder, "model.onnx");
            ModelFile.Save(model, path);
            return ModelOptimizer.Optimize(new OptimizeRequest
            {
                ModelPath = path,
                Executor = executor,
                Rewrite = level,
                Verify = executor == Executor.OnnxRuntime,
                // Rows would go lower than what the rewrites are held to here.
                Partition = executor == Executor.OnnxRuntime,
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
