using Serenity.Onnx.Operators;
using Serenity.Onnx.Rehearsal;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Tests.Rehearsal;

/// <summary>A rehearsal that fails is silent in a build, so that it works is held here.</summary>
[TestClass]
public sealed class WarmUpTests
{
    [TestMethod]
    public void Planning_is_rehearsed_to_the_end_with_a_rewrite_in_it() => Assert.IsGreaterThan(0, WarmUp.RehearsePlanning());

    [TestMethod]
    public void Verification_is_rehearsed_to_the_end()
    {
        VerificationOutcome? outcome = WarmUp.RehearseRuntime();

        Assert.IsNotNull(outcome);
        Assert.AreEqual("passed", outcome.Facts.Status, outcome.Facts.Reason);
    }

    [TestMethod]
    public void The_stated_shapes_are_those_that_ONNX_Runtime_infers()
    {
        ModelProto model = RehearsalModel.Create();
        ShapeTable inferred = ShapeInference.Run(model, Path.GetFullPath("rehearsal.onnx"), new Dictionary<string, long>()).Main;
        ShapeTable stated = RehearsalModel.Shapes();

        CollectionAssert.AreEquivalent(inferred.Types.Keys.ToArray(), stated.Types.Keys.ToArray());
        foreach ((string name, TensorType type) in inferred.Types)
            Assert.AreEqual(type, stated.Find(name), name);
    }

    [TestMethod]
    public void Starting_it_twice_is_one_warm_up() => Assert.AreSame(WarmUp.Start(), WarmUp.Start());
}
