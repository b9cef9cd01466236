using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Operators.Time;

/// <summary>Amounts that predicted time is made of, against amounts counted by hand.</summary>
[TestClass]
public sealed class KernelTimeTests
{
    [TestMethod]
    public void A_convolution_makes_columns_products_and_results()
    {
        TimeSum sum = Sum(b => b.Node("Conv", [b.Input("x", DataType.Float, 1, 3, 10, 12), Weights(b, 8, 3, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 })), 1, 8, 10, 12);
        Assert.AreEqual(1, Amount(sum, TimeTerm.Convolution));
        Assert.AreEqual(1, Amount(sum, TimeTerm.ConvolutionColumns));
        Assert.AreEqual(3 * 9 * 120, Amount(sum, TimeTerm.ConvolutionColumn));
        // Columns of a product are computed in vectors of 16: 128 for 120.
        Assert.AreEqual(8 * 3 * 9 * 128, Amount(sum, TimeTerm.ConvolutionProduct));
        Assert.AreEqual(8 * 120, Amount(sum, TimeTerm.ConvolutionOutput));
        Assert.AreEqual(0, Amount(sum, TimeTerm.ConvolutionInput));
    }

    [TestMethod]
    public void Columns_of_windows_that_move_by_more_than_one_place_along_a_row_are_copied_element_by_element()
    {
        TimeSum along = Sum(b => b.Node("Conv", [b.Input("x", DataType.Float, 1, 3, 10, 13), Weights(b, 8, 3, 3, 3)], ("strides", new long[] { 1, 2 })), 1, 8, 8, 6);
        Assert.AreEqual(3 * 9 * 48, Amount(along, TimeTerm.ConvolutionStridedColumn));
        Assert.AreEqual(0, Amount(along, TimeTerm.ConvolutionColumn));
        Assert.AreEqual(0, Amount(along, TimeTerm.ConvolutionColumns));
        TimeSum down = Sum(b => b.Node("Conv", [b.Input("x", DataType.Float, 1, 3, 10, 13), Weights(b, 8, 3, 3, 3)], ("strides", new long[] { 2, 1 })), 1, 8, 4, 11);
        Assert.AreEqual(3 * 9 * 44, Amount(down, TimeTerm.ConvolutionColumn));
    }

    [TestMethod]
    public void A_pointwise_convolution_makes_no_columns_and_one_of_single_channels_no_products_of_matrices()
    {
        TimeSum pointwise = Sum(b => b.Node("Conv", [b.Input("x", DataType.Float, 1, 6, 4, 4), Weights(b, 8, 3, 1, 1)], ("group", 2L)), 1, 8, 4, 4);
        Assert.AreEqual(0, Amount(pointwise, TimeTerm.ConvolutionColumns));
        Assert.AreEqual(0, Amount(pointwise, TimeTerm.ConvolutionColumn));
        Assert.AreEqual(2, Amount(pointwise, TimeTerm.ConvolutionGroup));
        Assert.AreEqual(6 * 16, Amount(pointwise, TimeTerm.ConvolutionInput));
        Assert.AreEqual(8 * 3 * 16, Amount(pointwise, TimeTerm.ConvolutionProduct));
        TimeSum depthwise = Sum(b => b.Node("Conv", [b.Input("x", DataType.Float, 1, 6, 5, 5), Weights(b, 6, 1, 3, 3)], ("group", 6L)), 1, 6, 3, 3);
        Assert.AreEqual(6, Amount(depthwise, TimeTerm.DepthwiseChannel));
        Assert.AreEqual(6 * 9 * 9, Amount(depthwise, TimeTerm.DepthwiseProduct));
        Assert.AreEqual(0, Amount(depthwise, TimeTerm.ConvolutionProduct));
    }

    [TestMethod]
    public void Copies_count_the_stretches_that_lie_together()
    {
        TimeSum rows = Sum(b => b.Node("Slice", [b.Input("x", DataType.Float, 2, 4, 10, 6), b.Integers(2), b.Integers(5), b.Integers(2)]), 2, 4, 3, 6);
        Assert.AreEqual(2 * 4, Amount(rows, TimeTerm.SliceStretch));
        Assert.AreEqual(2 * 4 * 3 * 6, Amount(rows, TimeTerm.SliceElement));
        TimeSum columns = Sum(b => b.Node("Slice", [b.Input("x", DataType.Float, 2, 4, 10, 6), b.Integers(2), b.Integers(5), b.Integers(3)]), 2, 4, 10, 3);
        Assert.AreEqual(2 * 4 * 10, Amount(columns, TimeTerm.SliceStretch));
        TimeSum joined = Sum(b => b.Node("Concat", [b.Input("x", DataType.Float, 2, 4, 10, 6), b.Input("y", DataType.Float, 2, 4, 1, 6)], ("axis", 2L)), 2, 4, 11, 6);
        Assert.AreEqual(2 * 2 * 4, Amount(joined, TimeTerm.ConcatStretch));
        TimeSum gate = Sum(b => b.Node("Mul", [b.Input("x", DataType.Float, 2, 4, 10, 6), b.Input("g", DataType.Float, 2, 4, 1, 1)]), 2, 4, 10, 6);
        Assert.AreEqual(2 * 4, Amount(gate, TimeTerm.ElementwiseStretch));
    }

    [TestMethod]
    public void A_product_packs_what_is_computed_in_every_run()
    {
        TimeSum both = Sum(b => b.Node("MatMul", [b.Input("x", DataType.Float, 2, 3, 9, 20), b.Input("y", DataType.Float, 2, 3, 20, 8)]), 2, 3, 9, 8);
        Assert.AreEqual(6, Amount(both, TimeTerm.MatrixBatch));
        Assert.AreEqual(6 * 20 * 8, Amount(both, TimeTerm.MatrixPacked));
        Assert.AreEqual(6 * 9 * 20 * 16, Amount(both, TimeTerm.MatrixMultiply));
        TimeSum constant = Sum(b => b.Node("MatMul", [b.Input("x", DataType.Float, 2, 9, 20), Weights(b, 20, 8)]), 2, 9, 8);
        Assert.AreEqual(1, Amount(constant, TimeTerm.MatrixBatch));
        Assert.AreEqual(20 * 8, Amount(constant, TimeTerm.MatrixWeight));
        Assert.AreEqual(0, Amount(constant, TimeTerm.MatrixPacked));
    }

    [TestMethod]
    public void A_product_with_a_vector_is_one_for_each_element_of_the_result()
    {
        TimeSum vector = Sum(b => b.Node("MatMul", [b.Input("x", DataType.Float, 2, 3, 9, 4), Weights(b, 4)]), 2, 3, 9);
        Assert.AreEqual(2 * 3 * 9, Amount(vector, TimeTerm.MatrixBatch));
        TimeSum column = Sum(b => b.Node("MatMul", [b.Input("x", DataType.Float, 2, 3, 9, 4), Weights(b, 4, 1)]), 2, 3, 9, 1);
        Assert.AreEqual(1, Amount(column, TimeTerm.MatrixBatch));
    }

    [TestMethod]
    public void A_product_of_operands_that_are_stored_another_way_is_of_as_many_matrices()
    {
        TimeSum swapped = Sum(b => b.Node("com.microsoft:FusedMatMul", [b.Input("x", DataType.Float, 3, 7, 20), b.Input("y", DataType.Float, 3, 8, 20)], ("transB", 1L)), 3, 7, 8);
        Assert.AreEqual(3, Amount(swapped, TimeTerm.MatrixBatch));
        Assert.AreEqual(3 * 20 * 8, Amount(swapped, TimeTerm.MatrixPacked));
        Assert.AreEqual(3 * 7 * 20 * 16, Amount(swapped, TimeTerm.MatrixMultiply));
        // Rows first, then heads, as attention of exported transformers has it.
        TimeSum rowsFirst = Sum(b => b.Node("com.microsoft:FusedMatMul", [b.Input("x", DataType.Float, 7, 3, 20), b.Input("y", DataType.Float, 8, 3, 20)],
            ("transB", 1L), ("transBatchA", 1L), ("transBatchB", 1L)), 3, 7, 8);
        Assert.AreEqual(3, Amount(rowsFirst, TimeTerm.MatrixBatch));
        Assert.AreEqual(3 * 20 * 8, Amount(rowsFirst, TimeTerm.MatrixPacked));
    }

    [TestMethod]
    public void A_quantized_convolution_copies_the_channels_of_a_place_together()
    {
        NodeProto node = new() { OpType = "QLinearConv", Input = { "x", "xs", "xz", "w", "ws", "wz", "ys", "yz" }, Output = { "y" } };
        Dictionary<string, TensorType> types = new()
        {
            ["x"] = new(DataType.Uint8, [1, 24, 10, 12]),
            ["w"] = new(DataType.Uint8, [8, 24, 3, 3]),
            ["y"] = new(DataType.Uint8, [1, 8, 8, 10]),
        };
        TimeSum sum = new(keepsAmounts: true);
        KernelTime.Add(sum, node, name => types.GetValueOrDefault(name) ?? new TensorType(DataType.Float, []), name => name.Length > 1 || name == "w");
        Assert.AreEqual(80 * 9, Amount(sum, TimeTerm.QuantizedConvolutionPlace));
        Assert.AreEqual(80 * 9 * 24, Amount(sum, TimeTerm.QuantizedConvolutionColumn));
    }

    [TestMethod]
    public void Weights_of_megabytes_are_fetched_by_every_product()
    {
        TimeSum far = Sum(b => b.Node("MatMul", [b.Input("x", DataType.Float, 2, 1025), Weights(b, 1025, 1024)]), 2, 1024);
        Assert.AreEqual(1025 * 1024, Amount(far, TimeTerm.MatrixFarWeight));
        Assert.AreEqual(0, Amount(far, TimeTerm.MatrixWeight));
    }

    [TestMethod]
    public void Attention_makes_its_mask_for_every_query_and_copies_it_for_every_head()
    {
        TimeSum plain = Attention(3), masked = Attention(4), standard = Sum(new(opset: 23, irVersion: 10), b => b.Node("Attention",
            [b.Input("q", DataType.Float, 2, 7, 40), b.Input("k", DataType.Float, 2, 9, 40), b.Input("v", DataType.Float, 2, 9, 40)], ("q_num_heads", 5L), ("kv_num_heads", 5L)), 2, 7, 40);
        Assert.AreEqual(2 * 5 * 7 * 9, Amount(plain, TimeTerm.AttentionScore));
        Assert.AreEqual(2 * 5 * (7 + 9) * (8 + 8), Amount(plain, TimeTerm.AttentionOperand));
        Assert.AreEqual(0, Amount(plain, TimeTerm.AttentionMask));
        Assert.AreEqual((2 * 7 * 9) + (2 * 5 * 7 * 9), Amount(masked, TimeTerm.AttentionMask));
        Assert.AreEqual(2 * 5 * 9 * (8 + 8), Amount(standard, TimeTerm.MatrixPacked));
        Assert.AreEqual(0, Amount(standard, TimeTerm.AttentionOperand));

        static TimeSum Attention(int inputs) => Sum(b => b.Node("com.microsoft:MultiHeadAttention",
            [b.Input("q", DataType.Float, 2, 7, 40), b.Input("k", DataType.Float, 2, 9, 40), b.Input("v", DataType.Float, 2, 9, 40), .. inputs > 3 ? (string[])["", b.Input("m", DataType.Int32, 2, 9)] : []],
            ("num_heads", 5L)), 2, 7, 40);
    }

    [TestMethod]
    public void A_convolution_in_blocks_reads_for_four_of_them_and_goes_over_its_output_for_each_block_that_it_reads()
    {
        // 32 channels in 2 blocks of 16, 72 that fill 5: two sets of up to four.
        TimeSum sum = InBlocks(16, [1, 32, 7, 9], [80, 32, 3, 3], [1, 80, 7, 9], ("pads", new long[] { 1, 1, 1, 1 }));
        Assert.AreEqual(1, Amount(sum, TimeTerm.BlockedConvolution));
        Assert.AreEqual(80 * 63 * 32 * 9, Amount(sum, TimeTerm.BlockedProduct));
        Assert.AreEqual(63 * 2 * 32 * 9, Amount(sum, TimeTerm.BlockedRead));
        Assert.AreEqual(2 * 80 * 63, Amount(sum, TimeTerm.BlockedPass));
        Assert.AreEqual(2 * 2 * 7, Amount(sum, TimeTerm.BlockedRow));
        // A window of one place goes through all rows at once, and over 128 channels in one pass.
        TimeSum pointwise = InBlocks(16, [1, 144, 7, 9], [16, 144, 1, 1], [1, 16, 7, 9]);
        Assert.AreEqual(2 * 16 * 63, Amount(pointwise, TimeTerm.BlockedPass));
        Assert.AreEqual(2, Amount(pointwise, TimeTerm.BlockedRow));
        // A plain image is read channel by channel.
        TimeSum plain = InBlocks(8, [1, 3, 7, 9], [8, 3, 3, 3], [1, 8, 7, 9], ("pads", new long[] { 1, 1, 1, 1 }));
        Assert.AreEqual(3 * 8 * 63, Amount(plain, TimeTerm.BlockedPass));
        Assert.AreEqual(3 * 7, Amount(plain, TimeTerm.BlockedRow));
        // Each channel on its own, weights as the source has them, and a sum on top.
        TimeSum depthwise = InBlocks(8, [1, 24, 7, 9], [20, 1, 3, 3], [1, 24, 7, 9], ("group", 20L), ("pads", new long[] { 1, 1, 1, 1 }));
        Assert.AreEqual(24 * 63 * 9, Amount(depthwise, TimeTerm.BlockedDepthwiseProduct));
        Assert.AreEqual(3 * 7, Amount(depthwise, TimeTerm.BlockedRow));
        Assert.AreEqual(0, Amount(depthwise, TimeTerm.BlockedProduct));
    }

    [TestMethod]
    public void Time_that_a_rewrite_gave_back_is_not_all_there_to_be_spent()
    {
        Assert.AreEqual(2_200_000, TimeLimit.Of(2_000_000, 2_000_000, 1.1), 1e-6);
        Assert.AreEqual(200_000, TimeLimit.Of(2_000_000, 100_000, 1.1), 1e-6);
        Assert.AreEqual(400_000, TimeLimit.Of(2_000_000, 100_000, 4), 1e-6);
        Assert.AreEqual(35_000, TimeLimit.Of(5_000, 5_000, 1.1), 1e-6);
        Assert.AreEqual(1.1, TimeLimit.OfPieces(1.05, 1.1), 1e-9);
        Assert.AreEqual(0.99, TimeLimit.OfPieces(0.9, 1.1), 1e-9);
    }

    private static TimeSum InBlocks(int block, long[] x, long[] w, long[] y, params (string Name, object Value)[] attributes)
    {
        OnnxModelBuilder b = new();
        b.Node("com.microsoft.nchwc:Conv", ["x", "w"], attributes);
        NodeProto node = b.Build().Graph.Node[0];
        Dictionary<string, TensorType> types = new() { ["x"] = new(DataType.Float, x), ["w"] = new(DataType.Float, w), [node.Output[0]] = new(DataType.Float, y) };
        TimeSum sum = new(keepsAmounts: true);
        BlockedTime.AddConvolution(sum, new KernelShapes(node, name => types[name], name => name == "w"), block);
        return sum;
    }

    [TestMethod]
    public void No_term_is_below_nothing_and_a_small_model_may_take_a_little_longer()
    {
        foreach (TimeTerm term in Enum.GetValues<TimeTerm>())
            Assert.IsGreaterThanOrEqualTo(0, TermPrices.Of(term), term.ToString());
        Assert.AreEqual(5_000, TimeLimit.Of(5_000, 1));
        Assert.AreEqual(35_000, TimeLimit.Of(5_000, 1.1));
        Assert.AreEqual(2_500_000, TimeLimit.Of(2_000_000, 1.25));
    }

    private static string Weights(OnnxModelBuilder b, params long[] dims) => b.Weight(new float[dims.Aggregate(1L, (all, d) => all * d)], dims);

    private static TimeSum Sum(Func<OnnxModelBuilder, string> body, params long[] output) => Sum(new(), body, output);

    private static TimeSum Sum(OnnxModelBuilder b, Func<OnnxModelBuilder, string> body, params long[] output)
    {
        b.Output(body(b), DataType.Float, output);
        ModelProto model = b.Build();
        TimeSum sum = new(keepsAmounts: true);
        KernelTime.Add(sum, model.Graph, OrtRun.Shapes(model));
        Assert.AreEqual(1, Amount(sum, TimeTerm.Node));
        Assert.AreEqual(KernelTime.Of(model.Graph, OrtRun.Shapes(model)), sum.Nanoseconds);
        return sum;
    }

    private static double Amount(TimeSum sum, TimeTerm term) => sum.Amounts[(int)term];
}
