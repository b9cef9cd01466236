using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Fusion;

/// <summary>Quantized groups of which ONNX Runtime's fusion makes what does not run, or computes something else: they are planned as the file states them.</summary>
[TestClass]
public sealed class MisreadScalesTests
{
    [TestMethod]
    [DataRow(0, 4, 4, true)]
    [DataRow(-4, 3, 4, true)]
    [DataRow(1, 4, 4, false)]
    [DataRow(1, 3, 4, false)]
    [DataRow(-3, 4, 4, false)]
    public void A_convolution_is_fused_where_its_scales_are_those_of_output_channels(int axis, int channels, int filters, bool fuses)
    {
        ModelProto model = Convolution(axis, channels, filters);
        foreach (Executor executor in Enum.GetValues<Executor>())
            Hold(model, executor, fuses, "QLinearConv");
    }

    /// <summary>Weights that are stored with their first two axes exchanged, as the axis of the scales is with them.</summary>
    [TestMethod]
    [DataRow(1, true)]
    [DataRow(0, false)]
    public void Weights_that_are_transposed_first_are_read_as_they_then_are(int axis, bool fuses)
    {
        OnnxModelBuilder builder = new();
        string x = Quantized(builder, builder.Input("x", DataType.Float, 1, 4, 6, 6));
        string weights = builder.Node("Transpose", [Weights(builder, axis, 4, 4, 3, 3)], ("perm", new long[] { 1, 0, 2, 3 }));
        builder.Output(Quantized(builder, builder.Node("Conv", [x, weights])), DataType.Float, 1, 4, 4, 4);
        ModelProto model = builder.Build();
        Assert.AreEqual(fuses, Difference(model) < 0.05);
        Hold(model, Executor.OnnxRuntime, fuses, "QLinearConv");
    }

    [TestMethod]
    [DataRow("MatMul", 0L, 1, true)]
    [DataRow("Gemm", 0L, 1, true)]
    [DataRow("Gemm", 0L, 0, false)]
    [DataRow("Gemm", 1L, 0, true)]
    [DataRow("Gemm", 1L, 1, false)]
    public void A_product_is_fused_where_its_scales_are_those_of_output_columns(string op, long transposed, int axis, bool fuses)
    {
        OnnxModelBuilder builder = new();
        string x = Quantized(builder, builder.Input("x", DataType.Float, 5, 4)), weights = Weights(builder, axis, 4, 4);
        string product = op == "Gemm" ? builder.Node(op, [x, weights], ("transB", transposed)) : builder.Node(op, [x, weights]);
        builder.Output(Quantized(builder, product), DataType.Float, 5, 4);
        Hold(builder.Build(), Executor.OnnxRuntime, fuses, op == "Gemm" ? "QGemm" : "QLinearMatMul");
    }

    /// <summary>What ONNX Runtime itself makes of them. Where it no longer does, the rule has no reason.</summary>
    [TestMethod]
    public void Sessions_that_fuse_misread_the_scales()
    {
        // A step of the quantization is rounding.
        Assert.IsLessThan(0.05, Difference(Convolution(0, 4, 4)));
        Assert.IsGreaterThan(0.2, Difference(Convolution(1, 4, 4)));
        StringAssert.Contains(Assert.ThrowsExactly<SerenityException>(() => Difference(Convolution(1, 3, 4))).Message, "scale");
    }

    /// <summary>What a kernel refuses is found by running: here a scale for each channel of what a convolution reads.</summary>
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_model_that_runs_only_without_fusions_is_planned_without_them(Executor executor)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Node("DequantizeLinear", [builder.Input("x", DataType.Uint8, 1, 3, 6, 6), Scales(builder, 3), builder.Bytes([7, 9, 11], 3)], ("axis", 1L));
        builder.Output(Quantized(builder, builder.Node("Conv", [x, Weights(builder, 0, 4, 3, 3, 3)])), DataType.Float, 1, 4, 4, 4);
        ModelProto model = builder.Build();
        StringAssert.Contains(Assert.ThrowsExactly<SerenityException>(() => Difference(model)).Message, "QLinearConv");
        Hold(model, executor, fuses: false, "QLinearConv");
    }

    /// <summary>Of a MatMul ONNX Runtime itself leaves scales of rows alone.</summary>
    [TestMethod]
    public void A_product_with_scales_of_rows_is_what_the_file_says()
    {
        OnnxModelBuilder builder = new();
        builder.Output(Quantized(builder, builder.Node("MatMul", [Quantized(builder, builder.Input("x", DataType.Float, 5, 4)), Weights(builder, 0, 4, 4)])), DataType.Float, 5, 4);
        ModelProto model = builder.Build();
        OptimizationResult result = WholeWay.Optimize(model);
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsLessThan(0.05, Difference(model, result.Model, GraphOptimizationLevel.ORT_DISABLE_ALL), string.Join(", ", result.OperatorTypes));
    }

    private static void Hold(ModelProto model, Executor executor, bool fuses, string fused)
    {
        OptimizationResult result = WholeWay.Optimize(model, executor);
        // By the file, not by what ONNX Runtime makes of it.
        Assert.IsLessThan(fuses ? 0.05 : 1e-6, Difference(model, result.Model, GraphOptimizationLevel.ORT_DISABLE_ALL));
        Assert.AreEqual(fuses, result.OperatorTypes.Any(type => type.Split('.')[^1] == fused), string.Join(", ", result.OperatorTypes));
        Assert.AreEqual(fuses ? 0 : 1, result.Warnings.Count(w => w.Code == SerenityCodes.NotFused), string.Join('\n', result.Warnings.Select(w => w.Message)));
        Assert.AreEqual(("passed", true, fuses ? "ORT_ENABLE_EXTENDED" : "ORT_DISABLE_ALL"), (result.Verification!.Status, result.Verification.Exact, result.Verification.Level));
    }

    /// <summary>How far a session that fuses is from one that does not, by the largest magnitude of the output.</summary>
    private static double Difference(ModelProto model) => Difference(model, model, GraphOptimizationLevel.ORT_ENABLE_EXTENDED);

    private static double Difference(ModelProto model, ModelProto other, GraphOptimizationLevel level)
    {
        using ModelSession plain = ModelSession.Load(RunnableModel.Of(model, null, null)), compared = ModelSession.Load(RunnableModel.Of(other, null, null), level);
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs = new SeededInputs(model.Graph, plain.Inputs, null).Create(InputCase.Uniform);
        return OutputComparison.Compare(plain.Run(inputs)[0].Value, compared.Run(inputs)[0].Value, exact: false).MaxError;
    }

    private static ModelProto Convolution(int axis, int channels, int filters)
    {
        OnnxModelBuilder builder = new();
        string x = Quantized(builder, builder.Input("x", DataType.Float, 1, channels, 6, 6));
        builder.Output(Quantized(builder, builder.Node("Conv", [x, Weights(builder, axis, filters, channels, 3, 3)])), DataType.Float, 1, filters, 4, 4);
        return builder.Build();
    }

    private static string Quantized(OnnxModelBuilder builder, string value)
    {
        string scale = builder.Weight([0.05f]), zero = builder.Bytes([128]);
        return builder.Node("DequantizeLinear", [builder.Node("QuantizeLinear", [value, scale, zero]), scale, zero]);
    }

    private static string Weights(OnnxModelBuilder builder, int axis, params long[] dims)
    {
        byte[] values = [.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, b) => a * b)).Select(i => unchecked((byte)(sbyte)(i * 37 % 251 - 125)))];
        string weights = builder.Add(OnnxModelBuilder.Tensor("weights", DataType.Int8, values, dims));
        int slices = (int)dims[axis < 0 ? axis + dims.Length : axis];
        return builder.Node("DequantizeLinear", [weights, Scales(builder, slices), builder.Add(OnnxModelBuilder.Tensor("zeros", DataType.Int8, new byte[slices], slices))], ("axis", (long)axis));
    }

    private static string Scales(OnnxModelBuilder builder, int slices) => builder.Weight([.. Enumerable.Range(0, slices).Select(i => 0.001f * (1 << i))], slices);
}
