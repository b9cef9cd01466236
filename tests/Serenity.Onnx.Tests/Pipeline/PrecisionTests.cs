using System.Runtime.InteropServices;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Models of float16 planned in float32: less memory, the same interface, the outputs of the source.</summary>
[TestClass]
public sealed class PrecisionTests
{
    [TestMethod]
    [DataRow("concat and convolution")]
    [DataRow("casts")]
    [DataRow("constants")]
    [DataRow("branches")]
    [DataRow("loop")]
    [DataRow("quantized")]
    [DataRow("output is input")]
    [DataRow("output is weight")]
    [DataRow("old format")]
    [DataRow("mixed")]
    public void In_float32_a_model_gives_what_it_gave_through_the_same_interface(string kind)
    {
        ModelProto model = Model(kind);
        foreach (Precision precision in (Precision[])[Precision.Float32, Precision.Float32KeepWeights])
        {
            OptimizationResult result = Optimize(model, precision);
            Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
            Assert.AreEqual(result.Peak.Bytes, result.Verification.MeasuredBytes);
            Assert.AreEqual(Precision.Source, result.OtherPrecision!.Precision);
            Assert.IsLessThan(0.01, result.OtherPrecision.MaxDifference!.Value);
            CollectionAssert.AreEqual(Interface(model.Graph), Interface(result.Model.Graph));
            foreach (NodeProto node in result.Model.Graph.Node.Where(n => n.OpType is "Conv" or "MatMul" or "Add"))
            {
                Assert.IsFalse(node.Input.Any(i => result.Model.Graph.Initializer.Any(t => t.Name == i && t.DataType == (int)DataType.Float16)), $"{node.Name} reads float16");
            }
        }
    }

    [TestMethod]
    public void Both_figures_are_told_where_float16_needs_more()
    {
        OptimizationResult half = Optimize(Model("concat and convolution"), Precision.Source), single = Optimize(Model("concat and convolution"), Precision.Float32);
        SerenityDiagnostic warning = half.Warnings.Single(w => w.Code == SerenityCodes.WidenedAtRun);
        StringAssert.Contains(warning.Message, $"needs {half.Peak.Bytes} bytes");
        StringAssert.Contains(warning.Message, $"In float32 it needs {single.Peak.Bytes} bytes");
        Assert.IsLessThan(half.Peak.Bytes, single.Peak.Bytes);
        Assert.AreEqual((Precision.Float32, single.Peak.Bytes, single.WeightBytes), (half.OtherPrecision!.Precision, half.OtherPrecision.PeakBytes, half.OtherPrecision.WeightBytes));
        Assert.AreEqual((half.Peak.Bytes, half.WeightBytes), (single.OtherPrecision!.PeakBytes, single.OtherPrecision.WeightBytes));
        Assert.DoesNotContain(SerenityCodes.WidenedAtRun, single.Warnings.Select(w => w.Code).ToArray());
    }

    [TestMethod]
    public void Large_weights_stay_as_they_are_where_asked()
    {
        ModelProto model = Product();
        OptimizationResult kept = Optimize(model, Precision.Float32KeepWeights), wide = Optimize(model, Precision.Float32);
        Assert.AreEqual("passed", kept.Verification!.Status);
        Assert.AreEqual(2 * 64 * 64 * 2, kept.Model.Graph.Initializer.Where(t => t.DataType == (int)DataType.Float16).Sum(t => t.RawData.Length), "The products' weights.");
        Assert.IsGreaterThan(1.9 * kept.WeightBytes, wide.WeightBytes);
    }

    /// <summary>A kernel whose weights are constants lays them out, and then adds up in another order than with weights that a run computes.</summary>
    [TestMethod]
    public void Weights_widened_in_a_run_may_be_added_up_in_another_order()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float16, 4, 1, 64);
        string[] outputs = builder.Nodes("LSTM", [x, Halves(builder, 1, 256, 64), Halves(builder, 1, 256, 64)], 3, ("hidden_size", 64L));
        foreach (string output in outputs)
            builder.Output(output, DataType.Float16, null);
        OptimizationResult kept = Optimize(builder.Build(), Precision.Float32KeepWeights);
        Assert.AreEqual("passed", kept.Verification!.Status, kept.Verification.Reason);
        Assert.DoesNotContain(SerenityCodes.PassedThrough, kept.Warnings.Select(w => w.Code).ToArray());
    }

    [TestMethod]
    public void Weights_that_are_constant_nodes_are_kept_too()
    {
        ModelProto model = Product();
        foreach (TensorProto weight in model.Graph.Initializer)
        {
            NodeProto constant = new() { OpType = "Constant", Name = "constant " + weight.Name };
            constant.Output.Add(weight.Name);
            constant.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = weight.Clone() });
            model.Graph.Node.Insert(0, constant);
        }
        model.Graph.Initializer.Clear();
        OptimizationResult kept = Optimize(model, Precision.Float32KeepWeights);
        Assert.AreEqual("passed", kept.Verification!.Status);
        Assert.AreEqual(2 * 64 * 64 * 2, kept.Model.Graph.Initializer.Where(t => t.DataType == (int)DataType.Float16).Sum(t => t.RawData.Length));
    }

    [TestMethod]
    public void A_recurrent_model_keeps_its_weights_and_is_planned()
    {
        if (SharedData.PathOf("models/quant/silero_vad_half.onnx") is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("../shared/models is missing.");
            return;
        }
        OptimizationResult kept = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = path,
            Precision = Precision.Float32KeepWeights,
            FreeDimensions = SharedRunInputs.FreeDimensions(Path.GetFileName(path), ModelFile.Load(path).Model),
        });
        Assert.DoesNotContain(SerenityCodes.PassedThrough, kept.Warnings.Select(w => w.Code).ToArray(), string.Join(' ', kept.Warnings.Select(w => w.Message)));
        Assert.AreEqual(kept.Peak.Bytes, kept.Verification!.MeasuredBytes);
    }

    [TestMethod]
    public void A_model_without_float16_is_the_same_in_each()
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.Input("x", DataType.Float, 4)]), DataType.Float, 4);
        OptimizationResult source = Optimize(builder.Build(), Precision.Source), single = Optimize(builder.Build(), Precision.Float32);
        Assert.AreEqual(source.Model, single.Model);
        Assert.IsNull(single.OtherPrecision);
        Assert.IsNull(source.OtherPrecision);
    }

    [TestMethod]
    public void An_arena_takes_the_precision_too_and_is_not_warned()
    {
        using TempFolder folder = new();
        OptimizeRequest request = new() { ModelPath = folder.File("model.onnx", ModelFile.ToBytes(Product())), Executor = Executor.StaticArena };
        Assert.DoesNotContain(SerenityCodes.WidenedAtRun, ModelOptimizer.Optimize(request).Warnings.Select(w => w.Code).ToArray());
        Assert.AreEqual(Precision.Source, ModelOptimizer.Optimize(request with { Precision = Precision.Float32 }).OtherPrecision!.Precision);
    }

    [TestMethod]
    public void The_case_that_was_met_needs_what_its_twin_needs()
    {
        if (SharedData.PathOf("cases/concat_conv_fp16.onnx") is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("../shared/cases is missing.");
            return;
        }
        OptimizationResult half = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Precision = Precision.Float32 });
        OptimizationResult twin = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path.Replace("fp16", "fp32", StringComparison.Ordinal) });
        Assert.IsLessThanOrEqualTo(2 * twin.Peak.Bytes, half.Peak.Bytes, "The output is held in both.");
        Assert.IsLessThan(half.OtherPrecision!.PeakBytes, half.Peak.Bytes);
    }

    /// <summary>Names and types that the app sees.</summary>
    private static string[] Interface(GraphProto graph)
    {
        HashSet<string> weights = [.. graph.Initializer.Select(t => t.Name)];
        return [.. graph.Input.Where(i => !weights.Contains(i.Name)).Concat(graph.Output).Select(v => $"{v.Name} {v.Type.TensorType.ElemType}")];
    }

    private static ModelProto Product()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float16, 8, 64);
        builder.Output(builder.Node("MatMul", [builder.Node("Relu", [builder.Node("MatMul", [x, Halves(builder, 64, 64)])]), Halves(builder, 64, 64)]), DataType.Float16, null);
        return builder.Build();
    }

    private static ModelProto Model(string kind)
    {
        OnnxModelBuilder builder = kind == "old format" ? new(irVersion: 3, opset: 8) : new();
        string x = builder.Input("x", DataType.Float16, 1, 4, 8, 8), made = Convolution(builder, x);
        switch (kind)
        {
            case "concat and convolution":
                string other = Convolution(builder, made), third = Convolution(builder, other);
                made = builder.Node("Conv", [builder.Node("Concat", [made, other, third], ("axis", 1L)), Halves(builder, 4, 12, 1, 1)]);
                break;
            case "casts":
                made = builder.Node("Cast", [builder.Node("Relu", [builder.Node("Cast", [made], ("to", 1L))])], ("to", 10L));
                builder.Output(builder.Node("Cast", [made], ("to", 1L)), DataType.Float, null);
                break;
            case "constants":
                made = builder.Node("Add", [made, builder.Node("Constant", [], ("value", OnnxModelBuilder.Tensor("", DataType.Float16, Bytes(1), 1)))]);
                made = builder.Node("Mul", [made, builder.Node("ConstantOfShape", [builder.Integers(1)], ("value", OnnxModelBuilder.Tensor("", DataType.Float16, Bytes(1), 1)))]);
                made = builder.Node("CastLike", [builder.Node("Cast", [made], ("to", 1L)), x]);
                break;
            case "branches":
                OnnxModelBuilder then = new("then", prefix: "t_"), otherwise = new("else", prefix: "e_");
                then.Output(then.Node("Add", [made, then.Node("Cast", [x], ("to", 10L))]), DataType.Float16, 1, 4, 8, 8);
                otherwise.Output(otherwise.Node("Mul", [made, Halves(otherwise, 1)]), DataType.Float16, 1, 4, 8, 8);
                made = builder.Node("If", [builder.Input("which", DataType.Bool)], ("then_branch", then.Subgraph()), ("else_branch", otherwise.Subgraph()));
                break;
            case "loop":
                OnnxModelBuilder body = new("body", prefix: "b_");
                body.Input("b_i", DataType.Int64);
                body.Input("b_go", DataType.Bool);
                body.Input("b_state", DataType.Float16, 1, 4, 8, 8);
                body.Output(body.Node("Identity", ["b_go"]), DataType.Bool);
                body.Output(body.Node("Mul", ["b_state", Halves(body, 1)]), DataType.Float16, 1, 4, 8, 8);
                string trips = builder.Add(OnnxModelBuilder.Tensor("trips", DataType.Int64, BitConverter.GetBytes(3L))), go = builder.Add(OnnxModelBuilder.Tensor("go", DataType.Bool, [1]));
                made = builder.Node("Loop", [trips, go, made], ("body", body.Subgraph()));
                break;
            case "quantized":
                string scale = Halves(builder, [1]), zero = builder.Add(OnnxModelBuilder.Tensor("zero", DataType.Uint8, [128]));
                made = builder.Node("Cast", [builder.Node("DequantizeLinear", [builder.Node("QuantizeLinear", [builder.Node("Cast", [made], ("to", 1L)), builder.Weight([0.05f]), zero]), builder.Weight([0.05f]), zero])], ("to", 10L));
                made = builder.Node("Mul", [made, scale]);
                break;
            case "output is input":
                builder.Output(x, DataType.Float16, 1, 4, 8, 8);
                break;
            case "output is weight":
                string weight = Halves(builder, 4);
                builder.Output(weight, DataType.Float16, 4);
                made = builder.Node("Add", [builder.Node("Transpose", [made], ("perm", new long[] { 0, 2, 3, 1 })), weight]);
                break;
            case "mixed":
                made = builder.Node("Cast", [builder.Node("Add", [builder.Node("Cast", [made], ("to", 1L)), builder.Input("z", DataType.Float, 1, 4, 8, 8)])], ("to", 10L));
                builder.Output(builder.Nodes("TopK", [builder.Node("Reshape", [made, builder.Integers(-1)]), builder.Integers(3)], 2)[0], DataType.Float16, null);
                break;
        }
        builder.Output(kind == "output is input" ? made : builder.Node("Relu", [made]), DataType.Float16, null);
        ModelProto model = builder.Build();
        if (kind == "old format")
        {
            foreach (TensorProto tensor in model.Graph.Initializer)
            {
                TypeProto.Types.Tensor type = new() { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
                type.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
                model.Graph.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = new TypeProto { TensorType = type } });
            }
        }
        return model;
    }

    private static string Convolution(OnnxModelBuilder builder, string x) =>
        builder.Node("Relu", [builder.Node("Conv", [x, Halves(builder, 4, 4, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }))]);

    private static int _weights;

    private static string Halves(OnnxModelBuilder builder, params long[] dims)
    {
        int count = (int)dims.Aggregate(1L, (p, d) => p * d);
        float scale = 1 / MathF.Sqrt(count / dims[0]);
        return builder.Add(OnnxModelBuilder.Tensor($"h{_weights++}", DataType.Float16, Bytes([.. Enumerable.Range(0, count).Select(i => ((i * 7 % 13) - 6) / 6f * scale)]), dims));
    }

    private static byte[] Bytes(params float[] values) => MemoryMarshal.AsBytes<Half>(Array.ConvertAll(values, v => (Half)v)).ToArray();

    private static OptimizationResult Optimize(ModelProto model, Precision precision)
    {
        using TempFolder folder = new();
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("model.onnx", ModelFile.ToBytes(model)), Precision = precision });
    }
}
