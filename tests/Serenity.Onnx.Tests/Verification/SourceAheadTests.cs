using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Runtime;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Beginning a verification early changes nothing of what comes out.</summary>
[TestClass]
public sealed class SourceAheadTests
{

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_verdict_is_the_same(bool fused)
    {
        ModelProto source = Convolution();
        ModelProto changed = source.Clone();
        changed.Graph.Initializer[0].FloatData[20] = MathF.BitIncrement(changed.Graph.Initializer[0].FloatData[20]);
        VerificationRequest request = new() { Source = source, Optimized = changed, Fused = fused, Exact = false, Work = 10_000 };
        VerificationOutcome plain = ModelVerifier.Verify(request);
        using SourceAhead? ahead = Start(source, fused);
        VerificationOutcome early = ModelVerifier.Verify(request with { Ahead = ahead });

        Assert.AreEqual(plain.Facts, early.Facts);
        Assert.AreEqual(plain.Memory?.WorkspaceBytes, early.Memory?.WorkspaceBytes);
        Assert.IsGreaterThan(0.0, early.Facts.MaxError);
    }

    [TestMethod]
    public void A_wrong_result_is_found_on_the_inputs_made_early()
    {
        ModelProto source = Convolution();
        ModelProto changed = source.Clone();
        changed.Graph.Initializer[0].FloatData[0] += 1;
        using SourceAhead? ahead = Start(source, fused: false);
        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => ModelVerifier.Verify(
            new() { Source = source, Optimized = changed, Fused = false, Exact = false, Work = 10_000, Ahead = ahead }));
        Assert.AreEqual(SerenityCodes.OutputsDiffer, e.Code);
        StringAssert.Contains(e.Message, "ordinary", StringComparison.Ordinal);
    }

    [TestMethod]
    public void What_was_begun_with_other_fusions_is_not_used()
    {
        ModelProto source = Convolution();
        using SourceAhead? ahead = Start(source, fused: true);
        Assert.AreEqual("passed", ModelVerifier.Verify(
            new() { Source = source, Optimized = source.Clone(), Fused = false, Exact = true, Work = 10_000, Ahead = ahead }).Facts.Status);
    }

    [TestMethod]
    public void A_source_that_cannot_be_loaded_is_nothing_then_and_an_error_later()
    {
        ModelProto source = Convolution();
        source.Graph.Node[0].OpType = "NoSuchOperator";
        using SourceAhead? ahead = Start(source, fused: false);
        Assert.IsNull(ahead?.Take());
    }

    [TestMethod]
    public void A_run_that_is_long_is_not_begun() =>
        Assert.IsNull(SourceAhead.Start(Convolution(), null, null, false, ModelVerifier.WorkForTwoCases + 1));

    private static ModelProto Convolution() => ModelProto.Parser.ParseFrom(TinyModels.Convolution(4, 8).Bytes);

    private static SourceAhead? Start(ModelProto source, bool fused) => SourceAhead.Start(source, null, null, fused, 10_000);
}
