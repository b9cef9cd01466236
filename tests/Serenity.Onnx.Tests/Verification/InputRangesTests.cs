using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Inputs are made in the range that a model tells.</summary>
[TestClass]
public sealed class InputRangesTests
{
    [TestMethod]
    public void What_it_is_quantized_to() => Is(-3.2, 22.3, (b, x) =>
        b.Node("QuantizeLinear", [x, b.Weight([0.1f], []), b.Add(new TensorProto { Name = "zero", DataType = (int)TensorProto.Types.DataType.Uint8, Int32Data = { 32 } })]));

    [TestMethod]
    public void What_it_is_clipped_to_and_a_little_more() => Is(-0.6, 6.6, (b, x) => b.Node("Clip", [b.Node("Identity", [x]), b.Weight([0f], []), b.Weight([6f], [])]));

    [TestMethod]
    public void Pixels_that_are_scaled() => Is(0, 255, (b, x) => b.Node("Div", [x, b.Weight([255f], [])]));

    [TestMethod]
    public void Mean_and_spread_of_each_channel() => Is(100 - 2 * 50, 120 + 2 * 60, (b, x) =>
        b.Node("Div", [b.Node("Sub", [x, b.Weight([100f, 120f, 110f], 1, 3, 1, 1)]), b.Weight([50f, 60f, 55f], 1, 3, 1, 1)]));

    [TestMethod]
    public void Pixels_that_are_scaled_and_then_normalized() => Is((0.5 - 2 * 0.25) * 255, (0.5 + 2 * 0.25) * 255, (b, x) =>
        b.Node("Div", [b.Node("Sub", [b.Node("Mul", [x, b.Weight([1 / 255f], [])]), b.Weight([0.5f], [])]), b.Weight([0.25f], [])]));

    [TestMethod]
    public void Nothing_where_the_model_says_nothing()
    {
        foreach (Func<OnnxModelBuilder, string, string> next in (Func<OnnxModelBuilder, string, string>[])
            [(b, x) => b.Node("Relu", [x]), (b, x) => b.Node("Add", [x, b.Weight([3f], [])]), (b, x) => b.Node("Mul", [x, b.Weight([0f], [])])])
        {
            Assert.IsEmpty(InputRanges.Of(Build(next)));
        }
    }

    private static void Is(double least, double largest, Func<OnnxModelBuilder, string, string> next)
    {
        (double from, double to) = InputRanges.Of(Build(next))["x"];
        Assert.AreEqual(least, from, 1e-4 * largest);
        Assert.AreEqual(largest, to, 1e-4 * largest);
    }

    private static GraphProto Build(Func<OnnxModelBuilder, string, string> next)
    {
        OnnxModelBuilder b = new();
        b.Output(next(b, b.Input("x", TensorProto.Types.DataType.Float, 1, 3, 4, 4)));
        return b.Build().Graph;
    }
}
