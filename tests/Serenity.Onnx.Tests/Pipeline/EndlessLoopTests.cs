using Serenity.Onnx.Contract;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>A loop that does not end is planned like another, and given up in verification after one run up to its limits.</summary>
[TestClass]
public sealed class EndlessLoopTests
{
    [TestMethod]
    [DataRow(true, 4)]
    [DataRow(false, 4)]
    [DataRow(false, 100_000, DisplayName = "large kernels, of which as many as small ones would take minutes")]
    public void It_is_told_not_verified(bool counts, int elements)
    {
        OptimizationResult result = WholeWay.Optimize(Model(counts, elements));
        Assert.AreEqual("skipped", result.Verification!.Status, result.Verification.Reason);
        StringAssert.Contains(result.Verification.Reason!, "more kernels, than verification may use");
    }

    /// <summary>A loop of as many rounds as a number can say, or of as many as its condition lets it.</summary>
    private static ModelProto Model(bool counts, int elements)
    {
        OnnxModelBuilder body = new(prefix: "b");
        body.Input("i", DataType.Int64);
        string go = body.Input("go", DataType.Bool), value = body.Input("v", DataType.Float, elements);
        body.Output(body.Node("Identity", [go]), DataType.Bool);
        body.Output(body.Node("Add", [value, value]), DataType.Float, elements);
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, elements), rounds = model.Node("Squeeze", [model.Integers(long.MaxValue)]);
        string on = model.Node("Constant", [], ("value", OnnxModelBuilder.Tensor("t", DataType.Bool, [1])));
        model.Output(model.Node("Neg", [model.Node("Loop", [counts ? rounds : "", on, x], ("body", body.Subgraph()))]), DataType.Float, elements);
        return model.Build();
    }
}
