using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>Ranges that go beyond what a model takes, a machine can count, or a build can run: refused with the true reason, or held to their formula as far as runs go.</summary>
[TestClass]
public sealed class RangeLimitTests
{
    [TestMethod]
    [DataRow(1, 8, 1, 8, "say so in FreeDimensions: b=a")]
    [DataRow(1, 8, 1, 16, "a=8, b=16")]
    [DataRow(2, 8, 2, 16, "a=8, b=16")]
    [DataRow(2, 8, 2, 8, "a=8, b=2")]
    [DataRow(2, 8, 3, 8, "a=2, b=3")]
    public void Two_ranges_that_meet_in_one_sum_must_be_one(long aFrom, long aTo, long bFrom, long bTo, string says)
    {
        OnnxModelBuilder builder = new();
        string a = builder.SymbolicInput("x", DataType.Float, "a", 4), b = builder.SymbolicInput("y", DataType.Float, "b", 4);
        builder.Output(builder.Node("Relu", [builder.Node("Add", [a, b])]), DataType.Float, null);
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), ("a", new SizeRange(aFrom, aTo)), ("b", new SizeRange(bFrom, bTo))));
        Assert.AreEqual(SerenityCodes.RangeNotPlanned, refused.Code, refused.Message);
        StringAssert.Contains(refused.Message, says);
        Console.WriteLine(refused.Message);
    }

    [TestMethod]
    [DataRow(1, 32, "With h=1: node 'Conv_0' (Conv) has windows of 7 along axis 2 of 'x', which has a size of 1 there. It runs with h=7 and h=32, and not with h=6: write h=7..32.")]
    [DataRow(7, 32, null)]
    public void A_window_that_does_not_fit_the_least_size_is_named_with_the_size_that_it_fits(long from, long to, string? says)
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, 1, 3, "h", 16);
        builder.Output(builder.Node("Relu", [builder.Node("Conv", [x, builder.Weight(new float[4 * 3 * 49], 4, 3, 7, 7)])]), DataType.Float, null);
        if (says is null)
        {
            Assert.AreEqual("passed", Optimize(builder.Build(), ("h", new SizeRange(from, to))).Verification!.Status);
            return;
        }
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), ("h", new SizeRange(from, to))));
        Assert.AreEqual(SerenityCodes.RangeNotPlanned, refused.Code, refused.Message);
        Assert.Contains(says, refused.Message);
        refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), ("h", new SizeRange(3, 3))));
        Assert.AreEqual(SerenityCodes.BadFreeDimension, refused.Code, refused.Message);
        Assert.Contains("node 'Conv_0' (Conv) has windows of 7 along axis 2 of 'x', which has a size of 3 there.", refused.Message);
    }

    [TestMethod]
    public void Where_a_range_goes_too_far_the_largest_size_that_runs_is_said()
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, 1, "seq", 8);
        string rows = builder.Node("Slice", [builder.Node("Shape", [x]), builder.Integers(1), builder.Integers(2)]);
        string table = builder.Node("Slice", [builder.Weight(new float[64 * 8], 1, 64, 8), builder.Integers(0), rows, builder.Integers(1)]);
        builder.Output(builder.Node("Relu", [builder.Node("Add", [x, table])]), DataType.Float, null);
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), ("seq", new SizeRange(1, 128))));
        Assert.AreEqual(SerenityCodes.RangeNotPlanned, refused.Code, refused.Message);
        Assert.Contains("It runs with seq=1 and seq=64, and not with seq=65: write seq=1..64.", refused.Message);
        Assert.AreEqual("passed", Optimize(builder.Build(), ("seq", new SizeRange(1, 64))).Verification!.Status);
    }

    /// <summary>ONNX Runtime's inference counts a window that its kernels leave out.</summary>
    [TestMethod]
    [DataRow(1, 20, SerenityCodes.RangeNotPlanned, "[1,3,7,16], not [1,3,8,16]. That is so with h=20")]
    [DataRow(2, 2, SerenityCodes.UnknownSize, "[1,3,1,16], not [1,3,2,16]")]
    [DataRow(6, 6, null, "")]
    public void A_pool_that_rounds_up_is_named_where_what_is_inferred_is_not_what_it_gives(long from, long to, string? code, string says)
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, 1, 3, "h", 16);
        string pool = builder.Node("MaxPool", [x], ("kernel_shape", new long[] { 2, 1 }), ("strides", new long[] { 3, 1 }), ("pads", new long[] { 1, 0, 1, 0 }), ("ceil_mode", 1L));
        builder.Output(builder.Node("Relu", [pool]), DataType.Float, null);
        if (code is null)
        {
            Assert.AreEqual("passed", Optimize(builder.Build(), ("h", new SizeRange(from, to))).Verification!.Status);
            return;
        }
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), ("h", new SizeRange(from, to))));
        Assert.AreEqual(code, refused.Code, refused.Message);
        Assert.Contains("node 'MaxPool_0' (MaxPool) rounds the number of its windows up (ceil_mode)", refused.Message);
        Assert.Contains(says, refused.Message);
    }

    [TestMethod]
    public void All_mistakes_in_names_and_formulas_are_told_at_once()
    {
        OnnxModelBuilder builder = new();
        string a = builder.SymbolicInput("x", DataType.Float, "rows", 4), b = builder.SymbolicInput("y", DataType.Float, "cols", 4);
        builder.Output(builder.Node("Add", [a, builder.Node("ReduceSum", [b, builder.Integers(0, 1)])]), DataType.Float, null);
        using TempFolder folder = new();
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = folder.File("model.onnx", ModelFile.ToBytes(builder.Build())),
            FreeDimensions = new Dictionary<string, long> { ["rosw"] = 1 },
            Ranges = new Dictionary<string, SizeRange> { ["clos"] = new(1, 8) },
            SizeFormulas = new Dictionary<string, string> { ["rows"] = "nothing*2", ["other"] = "clos*clos" },
        }));
        Assert.AreEqual(SerenityCodes.BadFreeDimension, refused.Code, refused.Message);
        foreach (string mistake in (string[])["'rosw'", "Did you mean 'rows'", "'clos', which is no open dimension", "'rows' to 'nothing*2'", "'other'", "to 'clos*clos'"])
            Assert.Contains(mistake, refused.Message);
    }

    [TestMethod]
    public void Where_one_size_follows_the_other_there_is_a_plan()
    {
        OnnxModelBuilder builder = new();
        string a = builder.SymbolicInput("x", DataType.Float, "a", 4), b = builder.SymbolicInput("y", DataType.Float, "b", 4);
        builder.Output(builder.Node("Relu", [builder.Node("Add", [a, b])]), DataType.Float, null);
        using TempFolder folder = new();
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = folder.File("model.onnx", ModelFile.ToBytes(builder.Build())),
            Ranges = new Dictionary<string, SizeRange> { ["a"] = new(1, 8) },
            SizeFormulas = new Dictionary<string, string> { ["b"] = "a" },
        });
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.IsTrue(result.Range!.Points.All(p => p.MeasuredBytes == p.Bytes));
    }

    [TestMethod]
    [DataRow(1_000_000_000_000)]
    [DataRow(long.MaxValue / 2)]
    [DataRow(4_000_000_000)]
    public void A_range_without_an_end_in_sight_is_refused_for_its_largest_size(long to)
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, "n", 4);
        builder.Output(builder.Node("MatMul", [builder.Node("Relu", [x]), builder.Weight(new float[16], 4, 4)]), DataType.Float, null);
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), ("n", new SizeRange(1, to))));
        Assert.AreEqual(SerenityCodes.BadFreeDimension, refused.Code, refused.Message);
        StringAssert.Contains(refused.Message, $"lets 'n' be {to}");
    }

    [TestMethod]
    public void Where_the_largest_size_needs_more_memory_than_verification_may_use_smaller_ones_are_run()
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, "n", 4);
        builder.Output(builder.Node("ReduceSum", [builder.Node("Relu", [builder.Node("Neg", [x])]), builder.Integers(0, 1)]), DataType.Float, 1, 1);
        OptimizationResult result = Optimize(builder.Build(), ("n", new SizeRange(1, 1_000_000_000)));
        Assert.AreEqual("partial", result.Verification!.Status, result.Verification.Reason);
        Assert.IsTrue(result.Range!.Points.Where(p => p.Sizes["n"] < 1000).All(p => p.MeasuredBytes == p.Bytes));
        StringAssert.Contains(result.Verification.Reason!, "memory");
    }

    [TestMethod]
    public void Where_the_largest_size_is_too_much_work_the_plan_is_verified_at_smaller_ones()
    {
        OptimizationResult whole = Optimize(Network(), long.MaxValue, ("n", new SizeRange(1, 64))), part = Optimize(Network(), 2_000_000, ("n", new SizeRange(1, 64)));
        Assert.AreEqual("passed", whole.Verification!.Status);
        Assert.AreEqual("partial", part.Verification!.Status, part.Verification.Reason);
        Assert.AreEqual(whole.Peak.Formula, part.Peak.Formula);
        long most = part.Verification.Instead!.FreeDimensions!["n"];
        Assert.IsTrue(most is > 1 and < 64, $"{most}");
        StringAssert.Contains(part.Verification.Reason!, $"n=1..{most}");
        Assert.IsNull(part.Verification.MeasuredBytes, "The largest size was not run.");
        Assert.IsGreaterThan(3, part.Range!.Points.Count);
        foreach (RangePoint point in part.Range.Points)
        {
            Assert.AreEqual(point.Bytes, point.MeasuredBytes);
            Assert.IsLessThanOrEqualTo(most, point.Sizes["n"]);
        }
        Assert.IsTrue(part.Warnings.Any(w => w.Code == SerenityCodes.NotVerified), "It is said.");
        Assert.AreEqual("skipped", Optimize(Network(), 10, ("n", new SizeRange(1, 64))).Verification!.Status, "Not even the smallest is so little.");
    }

    [TestMethod]
    public void Inputs_and_outputs_tell_what_is_open()
    {
        OptimizationResult result = Optimize(Network(), long.MaxValue, ("n", new SizeRange(1, 64)));
        CollectionAssert.AreEqual((string[])["n", "4", "16", "16"], result.Program.Buffers.Single(b => b.Kind == BufferKind.Input).OpenShape!.ToArray());
        CollectionAssert.AreEqual((string[])["n", "4", "16", "16"], result.Program.Buffers.Single(b => b.Kind == BufferKind.Output).OpenShape!.ToArray());
        Assert.IsTrue(result.Program.Buffers.Where(b => b.Kind == BufferKind.Activation).All(b => b.OpenShape is null));
    }

    private static ModelProto Network()
    {
        OnnxModelBuilder builder = new();
        string x = builder.SymbolicInput("x", DataType.Float, "n", 4, 16, 16);
        for (int i = 0; i < 3; i++)
            x = builder.Node("Relu", [builder.Node("Conv", [x, builder.Weight([.. Enumerable.Range(0, 4 * 4 * 9).Select(k => (k % 13 - 6) / 16f)], 4, 4, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }))]);
        builder.Output(x, DataType.Float, null);
        return builder.Build();
    }

    private static OptimizationResult Optimize(ModelProto model, params (string Name, SizeRange Range)[] ranges) => Optimize(model, long.MaxValue, ranges);

    private static OptimizationResult Optimize(ModelProto model, long limit, params (string Name, SizeRange Range)[] ranges)
    {
        using TempFolder folder = new();
        return ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = folder.File("model.onnx", ModelFile.ToBytes(model)),
            VerifyLimit = limit,
            FreeDimensions = ranges.Where(r => r.Range.From == r.Range.To).ToDictionary(r => r.Name, r => r.Range.From),
            Ranges = ranges.Where(r => r.Range.From < r.Range.To).ToDictionary(r => r.Name, r => r.Range),
        });
    }
}
