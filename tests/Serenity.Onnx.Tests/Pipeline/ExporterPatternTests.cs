using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>What exporters write, the whole way: rewritten where that lowers the peak, and verified by a run.</summary>
[TestClass]
public sealed class ExporterPatternTests
{
    private static readonly TestRandom _random = new(11);

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_mean_over_rows_and_columns_absorbs_a_concat(Executor executor) => AssertLower(executor, b =>
        b.Node("ReduceMean", [Parts(b)], ("axes", new long[] { 2, 3 })));

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_gate_in_parts_lets_a_convolution_absorb_the_concat(Executor executor) => AssertLower(executor, b =>
    {
        string x = Parts(b);
        string gate = b.Node("Clip", [b.Node("Add", [x, b.Weight([3f])]), b.Weight([0f]), b.Weight([6f])]);
        return b.Node("Conv", [b.Node("Mul", [x, gate]), Weight(b, 4, 24, 1, 1)]);
    });

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_dropout_that_drops_nothing_is_passed(Executor executor) => AssertLower(executor, b =>
        b.Node("Conv", [b.Node("Dropout", [Parts(b)]), Weight(b, 4, 24, 1, 1)]));

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_quantized_result_stays_bit_for_bit(Executor executor)
    {
        OptimizationResult result = Optimize(executor, Build(b => b.Node("QuantizeLinear", [b.Node("Conv", [Parts(b), Weight(b, 4, 24, 1, 1)]), b.Weight([0.01f])]), DataType.Uint8));
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsTrue(result.Rewrites.All(r => r.Exact));
        AssertQuiet(result);
    }

    [TestMethod]
    public void Buffers_of_a_quantized_residual_network_are_not_held_through_the_gaps()
    {
        OptimizationResult result = Optimize(Executor.OnnxRuntime, Build(b =>
        {
            string scale = b.Weight([0.05f]), zero = b.Add(OnnxModelBuilder.Tensor("zero", DataType.Int8, [0]));
            string Quantized(string x) => b.Node("DequantizeLinear", [b.Node("QuantizeLinear", [x, scale, zero]), scale, zero]);
            string Conv(string x, long to, long from) => b.Node("Conv", [x, Weight(b, to, from, 1, 1)]);
            string x = Quantized(b.Node("Relu", [Conv(Quantized(b.Input("x", DataType.Float, 1, 2, 16, 16)), 8, 2)]));
            for (int block = 0; block < 2; block++)
                x = Quantized(b.Node("Add", [Quantized(Conv(Quantized(b.Node("Relu", [Conv(x, 8, 8)])), 8, 8)), x]));
            string a = Quantized(b.Node("Relu", [Conv(x, 8, 8)])), c = Quantized(b.Node("Relu", [Conv(x, 8, 8)]));
            return b.Node("GlobalAveragePool", [b.Node("Concat", [x, a, c], ("axis", 1L))]);
        }));
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.AreEqual(result.Peak.LowerBoundBytes, result.Peak.Bytes);
        Assert.IsLessThan(result.Peak.OriginalBytes, result.Peak.Bytes);
    }

    [TestMethod]
    public void A_product_of_tokens_with_a_bias_absorbs_a_concat_though_fusing_would_hide_it()
    {
        OptimizationResult result = Optimize(Executor.OnnxRuntime, Build(b =>
        {
            string[] parts = [.. new[] { "a", "b", "c" }.Select(name => b.Node("MatMul", [b.Input(name, DataType.Float, 1, 64, 4), Weight(b, 4, 32)]))];
            return b.Node("Add", [b.Node("MatMul", [b.Node("Concat", parts, ("axis", 2)), Weight(b, 96, 8)]), Weight(b, 8)]);
        }));
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.AreEqual("MatMulPartition", result.Rewrites.Single().Kind);
        Assert.IsLessThan(result.Peak.OriginalBytes / 2, result.Peak.Bytes);
    }

    [TestMethod]
    public void Quantized_parts_are_put_together_before_they_are_dequantized()
    {
        // The result is quantized again, so the convolution must sum in its own order.
        ModelProto model = Build(
            b =>
            {
                string[] parts = [.. Enumerable.Range(2, 3).Select(i =>
                {
                    string part = b.Node("Conv", [b.Input($"x{i}", DataType.Float, 1, 2, 16, 16), Weight(b, 8, 2, 1, 1)]);
                    return Dequantized(b, Quantized(b, part, i), i);
                })];
                string weight = b.Add(OnnxModelBuilder.Tensor("kernel", DataType.Int8, [.. Enumerable.Range(0, 96).Select(i => (byte)i)], 4, 24, 1, 1));
                string kernel = b.Node("DequantizeLinear", [weight, b.Weight([0.1f]), b.Add(OnnxModelBuilder.Tensor("zero", DataType.Int8, [0]))]);
                return Quantized(b, b.Node("Conv", [b.Node("Concat", parts, ("axis", 1)), kernel]), 9);
            },
            DataType.Uint8);
        OptimizationResult result = Optimize(Executor.OnnxRuntime, model);
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.AreEqual(0, result.Verification.MaxError);
        Assert.IsEmpty(result.Warnings);
        Assert.AreEqual("ConcatLifting", result.Rewrites.Single().Kind);
        // Three parts of 8,192 bytes and the whole of 24,576, as it was; the whole and what the convolution makes of it.
        Assert.AreEqual(49_152, result.Peak.OriginalBytes);
        Assert.IsLessThanOrEqualTo(24_576 + 6_144, result.Peak.Bytes);
        // Behind a DequantizeLinear with many scales, default options would make a quantized convolution, which takes one.
        OrtRun.AssertRunsFused(model, result.Model, 1, "lifted");

        static string Quantized(OnnxModelBuilder b, string value, int scale) => b.Node("QuantizeLinear", [value, b.Weight([scale / 100f]), Zero(b, scale)]);
        static string Dequantized(OnnxModelBuilder b, string value, int scale) => b.Node("DequantizeLinear", [value, b.Weight([scale / 100f]), Zero(b, scale + 100)]);
        static string Zero(OnnxModelBuilder b, int number) => b.Add(OnnxModelBuilder.Tensor($"zero{number}", DataType.Uint8, [128]));
    }

    [TestMethod]
    public void Casts_that_a_rewrite_would_bring_together_are_left_apart()
    {
        OptimizationResult result = WholeWay.Optimize(fuse: false, workLimit: 4, model: Build(b =>
        {
            string one = b.Node("Mul", [b.Input("a", DataType.Float16, 1, 1, 1), Half(b, 1)]), ten = b.Node("Mul", [b.Input("b", DataType.Float16, 1, 1, 1), Half(b, 10)]);
            return b.Node("MatMul", [b.Node("Concat", [b.Node("Concat", [one, one], ("axis", 2)), ten], ("axis", 2)), Half(b, 12, 4)]);
        }, DataType.Float16));
        Assert.AreEqual("passed", result.Verification!.Status);
        // That float16 takes more than float32 here is said, and nothing else.
        Assert.AreEqual(SerenityCodes.WidenedAtRun, result.Warnings.Single().Code);

        static string Half(OnnxModelBuilder b, params long[] dims)
        {
            byte[] bytes = [.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, d) => a * d)).SelectMany(_ => BitConverter.GetBytes((System.Half)(_random.Next(-100, 100) / 64f)))];
            return b.Node("Constant", [], ("value", OnnxModelBuilder.Tensor("", DataType.Float16, bytes, dims)));
        }
    }

    [TestMethod]
    [DataRow(0, 1)]
    [DataRow(1, 1)]
    [DataRow(2, 0)]
    public void Hidden_states_that_nobody_reads_are_not_made(int used, int rewrites)
    {
        OptimizationResult result = Optimize(Executor.OnnxRuntime, Build(b =>
        {
            string[] outputs = b.Nodes("LSTM", [b.Input("x", DataType.Float, 50, 1, 8), Weight(b, 1, 64, 8), Weight(b, 1, 64, 16)], used == 2 ? 1 : 3, ("hidden_size", 16L));
            return b.Node("Relu", [b.Node("Neg", [outputs[used % 2]])]);
        }));
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.HasCount(rewrites, result.Rewrites.Where(r => r.Kind == "UnreadOutputs").ToArray());
        Assert.IsEmpty(result.Warnings);
        Assert.AreEqual(result.Peak.LowerBoundBytes, result.Peak.Bytes);
    }

    [TestMethod]
    [DataRow(DataType.Uint8, DataType.Int32)]
    [DataRow(DataType.Int32, DataType.Uint8)]
    public void Casts_on_the_side_keep_nothing_else_from_being_rewritten(DataType from, DataType to)
    {
        OnnxModelBuilder b = new();
        b.Output(b.Node("Relu", [b.Node("Conv", [Parts(b), Weight(b, 4, 24, 1, 1)])]));
        string[] casts = [.. new[] { "d", "e" }.Select(name => b.Node("Cast", [b.Input(name, from, 1, 4)], ("to", (long)DataType.Float)))];
        b.Output(b.Node("Cast", [b.Node("Concat", casts, ("axis", 1))], ("to", (long)to)), to);
        OptimizationResult result = Optimize(Executor.OnnxRuntime, b.Build());
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.AreEqual("ChannelPartition", result.Rewrites.Single().Kind);
    }

    /// <summary>Where a heat map's peaks are picked by comparing it with its own maxima, both sides of the comparison come from one sum: it may be made in another order.</summary>
    [TestMethod]
    public void A_comparison_at_one_end_keeps_no_sum_from_being_rewritten()
    {
        OnnxModelBuilder b = new();
        string features = b.Node("Relu", [b.Node("Conv", [Parts(b), Weight(b, 4, 24, 1, 1)])]);
        string heat = b.Node("Sigmoid", [b.Node("Conv", [features, Weight(b, 1, 4, 1, 1)])]);
        string most = b.Node("MaxPool", [heat], ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }));
        b.Output(b.Node("Mul", [heat, b.Node("Cast", [b.Node("Equal", [heat, most])], ("to", (long)DataType.Float))]));
        OptimizationResult result = Optimize(Executor.OnnxRuntime, b.Build());
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsTrue(result.Rewrites.Any(r => r.Kind == "ChannelPartition"));
        Assert.IsEmpty(result.LeftOut);
    }

    [TestMethod]
    public void A_node_may_have_the_name_of_another_ones_value()
    {
        OnnxModelBuilder b = new();
        string kernel = b.Node("DequantizeLinear", [b.Add(OnnxModelBuilder.Tensor("k", DataType.Int8, new byte[24 * 4], 24, 1, 2, 2)), b.Weight([0.1f])]);
        b.Output(b.Node("Conv", [Parts(b), kernel], ("group", 24L), ("strides", new long[] { 2, 2 })));
        ModelProto model = b.Build();
        model.Graph.Node.Single(n => n.Input.Contains(kernel)).Name = kernel;
        OptimizationResult result = Optimize(Executor.OnnxRuntime, model);
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.AreEqual("KernelPartition", result.Rewrites.Single().Kind);
    }

    [TestMethod]
    public void A_weight_that_can_be_overridden_is_not_packed_ahead_where_the_arena_is_proven()
    {
        OnnxModelBuilder b = new();
        string weight = Weight(b, 63, 1);
        string product = b.Node("MatMul", [b.Node("Sigmoid", [b.Input("x", DataType.Float, 5, 63)]), weight]);
        b.Input(weight, DataType.Float, 63, 1);
        b.Output(b.Node("Relu", [product]), DataType.Float, 5, 1);
        OptimizationResult result = Optimize(Executor.StaticArena, b.Build());
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsEmpty(result.Warnings);
    }

    [TestMethod]
    public void A_weight_that_nobody_reads_is_no_input_after_fusing()
    {
        ModelProto model = Build(b =>
        {
            b.Weight([1f]);
            return b.Node("Relu", [b.Node("Conv", [Parts(b), Weight(b, 4, 24, 1, 1)])]);
        });
        model.IrVersion = 3;
        // Before format 4 every initializer is an input too.
        foreach (TensorProto initializer in model.Graph.Initializer)
        {
            ValueInfoProto input = new() { Name = initializer.Name, Type = new() { TensorType = new() { ElemType = initializer.DataType, Shape = new() } } };
            foreach (long dim in initializer.Dims)
                input.Type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dim });
            model.Graph.Input.Add(input);
        }
        OptimizationResult result = Optimize(Executor.OnnxRuntime, model);
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsEmpty(result.Warnings);
        HashSet<string> weights = [.. result.Model.Graph.Initializer.Select(i => i.Name)];
        CollectionAssert.AreEquivalent(new[] { "a", "b", "c" }, result.Model.Graph.Input.Select(i => i.Name).Where(name => !weights.Contains(name)).ToArray());
    }

    [TestMethod]
    public void A_model_without_nodes_is_no_more_work_than_before()
    {
        OnnxModelBuilder b = new();
        b.Output(b.Input("x", DataType.Float, 1, 4), DataType.Float, 1, 4);
        Assert.AreEqual(1, Optimize(Executor.OnnxRuntime, b.Build()).Work.Ratio);
    }

    /// <summary>A plan in rows of an arena has but a weak bound, so it may not be proven the least there is.</summary>
    private static void AssertQuiet(OptimizationResult result) => Assert.IsEmpty(result.Warnings.Where(w => w.Code != SerenityCodes.NotProven));

    private static void AssertLower(Executor executor, Func<OnnxModelBuilder, string> body)
    {
        OptimizationResult result = Optimize(executor, Build(body, DataType.Float));
        Assert.AreEqual("passed", result.Verification!.Status);
        AssertQuiet(result);
        Assert.IsNotEmpty(result.Rewrites);
        Assert.IsLessThan(result.Peak.OriginalBytes, result.Peak.Bytes);
    }

    private static ModelProto Build(Func<OnnxModelBuilder, string> body, DataType type = DataType.Float)
    {
        OnnxModelBuilder builder = new();
        builder.Output(body(builder), type);
        return builder.Build();
    }

    private static string Parts(OnnxModelBuilder b)
    {
        string[] parts = [.. new[] { "a", "b", "c" }.Select(name =>
            b.Node("Conv", [b.Input(name, DataType.Float, 1, 2, 16, 16), Weight(b, 8, 2, 1, 1)]))];
        return b.Node("Concat", parts, ("axis", 1));
    }

    private static string Weight(OnnxModelBuilder b, params long[] dims) =>
        b.Weight([.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, d) => a * d)).Select(_ => (float)_random.Next(-100, 100) / 64)], dims);

    private static OptimizationResult Optimize(Executor executor, ModelProto model) => WholeWay.Optimize(model, executor);
}
