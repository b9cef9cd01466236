using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites.Partition;

/// <summary>Once the largest tensors are in pieces, the peak is at another place: rewrites that do nothing for the whole lower it there.</summary>
[TestClass]
public sealed class PartitionFormTests
{
    [TestMethod]
    public void Sets_for_pieces_are_what_joins_operators_and_what_is_free_and_what_was_applied_with_the_joins()
    {
        ISiteChoice[] alone = [.. RewriteSets.ForPieces([])], after = [.. RewriteSets.ForPieces([new AppliedRewrite("ChannelSplit", ["conv"], true, 1)])];
        Assert.HasCount(2, alone);
        Assert.IsTrue(alone[0].MayWant("AddAbsorption") && !alone[0].MayWant("ChannelPartition"));
        Assert.IsTrue(alone[1].MayWant("AddAbsorption") && alone[1].MayWant("ChannelPartition"));
        Assert.IsFalse(alone[1].MayWant("ChannelSplit") || alone[1].MayWant("CheapRecompute"));
        Assert.HasCount(3, after);
        Assert.IsTrue(after[2].MayWant("AddAbsorption") && after[2].MayWant("ChannelSplit") && !after[2].MayWant("ChannelPartition"));
    }

    [TestMethod]
    public void Plans_with_a_stem_in_pieces_and_sums_hold()
    {
        OptimizationResult result = WholeWay.Optimize(StemAndResiduals());
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == ModelPartition.Kind));
        Assert.AreEqual(result.Peak.Bytes, result.Verification!.MeasuredBytes);
        Assert.IsTrue(result.Rewrites.All(r => r.SavedBytes >= 0));
        Assert.AreEqual(result.Work.Ratio - 1, result.Rewrites.Sum(r => r.AddedTime!.Value), 1e-9);
    }

    [TestMethod]
    public void Exact_plans_keep_sums_as_they_are()
    {
        OptimizationResult result = WholeWay.Optimize(StemAndResiduals(), request: asked => asked with { Rewrite = RewriteLevel.Exact });
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == ModelPartition.Kind));
        Assert.IsTrue(result.Rewrites.All(r => r.Exact));
    }

    [TestMethod]
    public void Of_many_sums_the_one_that_is_needed_beside_pieces_is_taken_and_told()
    {
        OptimizationResult result = WholeWay.Optimize(StemAndOneLargeSum(), workLimit: 4);
        AppliedRewrite[] sums = [.. result.Rewrites.Where(r => r.Kind == "AddAbsorption")];
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == ModelPartition.Kind));
        Assert.HasCount(1, sums, string.Join(", ", result.Rewrites.Select(r => $"{r.Kind} {string.Join(' ', r.Nodes)} {r.SavedBytes}")));
        Assert.IsGreaterThan(0, sums[0].SavedBytes);
        Assert.AreEqual(result.Peak.Bytes, result.Verification!.MeasuredBytes);
        Assert.AreEqual(result.Peak.OriginalBytes - result.Peak.Bytes, result.Rewrites.Sum(r => r.SavedBytes));
        Assert.AreEqual(result.Work.Ratio - 1, result.Rewrites.Sum(r => r.AddedTime!.Value), 1e-9);
    }

    [TestMethod]
    [DataRow("com.microsoft:MultiHeadAttention")]
    [DataRow("com.microsoft:Attention")]
    [DataRow("Attention")]
    public void Attention_that_is_one_operator_is_run_head_by_head_or_query_by_query(string op)
    {
        const int Heads = 8, Tokens = 96, Width = 32;
        TestRandom random = new(5);
        OnnxModelBuilder b = new(opset: op == "Attention" ? 23 : 17);
        string x = b.Input("x", DataType.Float, 1, Tokens, Width);
        string[] projected = op == "com.microsoft:Attention" ? [x, b.Weight(random.Floats(3 * Width * Width, 0.3), Width, 3 * Width), b.Weight(random.Floats(3 * Width, 0.3), 3 * Width)]
            : [.. Enumerable.Range(0, 3).Select(_ => b.Node("MatMul", [x, b.Weight(random.Floats(Width * Width, 0.3), Width, Width)]))];
        string summand = b.Input("s", DataType.Float, 1, 1, Tokens, Tokens);
        string attended = op == "Attention" ? b.Node(op, [.. projected, summand], ("q_num_heads", (long)Heads), ("kv_num_heads", (long)Heads))
            : b.Node(op, [.. projected, "", "", summand], ("num_heads", (long)Heads));
        b.Output(b.Node("MatMul", [attended, b.Weight(random.Floats(Width * Width, 0.3), Width, Width)]), DataType.Float, 1, Tokens, Width);

        OptimizationResult result = WholeWay.Optimize(b.Build(), request: asked => asked with { Rewrite = RewriteLevel.Exact }, workLimit: 2);

        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == ModelPartition.Kind && r.Exact));
        Assert.AreEqual(result.Peak.Bytes, result.Verification!.MeasuredBytes);
        // The scores of all heads never exist.
        Assert.IsLessThan(Heads * Tokens * Tokens * sizeof(float) / 2, result.Peak.Bytes + result.Peak.WorkspaceBytes!.Value);
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
            string scaled = b.Node("Mul", [wide, b.Weight([0.5f], 1)]);
            at = b.Node("Relu", [b.Node("Add", [at, scaled])]);
        }
        b.Output(b.Node("GlobalAveragePool", [at]), DataType.Float, 1, 16, 1, 1);
        return b.Build();
    }

    // A stem with a tensor of 256 KiB, a sum of two of 64 KiB between two nodes that need it whole, and sums of two of 16 KiB.
    private static ModelProto StemAndOneLargeSum()
    {
        TestRandom random = new(11);
        OnnxModelBuilder b = new();
        string at = b.Node("Relu", [b.Node("Conv", [b.Input("x", DataType.Float, 1, 3, 128, 128), b.Weight(random.Floats(16 * 3 * 9, 0.5), 16, 3, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }))]);
        at = Gated(b.Node("MaxPool", [at], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })));
        at = Gated(Residual(at));
        at = b.Node("MaxPool", [at], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        for (int i = 0; i < 6; i++)
            at = Residual(at);
        b.Output(b.Node("GlobalAveragePool", [at]), DataType.Float, 1, 16, 1, 1);
        return b.Build();

        string Gated(string value) => b.Node("Mul", [value, b.Node("Sigmoid", [b.Node("Conv", [b.Node("GlobalAveragePool", [value]), b.Weight(random.Floats(16 * 16, 0.5), 16, 16, 1, 1)])])]);

        string Residual(string value)
        {
            string narrow = b.Node("Relu", [b.Node("Conv", [value, b.Weight(random.Floats(4 * 16, 0.5), 4, 16, 1, 1)])]);
            string wide = b.Node("Conv", [narrow, b.Weight(random.Floats(16 * 4 * 9, 0.3), 16, 4, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }));
            return b.Node("Relu", [b.Node("Add", [wide, value])]);
        }
    }
}
