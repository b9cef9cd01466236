using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Partition;

/// <summary>Once the largest tensors are in pieces, the peak is at another place: rewrites that do nothing for the whole lower it there.</summary>
[TestClass]
public sealed class PartitionFormTests
{
    private const long Bytes = 4 * 16 * 32 * 32;

    [TestMethod]
    public void Sums_that_are_the_peak_once_the_stem_is_in_pieces_are_added_by_convolutions()
    {
        OptimizationResult result = WholeWay.Optimize(StemAndResiduals());
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == ModelPartition.Kind));
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == "AddAbsorption"), string.Join(", ", result.Rewrites.Select(r => r.Kind)));
        // As nodes of their own they need both terms and the sum.
        Assert.IsLessThan(3 * Bytes, result.Peak.Bytes);
        Assert.AreEqual(result.Peak.Bytes, result.Verification!.MeasuredBytes);
        Assert.AreEqual(result.Peak.OriginalBytes - result.Peak.Bytes, result.Rewrites.Sum(r => r.SavedBytes));
        Assert.IsTrue(result.Rewrites.All(r => r.SavedBytes >= 0));
    }

    [TestMethod]
    public void Exact_plans_keep_sums_as_they_are()
    {
        OptimizationResult result = WholeWay.Optimize(StemAndResiduals(), request: asked => asked with { Rewrite = RewriteLevel.Exact });
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == ModelPartition.Kind));
        Assert.IsTrue(result.Rewrites.All(r => r.Exact));
    }

    // A stem with a tensor of 256 KiB, and sums of two of 64 KiB.
    private static ModelProto StemAndResiduals()
    {
        TestRandom random = new(7);
        OnnxModelBuilder b = new();
        string at = b.Node("Relu", [b.Node("Conv", [b.Input("x", DataType.Float, 1, 3, 128, 128), b.Weight(random.Floats(16 * 3 * 9, 0.5), 16, 3, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }))]);
        at = b.Node("MaxPool", [at], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        for (int i = 0; i < 6; i++)
        {
            string narrow = b.Node("Relu", [b.Node("Conv", [at, b.Weight(random.Floats(4 * 16, 0.5), 4, 16, 1, 1)])]);
            string wide = b.Node("Conv", [narrow, b.Weight(random.Floats(16 * 4 * 9, 0.3), 16, 4, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }));
            at = b.Node("Relu", [b.Node("Add", [at, wide])]);
        }
        b.Output(b.Node("GlobalAveragePool", [at]), DataType.Float, 1, 16, 1, 1);
        return b.Build();
    }
}
