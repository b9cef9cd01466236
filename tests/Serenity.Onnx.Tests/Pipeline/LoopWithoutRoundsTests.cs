using Serenity.Onnx.Contract;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Of what a loop collects in no rounds ONNX Runtime gives no other sizes than 0.</summary>
[TestClass]
public sealed class LoopWithoutRoundsTests
{
    [TestMethod]
    public void A_loop_that_never_runs_a_round_is_verified()
    {
        OptimizationResult result = WholeWay.Optimize(Model());
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
    }

    /// <summary>A loop that adds up and collects each sum, of no rounds.</summary>
    private static ModelProto Model()
    {
        OnnxModelBuilder body = new(prefix: "b");
        body.Input("i", DataType.Int64);
        string go = body.Input("go", DataType.Bool), value = body.Input("v", DataType.Float);
        string sum = body.Node("Add", [value, value]);
        body.Output(body.Node("Identity", [go]), DataType.Bool);
        body.Output(sum, DataType.Float);
        body.Output(body.Node("Neg", [sum]), DataType.Float);
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, 64);
        string trips = model.Node("Squeeze", [model.Integers(0)]);
        string[] made = model.Nodes("Loop", [trips, model.Node("Constant", [], ("value", OnnxModelBuilder.Tensor("t", DataType.Bool, [1]))), x], 2, ("body", body.Subgraph()));
        model.Output(model.Node("Abs", [made[0]]), DataType.Float, 64);
        model.Output(made[1], DataType.Float, 0, 64);
        return model.Build();
    }
}
