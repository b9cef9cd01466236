using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Runtime;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>A source of which ONNX Runtime leaves elements unwritten is told from a fault of ours, and what it does write is held to as ever.</summary>
[TestClass]
public sealed class UnwrittenOutputsTests
{
    [TestMethod]
    public void Output_with_elements_that_nobody_writes_is_not_compared_and_the_verdict_says_so()
    {
        VerificationRequest request = Request();
        CollectionAssert.AreEquivalent((string[])["out"], UnwrittenOutputs.Find(request, CancellationToken.None).ToArray());

        // Made to differ in what is written too: what memory holds differs now and then only.
        ModelProto changed = request.Optimized.Clone();
        changed.Graph.Node.Single(n => n.Output.Contains("out")).OpType = "Abs";
        VerificationOutcome outcome = ModelVerifier.Verify(request with { Optimized = changed });

        Assert.AreEqual("partial", outcome.Facts.Status);
        StringAssert.StartsWith(outcome.Facts.Reason!, "Output 'out' was not compared, since the source model gives other values there", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Other_outputs_of_the_same_model_are_compared()
    {
        VerificationRequest request = Request();
        ModelProto changed = request.Optimized.Clone();
        changed.Graph.Node.Single(n => n.Output.Contains("twice")).OpType = "Mul";

        SerenityException e = Assert.ThrowsExactly<SerenityException>(() => ModelVerifier.Verify(request with { Optimized = changed }));

        Assert.AreEqual(SerenityCodes.OutputsDiffer, e.Code);
        StringAssert.Contains(e.Message, "output 'twice'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void What_a_rewrite_may_have_changed_there_is_not_let_through()
    {
        VerificationRequest request = Request();
        ModelProto changed = request.Optimized.Clone();
        changed.Graph.Node.Single(n => n.Output.Contains("out")).OpType = "Abs";

        Assert.AreEqual(
            SerenityCodes.OutputsDiffer, Assert.ThrowsExactly<SerenityException>(() => ModelVerifier.Verify(request with { Optimized = changed, IsRewritten = true })).Code);
    }

    [TestMethod]
    public void Model_that_writes_all_it_gives_hangs_on_no_memory()
    {
        Assert.IsEmpty(UnwrittenOutputs.Find(Request(2, 0), CancellationToken.None));
        Assert.IsEmpty(UnwrittenOutputs.Find(Request(2, 1), CancellationToken.None));
    }

    // An empty tensor [0, 300] between two of [2, 300], joined along the axis of the 300: the result is [2, 900], and nothing is written between the two.
    private static VerificationRequest Request(params long[] middle)
    {
        GraphProto graph = new() { Name = "joined" };
        graph.Input.Add(TinyModels.Value("x", 2, 300));
        graph.Input.Add(TinyModels.Value("y", middle is [] ? [0, 300] : middle));
        graph.Input.Add(TinyModels.Value("z", 2, 300));
        ValueInfoProto output = TinyModels.Value("out", 2, 1);
        output.Type.TensorType.Shape.Dim[1] = new() { DimParam = "n" };
        graph.Output.Add(output);
        graph.Output.Add(TinyModels.Value("twice", 2, 300));
        graph.Node.Add(TinyModels.Node("SequenceConstruct", "all", ["x", "y", "z"], ["sequence"]));
        graph.Node.Add(TinyModels.Node("ConcatFromSequence", "join", ["sequence"], ["wide"]));
        graph.Node[^1].Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        graph.Node.Add(TinyModels.Node("Neg", "negate", ["wide"], ["out"]));
        graph.Node.Add(TinyModels.Node("Add", "add", ["x", "x"], ["twice"]));
        ModelProto model = TinyModels.Model(graph);
        return new() { Source = model, Optimized = model.Clone(), Fused = false, Exact = true, Work = 128 };
    }
}
