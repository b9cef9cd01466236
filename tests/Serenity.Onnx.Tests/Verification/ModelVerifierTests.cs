using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Runtime;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Verification passes what holds and refuses every broken promise.</summary>
[TestClass]
public sealed class ModelVerifierTests
{
    [TestMethod]
    public void True_promises_pass()
    {
        VerificationOutcome outcome = ModelVerifier.Verify(Diamond());

        Assert.AreEqual("passed", outcome.Facts.Status);
        Assert.IsNull(outcome.Facts.Reason);
        Assert.AreEqual(1200L, outcome.Facts.MeasuredBytes);
        Assert.AreEqual(0L, outcome.Memory!.WorkspaceBytes);
        Assert.AreEqual(0.0, outcome.Facts.MaxError);
        Assert.AreEqual(NativeRuntime.Version, outcome.Facts.RuntimeVersion);
    }

    [TestMethod]
    [DataRow(1199L)]
    [DataRow(1201L)]
    public void Peak_that_is_off_by_one_byte_is_an_error(long promised) =>
        Refuses(SerenityCodes.MemoryDiffers, Diamond() with { PredictedBytes = promised });

    [TestMethod]
    public void Other_order_is_an_error() =>
        Refuses(SerenityCodes.OrderDiffers, Diamond() with { Schedule = ["a", "b", "sum"] });

    [TestMethod]
    public void Missing_step_is_an_error() =>
        Refuses(SerenityCodes.OrderDiffers, Diamond() with { Schedule = ["b", "a"] });

    [TestMethod]
    public void Other_result_is_an_error()
    {
        ModelProto changed = Parse(TinyModels.Diamond(100));
        changed.Graph.Node[2].OpType = "Sub";
        SerenityException e = Refuses(SerenityCodes.OutputsDiffer, Diamond() with { Optimized = changed });
        StringAssert.Contains(e.Message, "output 'y'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Smallest_change_of_a_weight_is_an_error_if_exact_and_not_if_reassociated()
    {
        ModelProto source = Parse(TinyModels.Convolution(4, 8));
        ModelProto changed = source.Clone();
        changed.Graph.Initializer[0].FloatData[20] = MathF.BitIncrement(source.Graph.Initializer[0].FloatData[20]);
        VerificationRequest request = new() { Source = source, Optimized = changed, Fused = false, Exact = true, Work = 10_000 };

        Refuses(SerenityCodes.OutputsDiffer, request);
        VerificationOutcome loose = ModelVerifier.Verify(request with { Exact = false });
        Assert.AreEqual("passed", loose.Facts.Status);
        Assert.IsTrue(loose.Facts.MaxError is > 0 and < 1e-6, $"{loose.Facts.MaxError}");

        changed.Graph.Initializer[0].FloatData[20] += 0.01f;
        Refuses(SerenityCodes.OutputsDiffer, request with { Exact = false });
    }

    [TestMethod]
    public void Renamed_output_is_an_error()
    {
        ModelProto changed = Parse(TinyModels.Diamond(100));
        changed.Graph.Node[2].Output[0] = changed.Graph.Output[0].Name = "z";
        Refuses(SerenityCodes.OutputsDiffer, Diamond() with { Optimized = changed });
    }

    [TestMethod]
    public void Random_operator_leaves_values_uncompared_and_says_so()
    {
        GraphProto graph = new() { Name = "noise" };
        graph.Input.Add(TinyModels.Value("x", 64));
        graph.Output.Add(TinyModels.Value("y", 64));
        graph.Node.Add(TinyModels.Node("RandomNormalLike", "noise", ["x"], ["n"]));
        graph.Node.Add(TinyModels.Node("Add", "add", ["x", "n"], ["y"]));
        ModelProto model = TinyModels.Model(graph);

        VerificationOutcome outcome = ModelVerifier.Verify(new()
        {
            Source = model,
            Optimized = model.Clone(),
            Fused = false,
            Exact = true,
            Work = 128,
            Schedule = ["noise", "add"],
            PredictedBytes = 512,
        });
        Assert.AreEqual("partial", outcome.Facts.Status);
        StringAssert.Contains(outcome.Facts.Reason!, "'noise'", StringComparison.Ordinal);
        Assert.AreEqual(512L, outcome.Facts.MeasuredBytes);
    }

    [TestMethod]
    public void Endless_loop_is_skipped_and_says_so()
    {
        ModelProto model = Parse(TinyModels.DoublingLoop(4));
        model.Graph.Input.RemoveAt(1);
        model.Graph.Initializer.Add(new TensorProto
        {
            Name = "count",
            DataType = (int)TensorProto.Types.DataType.Int64,
            Int64Data = { long.MaxValue },
        });
        VerificationOutcome outcome = ModelVerifier.Verify(new()
        {
            Source = model,
            Optimized = model.Clone(),
            Fused = false,
            Exact = true,
            Work = 128,
            Limits = new RunLimits(300, 1 << 20),
        });
        Assert.AreEqual("skipped", outcome.Facts.Status);
    }

    private static VerificationRequest Diamond()
    {
        ModelProto model = Parse(TinyModels.Diamond(100));
        return new()
        {
            Source = model,
            Optimized = model.Clone(),
            File = "diamond.onnx",
            Fused = false,
            Exact = true,
            Work = 300,
            Schedule = ["b", "a", "sum"],
            PredictedBytes = 1200,
        };
    }

    private static SerenityException Refuses(string code, VerificationRequest request)
    {
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => ModelVerifier.Verify(request));
        Assert.AreEqual(code, e.Code, e.Message);
        return e;
    }

    private static ModelProto Parse(RunnableModel model) => ModelProto.Parser.ParseFrom(model.Bytes);
}
