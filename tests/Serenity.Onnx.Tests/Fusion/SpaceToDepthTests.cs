using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Fusion;

/// <summary>
/// The stem that YOLOX and others begin with: every other row and column, four times, put together for a convolution. Together they cost more than the convolution that follows,
/// and ONNX Runtime's fusion of them into a SpaceToDepth would keep them together.
/// </summary>
[TestClass]
public sealed class SpaceToDepthTests
{
    private const int Channels = 3, Size = 32, Filters = 4;

    [TestMethod]
    public void Slices_before_a_convolution_never_exist_at_once()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", TensorProto.Types.DataType.Float, 1, Channels, Size, Size);
        string[] corners = [.. new (long Row, long Column)[] { (0, 0), (1, 0), (0, 1), (1, 1) }.Select(c => builder.Node(
            "Slice", [x, builder.Integers(c.Row, c.Column), builder.Integers(long.MaxValue, long.MaxValue), builder.Integers(2, 3), builder.Integers(2, 2)]))];
        string together = builder.Node("Concat", corners, ("axis", 1L));
        float[] weights = [.. Enumerable.Range(0, Filters * 4 * Channels * 9).Select(i => ((i * 7) % 11) - 5f)];
        string y = builder.Node("Conv", [together, builder.Weight(weights, Filters, 4 * Channels, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }));
        builder.Output(builder.Node("Relu", [y]), TensorProto.Types.DataType.Float, 1, Filters, Size / 2, Size / 2);
        using TempFolder folder = new();

        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("stem.onnx", builder.Build().ToByteArray()), Partition = false });

        CollectionAssert.DoesNotContain(result.OperatorTypes.ToArray(), "SpaceToDepth");
        // The four corners alone: all that a plan must do to go below this is never to have them together.
        Assert.IsLessThan(4L * Channels * Size / 2 * (Size / 2) * sizeof(float), result.Peak.Bytes);
        Assert.AreEqual("passed", result.Verification!.Status);
    }
}
