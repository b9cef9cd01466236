using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Outputs whose size follows from an input, and that the file declares: a claim that is held against a run.</summary>
[TestClass]
public sealed class DeclaredSizeTests
{
    [TestMethod]
    [DataRow("Squeeze")]
    [DataRow("Unsqueeze")]
    [DataRow("Reshape")]
    [DataRow("Expand")]
    [DataRow("Expand by ones")]
    [DataRow("Tile")]
    [DataRow("Slice")]
    [DataRow("Pad")]
    [DataRow("TopK")]
    [DataRow("Split")]
    [DataRow("OneHot")]
    [DataRow("ReduceSum")]
    [DataRow("ConstantOfShape")]
    [DataRow("Resize by sizes")]
    [DataRow("Resize by scales")]
    [DataRow("Range")]
    public void A_declared_size_is_planned_and_a_run_has_it(string kind)
    {
        (ModelProto model, long elements) = Model(kind, wrong: false);
        OptimizationResult result = WholeWay.Optimize(model);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.IsTrue(result.Bounds.All(b => b is { Origin: SizeOrigin.Declared, AtMost: false }) && result.Bounds.Count > 0);
        Assert.AreEqual(elements, result.Peak.Bytes);
        Assert.AreEqual(elements, result.Verification.MeasuredBytes);
        // The arena's own proof makes its inputs up so that they give these sizes too.
        OptimizationResult arena = WholeWay.Optimize(model, Executor.StaticArena);
        Assert.AreEqual("passed", arena.Verification!.Status, arena.Verification.Reason);
    }

    /// <summary>Of a shape with fewer dimensions than the result: the others are the input's own.</summary>
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_declared_size_of_an_Expand_by_a_shorter_shape(Executor executor)
    {
        OnnxModelBuilder builder = new();
        string expanded = builder.Node("Expand", [builder.Input("x", DataType.Float, 2, 3, 1), builder.Input("shape", DataType.Int64, 1)]);
        builder.Output(builder.Node("Relu", [expanded]), DataType.Float, 2, 3, 5);
        // The size of what an Expand gives is a claim of the file.
        ModelProto model = builder.Build();
        model.Graph.ValueInfo.Add(new ValueInfoProto(model.Graph.Output[0]) { Name = expanded });
        OptimizationResult result = WholeWay.Optimize(model, executor);
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
    }

    [TestMethod]
    public void A_size_that_no_input_gives_is_refused()
    {
        // Three rows of a Tile of two.
        (ModelProto model, _) = Model("Tile", wrong: true);
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => WholeWay.Optimize(model));
        Assert.AreEqual(SerenityCodes.UnknownSize, refused.Code);
        StringAssert.Contains(refused.Message, "a shape in the file is wrong", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_size_declared_for_what_data_alone_decides_is_a_bound()
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("NonZero", [builder.Input("x", DataType.Float, 3, 4)]), DataType.Int64, 2, 5);
        OptimizationResult result = WholeWay.Optimize(builder.Build());
        Assert.AreEqual(2 * 12 * 8, result.Peak.Bytes);
        Assert.IsTrue(result.Bounds.Single().AtMost);
    }

    [TestMethod]
    [DataRow("mlnet_concat.onnx", 28L)]
    [DataRow("mlnet_numeric.onnx", 28L)]
    [DataRow("skl_svm.onnx", 16L)]
    public void Classical_models_are_planned(string file, long bytes)
    {
        if (SharedData.PathOf($"cases/{file}") is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("../shared/cases is missing.");
            return;
        }
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path });
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(bytes, result.Peak.Bytes);
    }

    [TestMethod]
    public void Strings_and_sequences_count_as_workspace()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 3, 4);
        builder.Output(builder.Node("Cast", [x], ("to", (long)DataType.String)), DataType.String, 3, 4);
        builder.Output(builder.Node("Relu", [x]), DataType.Float, null);
        OptimizationResult result = WholeWay.Optimize(builder.Build());
        Assert.AreEqual(48, result.Peak.Bytes);
        Assert.IsGreaterThanOrEqualTo(12 * 24, result.Peak.WorkspaceBytes!.Value);
        Assert.AreEqual("partial", result.Verification!.Status);
        StringAssert.Contains(result.Warnings.Single().Message, "counts as workspace", StringComparison.Ordinal);
    }

    /// <summary>It repeats itself in every session, and not from run to run in one: the proof of the block is such a second run.</summary>
    [TestMethod]
    public void A_generator_with_a_seed_is_compared_between_sessions_alone()
    {
        OnnxModelBuilder builder = new(opset: 18);
        builder.Output(builder.Node("Bernoulli", [builder.Input("x", DataType.Float, 64)], ("seed", 3f)), DataType.Float, 64);
        Assert.AreEqual("passed", WholeWay.Optimize(builder.Build()).Verification!.Status);
    }

    private static (ModelProto Model, long Bytes) Model(string kind, bool wrong)
    {
        OnnxModelBuilder builder = new(opset: 18);
        string Float(params long[] dims) => builder.Input("x", DataType.Float, dims);
        string Ints(string name, long count) => builder.Input(name, DataType.Int64, count);
        (string made, long[] declared, DataType type) = kind switch
        {
            "Squeeze" => (builder.Node("Squeeze", [Float(1, 3, 1, 5), Ints("axes", 1)]), (long[])[1, 3, 5], DataType.Float),
            "Unsqueeze" => (builder.Node("Unsqueeze", [Float(3, 5), Ints("axes", 2)]), [3, 1, 5, 1], DataType.Float),
            "Reshape" => (builder.Node("Reshape", [Float(3, 4), Ints("shape", 3)]), [2, 3, 2], DataType.Float),
            "Expand" => (builder.Node("Expand", [Float(3, 1), Ints("shape", 3)]), [2, 3, 6], DataType.Float),
            "Expand by ones" => (builder.Node("Expand", [Float(1, 3, 1), Ints("shape", 1)]), [1, 3, 1], DataType.Float),
            "Tile" => (builder.Node("Tile", [Float(2, 3), Ints("repeats", 2)]), [wrong ? 3 : 4, 9], DataType.Float),
            "Slice" => (builder.Node("Slice", [Float(20, 10, 5), Ints("starts", 2), Ints("ends", 2), Ints("axes", 2), Ints("steps", 2)]), [3, 10, 4], DataType.Float),
            "Pad" => (builder.Node("Pad", [Float(3, 4), Ints("pads", 4)]), [3, 9], DataType.Float),
            "TopK" => (builder.Nodes("TopK", [Float(3, 9), Ints("k", 1)], 2)[0], [3, 4], DataType.Float),
            "Split" => (builder.Nodes("Split", [Float(7, 2), Ints("sizes", 1)], 1)[0], [7, 2], DataType.Float),
            "OneHot" => (builder.Node("OneHot", [Ints("indices", 4), builder.Input("depth", DataType.Int64), builder.Input("values", DataType.Float, 2)]), [4, 6], DataType.Float),
            "ReduceSum" => (builder.Node("ReduceSum", [Float(3, 4, 5), Ints("axes", 1)]), [3, 1, 5], DataType.Float),
            "ConstantOfShape" => (builder.Node("ConstantOfShape", [Ints("shape", 3)]), [4, 1, 2], DataType.Float),
            "Resize by sizes" => (builder.Node("Resize", [Float(1, 2, 4, 4), "", "", Ints("sizes", 4)], ("mode", "nearest")), [1, 2, 7, 8], DataType.Float),
            "Resize by scales" => (builder.Node("Resize", [Float(1, 2, 4, 4), "", builder.Input("scales", DataType.Float, 4)], ("mode", "nearest")), [1, 2, 6, 8], DataType.Float),
            "Range" => (builder.Node("Range", [builder.Input("from", DataType.Float), builder.Input("to", DataType.Float), builder.Input("by", DataType.Float)]), [6], DataType.Float),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        builder.Output(made, type, declared);
        long bytes = 4 * declared.Aggregate(1L, (p, d) => p * d);
        if (kind == "TopK")
            bytes *= 3;
        return (builder.Build(), bytes);
    }
}
