using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Regions in pieces where sizes have a range: cut along an axis that has one size, or along one that has a range itself, and valid at all sizes.</summary>
[TestClass]
public sealed class OpenPartitionTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("attention", "batch=1..2;seq=2..24")]
    [DataRow("attention", "seq=1..12;batch=2")]
    [DataRow("images", "batch=1..3;width=24")]
    [DataRow("images", "batch=1;width=8..24")]
    public void Pieces_hold_at_every_size_and_take_what_the_formula_says(string kind, string dimensions)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, kind + ".onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(kind == "attention" ? Attention() : Images(), path));
            // The file is run at sizes all over the range, its outputs held against the source's, bit for bit, and its bytes against the formula.
            RangeTruth.Outcome outcome = RangeTruth.Check(path, dimensions, RangeTruth.SizesEach(6), Changed);
            Assert.AreEqual(0, outcome.Below);
            Assert.IsTrue(outcome.Result.Rewrites.Any(r => r.Kind == ModelPartition.Kind), string.Join(' ', outcome.Result.Rewrites.Select(r => r.Kind)));
            OptimizationResult whole = ModelOptimizer.Optimize(Changed(RangeTruth.Request(path, dimensions)) with { Partition = false, Verify = false });
            TestContext.WriteLine($"{kind} {dimensions}: {whole.Peak.Bytes} -> {outcome.Result.Peak.Bytes}, {string.Join("; ", outcome.Result.Rewrites.Where(r => r.Pieces is not null).Select(r => $"{r.Pieces!.Count} pieces of {r.Pieces.Value} along {r.Pieces.Axis}"))}: {string.Join(" | ", outcome.Result.Range!.Peaks)}");
            Assert.IsLessThan(whole.Peak.Bytes, outcome.Result.Peak.Bytes);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestMethod]
    [DataRow("feedForward", "batch=1..2;seq=1..40")]
    [DataRow("feedForward", "batch=1;seq=17..40")]
    [DataRow("oneHead", "batch=1..2;seq=1..40")]
    [DataRow("oneHead", "batch=1..2;seq=1..39")]
    public void An_axis_is_cut_whose_size_has_a_range(string kind, string dimensions)
    {
        using TempFolder folder = new();
        string path = folder.File(kind + ".onnx", ModelFile.ToBytes(kind == "oneHead" ? OneHead() : FeedForward()));
        RangeTruth.Outcome outcome = RangeTruth.Check(path, dimensions, RangeTruth.SizesEach(10), InTokens, InputCase.Uniform);
        Assert.AreEqual(0, outcome.Below);
        Assert.AreEqual("passed", outcome.Result.Verification!.Status);
        Assert.AreEqual(0, outcome.Beyond, "The block has room for every size.");
        TestContext.WriteLine($"block {outcome.Result.Block?.Bytes}");
        OptimizationResult whole = ModelOptimizer.Optimize(InTokens(RangeTruth.Request(path, dimensions)) with { Partition = false, Verify = false });
        TestContext.WriteLine($"{kind} {dimensions}: {whole.Peak.Bytes} -> {outcome.Result.Peak.Bytes}, {string.Join("; ", outcome.Result.Rewrites.Where(r => r.Pieces is not null).Select(r => $"{r.Pieces!.Count} pieces of {r.Pieces.Value} along {r.Pieces.Axis}"))}: {string.Join(" | ", outcome.Result.Range!.Peaks)}");
        Assert.IsTrue(outcome.Result.Rewrites.Any(r => r.Pieces?.Axis == 1), string.Join('\n', outcome.Result.Warnings.Select(w => w.Message).Append("Tokens are cut.")));
        Assert.IsLessThan(0.7 * whole.Peak.Bytes, outcome.Result.Peak.Bytes);
        double beside = RangeTruth.BesideOneSize(path, dimensions, InTokens);
        TestContext.WriteLine($"{beside:0.###} times the plan for the largest sizes alone");
        Assert.IsLessThanOrEqualTo(1.05, beside);
    }

    [TestMethod]
    public void A_peak_inside_the_range_is_run_and_its_run_has_the_block()
    {
        using TempFolder folder = new();
        OnnxModelBuilder b = new("inside");
        string x = b.SymbolicInput("x", DataType.Float, "n", 2), cache = b.SymbolicInput("cache", DataType.Float, 40, 2);
        string rest = b.Node("Slice", [cache, b.Node("Gather", [b.Node("Shape", [x]), b.Integers(0)], ("axis", 0L)), b.Integers(40), b.Integers(0)]);
        b.Output(b.Node("Softmax", [b.Node("MatMul", [x, b.Node("Transpose", [rest], ("perm", new long[] { 1, 0 }))])], ("axis", -1L)), DataType.Float, null);
        string path = folder.File("inside.onnx", ModelFile.ToBytes(b.Build()));
        OptimizationResult result = RangeTruth.Check(path, "n=1..37", RangeTruth.SizesEach(8), kind: InputCase.Uniform).Result;
        long at = result.Range!.PeakAt["n"];
        Assert.IsTrue(at is > 1 and < 37, $"{at}");
        RangePoint point = result.Range.Points.Single(p => p.Sizes["n"] == at);
        Assert.AreEqual(result.Peak.Bytes, point.Bytes);
        Assert.AreEqual(result.Peak.Bytes, point.MeasuredBytes);
        Assert.IsTrue(result.Range.Points.Any(p => p.RequiredBytes == result.Peak.RequiredBytes && p.MeasuredBytes is not null));
        Assert.IsGreaterThanOrEqualTo(result.Peak.Bytes, result.Block!.Bytes);
    }

    /// <summary>The models are small, and a piece of a small tensor takes long beside it; channels of images would be taken apart by other rewrites.</summary>
    private static OptimizeRequest Changed(OptimizeRequest request) => request with { WorkLimit = 8, Rewrite = RewriteLevel.Exact };

    private static OptimizeRequest InTokens(OptimizeRequest request) => request with { WorkLimit = 16, Rewrite = RewriteLevel.Exact };

    [TestMethod]
    [DataRow(1L)]
    [DataRow(2L)]
    public void Pieces_of_an_open_axis_follow_each_other_and_keep_together_what_has_to(long unit)
    {
        for (long extent = 0; extent < 70; extent++)
        {
            Dictionary<string, long> sizes = new() { ["n"] = extent };
            for (int pieces = 2; pieces <= 12; pieces++)
            {
                long from = 0;
                for (int piece = 0; piece < pieces; piece++)
                {
                    Assert.AreEqual(from, OpenPieces.Border(SizeExpression.Symbol("n"), unit, piece, pieces).Evaluate(sizes));
                    long next = OpenPieces.Border(SizeExpression.Symbol("n"), unit, piece + 1, pieces).Evaluate(sizes), length = next - from;
                    // One row alone would be multiplied by another routine than the whole, unless it is the whole.
                    Assert.IsTrue(length == 0 || length >= unit || extent < unit, $"{length} of {extent} in {pieces}");
                    // What is planned at one size is what a run does there.
                    if (extent >= pieces * unit)
                        Assert.AreEqual(new Interval(from, next), PieceTable.Share(new NodeRegion([], [], extent) { Multiple = unit }, piece, pieces));
                    from = next;
                }
                Assert.AreEqual(extent, from);
            }
        }
    }

    [TestMethod]
    public void A_pad_that_follows_from_an_open_size_is_not_written_down()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            // Rows could be cut; but the pads of the open width follow from it, and a piece has to state all of them.
            OnnxModelBuilder b = new("same");
            TestRandom random = new(5);
            string x = b.SymbolicInput("image", DataType.Float, 1, 4, 16, "width");
            string wide = b.Node("Relu", [b.Node("Conv", [x, b.Weight(random.Floats(32 * 4, 0.2), 32, 4, 1, 1)])]);
            wide = b.Node("Conv", [wide, b.Weight(random.Floats(4 * 32 * 9, 0.2), 4, 32, 3, 3)], ("auto_pad", "SAME_UPPER"), ("strides", new long[] { 1, 2 }));
            b.Output(b.Node("Relu", [wide]), DataType.Float, null);
            string path = Path.Combine(folder.FullName, "same.onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(b.Build(), path));
            RangeTruth.Outcome outcome = RangeTruth.Check(path, "width=8..24", 6, Changed);
            Assert.AreEqual(0, outcome.Below);
            Assert.IsFalse(outcome.Result.Model.Graph.Node.Any(n => n.OpType == "Conv" && n.Attribute.Any(a => a.Name == "pads" && a.Ints.Any(pad => pad > 0))), "Pads of one width.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Attention of eight narrow heads, as exporters write it: shapes are computed from those of the input.</summary>
    private static ModelProto Attention()
    {
        const int width = 16, heads = 8;
        OnnxModelBuilder b = new("attention");
        TestRandom random = new(11);
        string x = b.SymbolicInput("tokens", DataType.Float, "batch", "seq", width);
        string shape = b.Node("Shape", [x]), tokens = b.Node("Slice", [shape, b.Integers(0), b.Integers(2)]);
        string split = b.Node("Concat", [tokens, b.Integers(heads, width / heads)], ("axis", 0L)), joined = b.Node("Concat", [tokens, b.Integers(width)], ("axis", 0L));
        string[] parts = b.Nodes("Split", [b.Node("MatMul", [x, b.Weight(random.Floats(3 * width * width, 0.3), width, 3 * width)])], 3, ("axis", 2L));
        for (int i = 0; i < parts.Length; i++)
            parts[i] = b.Node("Transpose", [b.Node("Reshape", [parts[i], split])], ("perm", i == 1 ? new long[] { 0, 2, 3, 1 } : [0, 2, 1, 3]));
        string scores = b.Node("Softmax", [b.Node("MatMul", [parts[0], parts[1]])], ("axis", -1L));
        string mixed = b.Node("Transpose", [b.Node("MatMul", [scores, parts[2]])], ("perm", new long[] { 0, 2, 1, 3 }));
        b.Output(b.Node("MatMul", [b.Node("Reshape", [mixed, joined]), b.Weight(random.Floats(width * width, 0.3), width, width)]), DataType.Float, null);
        return b.Build();
    }

    /// <summary>What follows attention in a layer: tokens by themselves, over a wide hidden layer.</summary>
    private static ModelProto FeedForward()
    {
        const int width = 12, hidden = 48;
        OnnxModelBuilder b = new("feedForward");
        TestRandom random = new(7);
        string x = b.SymbolicInput("tokens", DataType.Float, "batch", "seq", width);
        string wide = b.Node("Add", [b.Node("MatMul", [x, b.Weight(random.Floats(width * hidden, 0.3), width, hidden)]), b.Weight(random.Floats(hidden, 0.3), hidden)]);
        wide = b.Node("Mul", [wide, b.Node("Sigmoid", [wide])]);
        string back = b.Node("MatMul", [wide, b.Weight(random.Floats(width * hidden, 0.3), hidden, width)]);
        b.Output(b.Node("Relu", [b.Node("Add", [back, x])]), DataType.Float, null);
        return b.Build();
    }

    /// <summary>Attention of one head, so that nothing of one size can be cut: tokens that ask against all tokens, with a mask.</summary>
    private static ModelProto OneHead()
    {
        const int width = 8;
        OnnxModelBuilder b = new("oneHead");
        TestRandom random = new(9);
        string x = b.SymbolicInput("tokens", DataType.Float, "batch", "seq", width), mask = b.SymbolicInput("mask", DataType.Float, "batch", 1, "seq");
        string[] parts = b.Nodes("Split", [b.Node("MatMul", [x, b.Weight(random.Floats(3 * width * width, 0.3), width, 3 * width)])], 3, ("axis", 2L));
        string scores = b.Node("MatMul", [parts[0], b.Node("Transpose", [parts[1]], ("perm", new long[] { 0, 2, 1 }))]);
        scores = b.Node("Softmax", [b.Node("Add", [b.Node("Mul", [scores, b.Weight([0.35f])]), mask])], ("axis", -1L));
        b.Output(b.Node("MatMul", [b.Node("MatMul", [scores, parts[2]]), b.Weight(random.Floats(width * width, 0.3), width, width)]), DataType.Float, null);
        return b.Build();
    }

    /// <summary>A bottleneck, whose wide tensors need not exist whole: rows are cut.</summary>
    private static ModelProto Images()
    {
        OnnxModelBuilder b = new("images");
        TestRandom random = new(3);
        string x = b.SymbolicInput("image", DataType.Float, "batch", 4, 32, "width");
        string wide = b.Node("Relu", [b.Node("Conv", [x, b.Weight(random.Floats(48 * 4, 0.2), 48, 4, 1, 1)])]);
        wide = b.Node("Relu", [b.Node("Conv", [wide, b.Weight(random.Floats(48 * 9, 0.2), 48, 1, 3, 3)], ("group", 48L), ("pads", new long[] { 1, 1, 1, 1 }))]);
        b.Output(b.Node("Conv", [wide, b.Weight(random.Floats(48 * 4, 0.2), 4, 48, 1, 1)]), DataType.Float, null);
        return b.Build();
    }
}
