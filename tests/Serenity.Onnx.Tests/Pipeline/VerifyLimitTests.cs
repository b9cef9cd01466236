using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Models of which a run is more work than verification may do: something smaller is verified, and the result says what.</summary>
[TestClass]
public sealed class VerifyLimitTests
{
    [TestMethod]
    [DataRow(1L << 40, 64L, null)]
    [DataRow(250_000L, 64L, null)]
    [DataRow(150_000L, 64L, 32L)]
    [DataRow(10_000L, 64L, 2L)]
    public void The_largest_size_of_all_that_agree_is_halved_until_it_is_little_enough(long limit, long size, long? verified)
    {
        OptimizationResult result = Optimize(Tokens(), limit, ("ids:1", size), ("mask:1", size), ("n", 3));
        Assert.AreEqual(verified is null ? "passed" : "partial", result.Verification!.Status, result.Verification.Reason);
        if (verified is null)
        {
            Assert.IsNull(result.Verification.Instead);
            Assert.AreEqual(result.Peak.Bytes, result.Verification.MeasuredBytes);
            return;
        }
        IReadOnlyDictionary<string, long> sizes = result.Verification.Instead!.FreeDimensions!;
        Assert.AreEqual((verified, verified), (sizes["ids:1"], sizes["mask:1"]));
        Assert.IsNull(result.Verification.MeasuredBytes, "Nothing of this size was measured.");
        StringAssert.Contains(result.Verification.Reason!, $"ids:1={verified}");
        Assert.AreEqual(Optimize(Tokens(), long.MaxValue, ("ids:1", size), ("mask:1", size), ("n", 3)).Peak.Bytes, result.Peak.Bytes, "The plan is the same.");
    }

    [TestMethod]
    public void A_size_that_the_model_does_not_take_stays()
    {
        // Of n, only multiples of eight can be told apart into eights.
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, "n", "m");
        string parts = builder.Node("Reshape", [x, builder.Integers(8, -1)]);
        builder.Output(builder.Node("MatMul", [builder.Node("Transpose", [parts]), builder.Node("Neg", [parts])]), DataType.Float, null);
        OptimizationResult result = Optimize(builder.Build(), 20_000, ("n", 8), ("m", 1000));
        IReadOnlyDictionary<string, long> sizes = result.Verification!.Instead!.FreeDimensions!;
        Assert.IsLessThan(1000, sizes["m"]);
        Assert.IsTrue(sizes["m"] * sizes["n"] % 8 == 0, "ONNX Runtime refuses others.");
    }

    [TestMethod]
    public void Of_a_network_of_fixed_size_the_first_part_is_verified()
    {
        OptimizationResult whole = Optimize(Network(), long.MaxValue), part = Optimize(Network(), 100_000);
        Assert.AreEqual("passed", whole.Verification!.Status);
        Assert.AreEqual("partial", part.Verification!.Status, part.Verification.Reason);
        Assert.HasCount(1, part.Verification.Instead!.Outputs!);
        Assert.AreEqual(whole.Peak.Bytes, part.Peak.Bytes);
        PoolAccount measured = whole.Plans[0].Account.Find(MemoryPool.Workspace)!, byRule = part.Plans[0].Account.Find(MemoryPool.Workspace)!;
        Assert.AreEqual(FigureBasis.ByRule, byRule.Parts.Single().Basis);
        Assert.IsGreaterThanOrEqualTo(measured.Bytes!.Value, byRule.Bytes!.Value, "What is known by rule is the most of all processors.");
        Assert.AreEqual("skipped", Optimize(Network(), 10).Verification!.Status, "Not one node is so little.");
    }

    [TestMethod]
    public void A_rewrite_that_does_not_hold_in_what_was_verified_is_left_out_of_the_plan()
    {
        ModelProto model = Verification.CancellingModels.Make(new TestRandom(1), 1e6, hiding: 0);
        OptimizationResult whole = Optimize(model, long.MaxValue);
        Assert.IsNotEmpty(whole.LeftOut, "The rewrite does not hold.");
        // The part is all of the network but its end.
        long work = Serenity.Onnx.Operators.Table.WorkEstimate.Of(model.Graph, Serenity.Onnx.Shapes.ShapeInference.Run(Named(model), Path.GetFullPath("m.onnx"), new Dictionary<string, long>()).Main);
        OptimizationResult part = Optimize(model, work - 1);
        Assert.AreEqual(whole.Peak.Bytes, part.Peak.Bytes);
        CollectionAssert.AreEqual(whole.LeftOut.Select(r => r.Nodes[0]).ToArray(), part.LeftOut.Select(r => r.Nodes[0]).ToArray());
    }

    [TestMethod]
    [DataRow(Executor.StaticArena)]
    [DataRow(Executor.OnnxRuntime)]
    public void It_holds_for_every_executor(Executor executor)
    {
        using TempFolder folder = new();
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("model.onnx", ModelFile.ToBytes(Network())), Executor = executor, VerifyLimit = 100_000 });
        Assert.IsNotNull(result.Verification!.Instead);
    }

    private static ModelProto Named(ModelProto model)
    {
        ModelProto named = model.Clone();
        UniqueNames.Assign(named);
        return named;
    }

    private static ModelProto Tokens()
    {
        OnnxModelBuilder builder = new();
        string ids = builder.Input("ids", DataType.Int64, 1, -1), mask = builder.Input("mask", DataType.Float, 1, -1), other = builder.SymbolicInput("other", DataType.Float, "n");
        string state = builder.Node("Gather", [builder.Weight(Numbers(10 * 32), 10, 32), ids]);
        for (int i = 0; i < 3; i++)
            state = builder.Node("Relu", [builder.Node("MatMul", [state, builder.Weight(Numbers(32 * 32), 32, 32)])]);
        builder.Output(builder.Node("Mul", [state, builder.Node("Unsqueeze", [mask, builder.Integers(2)])]), DataType.Float, null);
        builder.Output(builder.Node("Neg", [other]), DataType.Float, null);
        return builder.Build();
    }

    private static ModelProto Network()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 1, 4, 16, 16);
        for (int i = 0; i < 6; i++)
            x = builder.Node("Relu", [builder.Node("Conv", [x, builder.Weight(Numbers(4 * 4 * 9), 4, 4, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }))]);
        builder.Output(x, DataType.Float, null);
        return builder.Build();
    }

    private static float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => (i % 13 - 6) / 16f)];

    private static OptimizationResult Optimize(ModelProto model, long limit, params (string Name, long Size)[] sizes)
    {
        using TempFolder folder = new();
        return ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = folder.File("model.onnx", ModelFile.ToBytes(model)),
            VerifyLimit = limit,
            FreeDimensions = sizes.ToDictionary(s => s.Name, s => s.Size),
        });
    }
}
