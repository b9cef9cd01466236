using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Partition;

/// <summary>What more work would buy is said, since a budget that is not met asks for it.</summary>
[TestClass]
public sealed class PartitionWorkLimitTests
{
    [TestMethod]
    public void A_plan_that_had_no_work_left_for_pieces_says_that_it_was_limited()
    {
        ModelProto model = Chain();
        OptimizationResult none = WholeWay.Optimize(model, workLimit: 1), much = WholeWay.Optimize(model, workLimit: 8);
        Assert.IsTrue(none.Work.Limited);
        Assert.IsFalse(none.Rewrites.Any(r => r.Kind == ModelPartition.Kind));
        Assert.IsGreaterThan(1, much.Work.Ratio);
        Assert.IsLessThan(none.Peak.Bytes, much.Peak.Bytes);
        Assert.AreEqual(much.Peak.Bytes, much.Verification!.MeasuredBytes);
    }

    [TestMethod]
    public void A_plan_that_no_pieces_can_lower_was_not_limited()
    {
        // The output itself is the peak.
        OnnxModelBuilder b = new();
        b.Output(b.Node("Relu", [b.Input("x", DataType.Float, 1, 4, 32, 32)]), DataType.Float, 1, 4, 32, 32);
        Assert.IsFalse(WholeWay.Optimize(b.Build()).Work.Limited);
    }

    // Two convolutions between small ends: the tensor between them is the peak.
    private static ModelProto Chain()
    {
        TestRandom random = new(5);
        OnnxModelBuilder b = new();
        string wide = b.Node("Conv", [b.Input("x", DataType.Float, 1, 3, 64, 64), b.Weight(random.Floats(16 * 3 * 9, 0.5), 16, 3, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }));
        string narrow = b.Node("Conv", [b.Node("Relu", [wide]), b.Weight(random.Floats(4 * 16 * 9, 0.5), 4, 16, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }));
        b.Output(narrow, DataType.Float, 1, 4, 32, 32);
        return b.Build();
    }
}
