using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Onnx.Verification.Values;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Inputs near a decision lie on both sides of it, and what decides at random there is found.</summary>
[TestClass]
public sealed class DecisionBoundaryTests
{
    [TestMethod]
    public void Both_sides_are_near_each_other_and_decide_differently()
    {
        ModelProto model = Chooser(noise: 0);
        using ModelSession session = ModelSession.Load(RunnableModel.Of(model));
        IReadOnlyList<IReadOnlyList<KeyValuePair<string, RuntimeValue>>> near = DecisionBoundary.Find(
            session, new SeededInputs(model.Graph, session.Inputs), [model.Graph.Output[0].Name], RunLimits.Default, default);
        Assert.HasCount(2, near);
        RuntimeValue.Tensor a = (RuntimeValue.Tensor)session.Run(near[0])[0].Value, b = (RuntimeValue.Tensor)session.Run(near[1])[0].Value;
        CollectionAssert.AreNotEqual(a.Data, b.Data);
        double[] x = SeenTensor.Of(near[0][0].Value)!.Elements, y = SeenTensor.Of(near[1][0].Value)!.Elements;
        Assert.IsLessThan(2.0 / 32, x.Zip(y).Max(p => Math.Abs(p.First - p.Second)));
    }

    [TestMethod]
    public void A_choice_that_is_off_only_near_the_boundary_is_found()
    {
        VerificationRequest request = new() { Source = Chooser(noise: 0), Optimized = Chooser(noise: 0), Fused = false, Exact = false, Work = 100 };
        Assert.AreEqual("passed", ModelVerifier.Verify(request).Facts.Status);
        Diagnostics.SerenityException e = Assert.ThrowsExactly<Diagnostics.SerenityException>(() => ModelVerifier.Verify(request with { Optimized = Chooser(noise: 0.3f) }));
        Assert.AreEqual(Diagnostics.SerenityCodes.OutputsDiffer, e.Code);
    }

    /// <summary>Which of some classes has the largest score; the first score can be off.</summary>
    private static ModelProto Chooser(float noise)
    {
        OnnxModelBuilder b = new();
        TestRandom random = new(6);
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, 16);
        string scores = b.Node("Add", [b.Node("MatMul", [x, b.Weight(random.Floats(16 * 4, 0.5), 16, 4)]), b.Weight([noise, 0, 0, 0], 4)]);
        b.Output(b.Node("ArgMax", [scores], ("axis", 1L)), TensorProto.Types.DataType.Int64, 1, 1);
        return b.Build();
    }
}
