using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Models of which a run may take less than planned, and none may take more.</summary>
[TestClass]
public sealed class DataDependentSizeTests
{
    [TestMethod]
    [DataRow("NonZero")]
    [DataRow("NonZero of a scalar")]
    [DataRow("Compress")]
    [DataRow("Compress along an axis")]
    [DataRow("Unique")]
    [DataRow("Unique along an axis")]
    [DataRow("NonMaxSuppression")]
    [DataRow("NonMaxSuppression without a limit")]
    [DataRow("TopK")]
    [DataRow("Slice")]
    [DataRow("Split")]
    [DataRow("Loop")]
    [DataRow("If")]
    public void No_run_takes_more_than_the_rule_says_and_one_takes_that(string kind)
    {
        ModelProto model = Model(kind);
        OptimizationResult result = WholeWay.Optimize(model);
        Assert.AreNotEqual("skipped", result.Verification!.Status, result.Verification.Reason);
        Assert.IsTrue(result.Bounds.Any(b => b.Origin == SizeOrigin.Rule), "no bound");
        long[] measured = Measured(result.Model, 50);
        // The parts of a split are bounded each by the whole, and never come to it together.
        if (kind == "Split")
            Assert.IsLessThanOrEqualTo(result.Peak.Bytes, measured.Max(), "most of 50 runs");
        else
            Assert.AreEqual(result.Peak.Bytes, measured.Max(), "most of 50 runs");
        if (!kind.Contains("scalar", StringComparison.Ordinal) && kind != "Split")
            Assert.IsLessThan(result.Peak.Bytes, measured.Min(), "least of 50 runs");
    }

    /// <summary>As detectors are exported: nothing found gives nothing, else boxes are suppressed within the branch.</summary>
    [TestMethod]
    public void A_branch_in_which_data_decides_gives_at_most_what_its_operators_can()
    {
        OnnxModelBuilder then = new("then", prefix: "t_"), otherwise = new("else", prefix: "e_"), builder = new();
        then.Output(then.Node("Identity", [then.Integers(1, 2)]), DataType.Int64, null);
        otherwise.Output(otherwise.Node("Reshape", [otherwise.Node("NonZero", ["x"]), otherwise.Integers(-1)]), DataType.Int64, null);
        builder.Input("x", DataType.Float, 3, 4);
        builder.Output(builder.Node("Neg", [builder.Node("If", [builder.Input("which", DataType.Bool, 1)], ("then_branch", then.Subgraph()), ("else_branch", otherwise.Subgraph()))]), DataType.Int64, null);
        OptimizationResult result = WholeWay.Optimize(builder.Build());
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.AreEqual(24, result.Bounds.Single().Dims.Single());
        Assert.AreEqual(2 * 24 * 8, result.Peak.Bytes);
        Assert.IsTrue(result.Peak.AtMost);
    }

    [TestMethod]
    public void A_stated_bound_is_planned_for_and_held_against_runs()
    {
        // As many elements as a number in the data says: no rule knows.
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 4), zero = builder.Add(OnnxModelBuilder.Tensor("zero", DataType.Int64, BitConverter.GetBytes(0L)));
        string one = builder.Add(OnnxModelBuilder.Tensor("one", DataType.Int64, BitConverter.GetBytes(1L)));
        string count = builder.Node("Cast", [builder.Node("ReduceSum", [builder.Node("Abs", [x])], ("keepdims", 0L))], ("to", (long)DataType.Int64));
        string range = builder.Node("Range", [zero, count, one]);
        builder.Output(builder.Node("Neg", [builder.Node("Mul", [range, range])]), DataType.Int64, null);
        ModelProto model = builder.Build();

        SerenityException unknown = Assert.ThrowsExactly<SerenityException>(() => WholeWay.Optimize(model));
        StringAssert.Contains(unknown.Message, $"Bounds=\"{range}=100\"", StringComparison.Ordinal);
        OptimizationResult result = Optimize(model, (range, [500]));
        Assert.AreEqual(SizeOrigin.Stated, result.Bounds.Single().Origin);
        Assert.IsTrue(result.Bounds.Single().AtMost);
        Assert.AreEqual(500 * 8 * 2, result.Peak.Bytes);
        SerenityException exceeded = Assert.ThrowsExactly<SerenityException>(() => Optimize(model, (range, [3])));
        Assert.AreEqual(SerenityCodes.BoundExceeded, exceeded.Code);
        StringAssert.Contains(exceeded.Message, $"'{range}'", StringComparison.Ordinal);
        SerenityException misspelt = Assert.ThrowsExactly<SerenityException>(() => Optimize(model, (range, [500]), ("rangge", [3])));
        Assert.AreEqual(SerenityCodes.BoundExceeded, misspelt.Code);
    }

    [TestMethod]
    public void A_bound_that_the_model_does_not_work_with_is_told_of_bounds()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 4), zero = builder.Add(OnnxModelBuilder.Tensor("zero", DataType.Int64, BitConverter.GetBytes(0L)));
        string one = builder.Add(OnnxModelBuilder.Tensor("one", DataType.Int64, BitConverter.GetBytes(1L)));
        string count = builder.Node("Cast", [builder.Node("ReduceSum", [builder.Node("Abs", [x])], ("keepdims", 0L))], ("to", (long)DataType.Int64));
        string range = builder.Node("Range", [zero, count, one]);
        builder.Output(builder.Node("Reshape", [range, builder.Integers(2, -1)]), DataType.Int64, null);
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(() => Optimize(builder.Build(), (range, [7])));
        Assert.AreEqual(SerenityCodes.BoundExceeded, refused.Code, refused.Message);
        Assert.Contains("The model does not work with the sizes in Bounds: ", refused.Message);
    }

    [TestMethod]
    public void What_is_the_same_in_every_run_stays_exact_and_is_rewritten()
    {
        // The best four of what was found: the rest does not depend on how much that was.
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 8, 8);
        string found = builder.Node("Transpose", [builder.Node("NonZero", [x])]);
        string padded = builder.Node("Concat", [builder.Node("Cast", [found], ("to", 1L)), builder.Weight(new float[8], 4, 2)], ("axis", 0L));
        string best = builder.Nodes("TopK", [padded, builder.Integers(4)], 2, ("axis", 0L))[0];
        builder.Output(builder.Node("Relu", [best]), DataType.Float, null);
        ModelShapes shapes = Shapes(builder.Build());
        Assert.IsFalse(shapes.Main.IsExact(found));
        CollectionAssert.AreEqual(new[] { true, false }, shapes.Main.Varies[found]);
        Assert.AreEqual(new TensorType(DataType.Float, [68, 2]), shapes.Main.Find(padded));
        Assert.IsTrue(shapes.Main.IsExact(best));
        Assert.AreEqual(new TensorType(DataType.Float, [4, 2]), shapes.Main.Find(best));
    }

    [TestMethod]
    public void What_remains_of_a_whole_counts_with_no_data()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, 9);
        string found = builder.Node("NonZero", [x]);
        string left = builder.Node("Sub", [builder.Integers(9), builder.Node("Gather", [builder.Node("Shape", [found]), builder.Integers(1)])]);
        string rest = builder.Node("ConstantOfShape", [left]);
        builder.Output(rest, DataType.Float, null);
        Assert.AreEqual(new TensorType(DataType.Float, [9]), Shapes(builder.Build()).Main.Find(rest));
    }

    [TestMethod]
    [DataRow("piper_like.onnx")]
    public void Speech_of_predicted_durations_is_planned_with_a_bound(string file)
    {
        if (SharedData.PathOf($"cases/{file}") is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("../shared/cases is missing.");
            return;
        }
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = path,
            FreeDimensions = new Dictionary<string, long> { ["batch_size"] = 1, ["phonemes"] = 16 },
            Bounds = new Dictionary<string, long[]> { ["t18_0"] = [400] },
        });
        Assert.AreEqual("partial", result.Verification!.Status, result.Verification.Reason);
        Assert.IsGreaterThan(0, result.Verification.MeasuredBytes!.Value);
        Assert.IsLessThanOrEqualTo(result.Peak.Bytes, result.Verification.MeasuredBytes!.Value);
    }

    private static ModelProto Model(string kind)
    {
        OnnxModelBuilder builder = new();
        string Scalar(string name, DataType type, byte[] raw) => builder.Add(OnnxModelBuilder.Tensor(name, type, raw));
        switch (kind)
        {
            case "NonZero":
                Out(builder.Node("Neg", [builder.Node("NonZero", [builder.Input("x", DataType.Float, 3, 5)])]), DataType.Int64);
                break;
            case "NonZero of a scalar":
                Out(builder.Node("Neg", [builder.Node("NonZero", [builder.Node("ReduceSum", [builder.Input("x", DataType.Float, 3)], ("keepdims", 0L))])]), DataType.Int64);
                break;
            case "Compress":
                Out(builder.Node("Neg", [builder.Node("Compress", [builder.Input("x", DataType.Float, 3, 5), builder.Input("which", DataType.Bool, 12)])]));
                break;
            case "Compress along an axis":
                Out(builder.Node("Neg", [builder.Node("Compress", [builder.Input("x", DataType.Float, 3, 5), builder.Input("which", DataType.Bool, 5)], ("axis", -1L))]));
                break;
            case "Unique":
                Out(builder.Node("Neg", [builder.Nodes("Unique", [builder.Node("Round", [builder.Input("x", DataType.Float, 3, 5)])], 4)[0]]));
                break;
            case "Unique along an axis":
                Out(builder.Node("Neg", [builder.Nodes("Unique", [builder.Node("Round", [builder.Input("x", DataType.Float, 6, 2)])], 4, ("axis", 0L))[0]]));
                break;
            case "NonMaxSuppression":
                Out(builder.Node("Neg", [builder.Node("NonMaxSuppression",
                    [builder.Input("boxes", DataType.Float, 2, 6, 4), builder.Input("scores", DataType.Float, 2, 3, 6), builder.Integers(4),
                    Scalar("iou", DataType.Float, BitConverter.GetBytes(0.5f)), Scalar("least", DataType.Float, BitConverter.GetBytes(0.1f))])]), DataType.Int64);
                break;
            case "NonMaxSuppression without a limit":
                Out(builder.Node("Neg", [builder.Node("NonMaxSuppression",
                    [builder.Input("boxes", DataType.Float, 1, 6, 4), builder.Input("scores", DataType.Float, 1, 2, 6), builder.Integers(1000),
                    Scalar("iou", DataType.Float, BitConverter.GetBytes(0.5f)), Scalar("least", DataType.Float, BitConverter.GetBytes(0.1f))])]), DataType.Int64);
                break;
            case "TopK":
                Out(builder.Node("Neg", [builder.Nodes("TopK", [builder.Input("x", DataType.Float, 2, 7), Count(7)], 2)[0]]));
                break;
            case "Slice":
                Out(builder.Node("Neg", [builder.Node("Slice", [builder.Input("x", DataType.Float, 7, 3), builder.Integers(0), Count(7), builder.Integers(0)])]));
                break;
            case "Split":
                string size = Count(7);
                string[] parts = builder.Nodes("Split", [builder.Input("x", DataType.Float, 7, 3), builder.Node("Concat", [size, builder.Node("Sub", [builder.Integers(7), size])], ("axis", 0L))], 2);
                Out(parts[0]);
                break;
            case "Loop":
                OnnxModelBuilder body = new("body", prefix: "body_");
                body.Input("i", DataType.Int64);
                body.Input("go", DataType.Bool);
                body.Output(body.Node("Less", ["i", "most"]), DataType.Bool);
                body.Output(body.Node("Neg", ["x"]), DataType.Float, 2, 3);
                builder.Input("x", DataType.Float, 2, 3);
                builder.Node("Identity", [builder.Node("Squeeze", [Count(6)])]);
                string most = builder.Build().Graph.Node[^1].Output[0];
                GraphProto inner = body.Subgraph();
                inner.Node[0].Input[1] = most;
                Out(builder.Node("Loop", [Scalar("trips", DataType.Int64, BitConverter.GetBytes(5L)), Scalar("true", DataType.Bool, [1])], ("body", inner)));
                break;
            case "If":
                OnnxModelBuilder then = new("then", prefix: "t_"), otherwise = new("else", prefix: "e_");
                then.Output(then.Node("Concat", ["x", "x"], ("axis", 0L)), DataType.Float, null);
                otherwise.Output(otherwise.Node("Neg", ["x"]), DataType.Float, null);
                builder.Input("x", DataType.Float, 5, 3);
                Out(builder.Node("Neg", [builder.Node("If", [builder.Input("which", DataType.Bool, 1)], ("then_branch", then.Subgraph()), ("else_branch", otherwise.Subgraph()))]));
                break;
        }
        return builder.Build();

        void Out(string value, DataType type = DataType.Float) => builder.Output(builder.Node("Identity", [value]), type, null);

        // Between nothing and all, as the data says.
        string Count(long all)
        {
            string sum = builder.Node("ReduceMax", [builder.Node("Abs", [builder.Input("n", DataType.Float, 3)])], ("keepdims", 0L));
            string part = builder.Node("Cast",
                [builder.Node("Floor",
                [builder.Node("Mul", [builder.Node("Min", [sum, Scalar("unit", DataType.Float, BitConverter.GetBytes(1f))]), Scalar("all", DataType.Float, BitConverter.GetBytes((float)all))])])],
                ("to", (long)DataType.Int64));
            return builder.Node("Reshape", [part, builder.Integers(1)]);
        }
    }

    /// <summary>What runs of a model allocate for activations, with inputs of many kinds: none of them made by the product.</summary>
    private static long[] Measured(ModelProto model, int runs)
    {
        List<long> measured = [];
        for (int run = 0; run < runs; run++)
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(model), observe: true);
            TestRandom random = new((ulong)run);
            List<KeyValuePair<string, RuntimeValue>> inputs = [];
            foreach ((string name, Microsoft.ML.OnnxRuntime.NodeMetadata meta) in session.Inputs.OrderBy(i => i.Key, StringComparer.Ordinal))
            {
                long[] dims = [.. meta.Dimensions.Select(d => (long)d)];
                int count = (int)dims.Aggregate(1L, (p, d) => p * d), kind = (run + (name == "n" || name == "which" ? run / 5 : 0)) % 5;
                float[] values = [.. Enumerable.Range(0, count).Select(i => kind switch
                {
                    0 => i + 1, 1 => 0, 2 => 1, 3 => (float)random.Next(1000) / 500 - 1, _ => random.Next(3) - 1,
                })];
                byte[] data = meta.ElementDataType == TensorElementType.Bool ? [.. values.Select(v => v > 0 ? (byte)1 : (byte)0)] : MemoryMarshal.AsBytes<float>(values).ToArray();
                inputs.Add(new(name, new RuntimeValue.Tensor(meta.ElementDataType, dims, data)));
            }
            session.Run(inputs);
            measured.Add(session.EndObservation().Memory!.ActivationBytes!.Value);
        }
        return [.. measured];
    }

    private static ModelShapes Shapes(ModelProto model)
    {
        UniqueNames.Assign(model);
        return ShapeInference.Run(model, Path.GetFullPath("model.onnx"), new Dictionary<string, long>());
    }

    private static OptimizationResult Optimize(ModelProto model, params (string Name, long[] Dims)[] bounds)
    {
        using TempFolder folder = new();
        string path = folder.File("model.onnx", ModelFile.ToBytes(model));
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Bounds = bounds.ToDictionary(b => b.Name, b => b.Dims) });
    }
}
