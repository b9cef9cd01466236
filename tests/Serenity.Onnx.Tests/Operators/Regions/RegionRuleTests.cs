using Serenity.Onnx.Operators.Regions;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Operators.Regions;

/// <summary>The region rule of every operator that has one, in whole numbers and in random floats.</summary>
[TestClass]
public sealed class RegionRuleTests
{
    private static readonly long[] _some = [1, 2, 3], _few = [0, 1, 2];

    [TestInitialize]
    public void NeedsOnnxRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime on this host.");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_convolution_in_parts_is_the_convolution(bool whole)
    {
        foreach (long kernel in new long[] { 1, 2, 3, 5 })
        {
            foreach ((long stride, long dilation) in _some.SelectMany(s => new[] { (s, 1L), (s, 2L) }))
            {
                foreach ((long before, long after) in _few.SelectMany(b => _few.Select(a => (b, a))))
                {
                    foreach ((long size, long group) in new[] { (7L, 1L), (12L, 4L), (9L, 2L) })
                    {
                        if (size + before + after < (kernel - 1) * dilation + 1)
                            continue;
                        Check(whole, $"Conv k{kernel} s{stride} d{dilation} p{before},{after} size {size} group {group}", [0, 2, 3], b => b.Node("Conv",
                            [Data(b, whole, 2, 4, size, 5), Weight(b, whole, 4, 4 / group, kernel, 2), Weight(b, whole, 4)],
                            ("strides", new[] { stride, 1 }), ("dilations", new[] { dilation, 1 }), ("pads", new[] { before, 1, after, 0 }), ("group", group)), contains: true);
                    }
                }
            }
        }
    }

    /// <summary>As of each channel on its own: whatever the number of positions, wherever these lie in the vectors of the whole; not where a row is one position.</summary>
    [TestMethod]
    public void Rows_of_a_convolution_with_one_filter_a_group_keep_its_bits_down_to_one()
    {
        foreach ((long group, long channels) in new[] { (5L, 1L), (2L, 3L), (1L, 20L) })
        {
            foreach (long width in new[] { 1L, 2L, 3L, 5L, 8L, 17L, 29L })
            {
                foreach ((long kernel, long stride, long pad) in new[] { (3L, 1L, 1L), (3L, 2L, 1L), (5L, 1L, 0L), (5L, 1L, 2L), (2L, 1L, 0L) })
                {
                    Check(false, $"Conv {channels} x {group} wide {width} k{kernel} s{stride} p{pad}", [0, 2, 3], b => b.Node("Conv",
                        [Data(b, false, 1, channels * group, 11, ((width - 1) * stride) + kernel - (2 * pad)), Weight(b, false, group, channels, kernel, kernel), Weight(b, false, group)],
                        ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }), ("group", group)), contains: true);
                }
            }
        }
    }

    /// <summary>Threads divide the positions of one image, each share a product of its own: of many threads, shares are small, and not all of a size.</summary>
    [TestMethod]
    [DataRow(2)]
    [DataRow(4)]
    [DataRow(8)]
    public void Pieces_keep_their_bits_with_several_threads_where_the_rule_says_so(int threads)
    {
        foreach ((long images, long channels, long filters, long group) in new[] { (1L, 32L, 32L, 1L), (1L, 8L, 48L, 1L), (1L, 64L, 1L, 1L), (2L, 40L, 16L, 1L), (1L, 64L, 32L, 2L),
            (1L, 300L, 150L, 1L) })
        {
            foreach ((long height, long width, long kernel, long stride) in new[] { (16L, 16L, 3L, 1L), (13L, 25L, 3L, 1L), (40L, 17L, 1L, 1L), (24L, 32L, 3L, 2L), (9L, 15L, 1L, 1L) })
            {
                Check(false, $"Conv {images} x {channels} to {filters} / {group}, {height} x {width}, k{kernel} s{stride}, {threads} threads", [0, 2, 3], b => b.Node("Conv",
                    [Data(b, false, images, channels, height, width), Weight(b, false, filters, channels / group, kernel, kernel), Weight(b, false, filters)],
                    ("strides", new[] { stride, stride }), ("pads", new[] { kernel / 2, kernel / 2, kernel / 2, kernel / 2 }), ("group", group)), contains: true, threads: threads);
            }
        }
        foreach ((long matrices, long rows, long products, long columns) in new[] { (1L, 40L, 300L, 100L), (3L, 24L, 200L, 90L), (6L, 12L, 64L, 200L), (1L, 30L, 600L, 20L), (2L, 9L, 2000L, 8L) })
        {
            Check(false, $"MatMul {matrices} x {rows} x {products} x {columns}, {threads} threads", [0, 1, 2],
                b => b.Node("MatMul", [Data(b, false, matrices, rows, products), Second(b, false, matrices, products, columns)]), contains: true, threads: threads);
            Check(false, $"MatMul {matrices} x {rows} x {products} x {columns} constant, {threads} threads", [0, 1, 2],
                b => b.Node("MatMul", [Data(b, false, matrices, rows, products), Weight(b, false, products, columns)]), contains: true, threads: threads);
        }
        Check(false, $"ConvTranspose, {threads} threads", [2, 3], b => b.Node("ConvTranspose",
            [Data(b, false, 1, 200, 14, 20), Weight(b, false, 200, 12, 2, 2), Weight(b, false, 12)], ("strides", new[] { 2L, 2L })), threads: threads);
    }

    [TestMethod]
    [DataRow("SAME_UPPER")]
    [DataRow("SAME_LOWER")]
    [DataRow("VALID")]
    public void Automatic_pads_are_stated(string pad)
    {
        foreach ((long kernel, long stride) in new[] { (3L, 1L), (3L, 2L), (5L, 3L), (2L, 2L), (2L, 1L) })
        {
            Check(true, $"Conv {pad} k{kernel} s{stride}", [0, 1, 2, 3], b => b.Node("Conv",
                [Data(b, true, 2, 3, 11, 8), Weight(b, true, 2, 3, kernel, kernel)], ("strides", new[] { stride, stride }), ("auto_pad", pad)));
            Check(true, $"MaxPool {pad} k{kernel} s{stride}", [0, 1, 2, 3], b => b.Node("MaxPool",
                [Data(b, true, 2, 3, 11, 8)], ("kernel_shape", new[] { kernel, kernel }), ("strides", new[] { stride, stride }), ("auto_pad", pad)));
        }
    }

    [TestMethod]
    public void Pools_in_parts_are_the_pool_ceil_mode_included()
    {
        foreach (string op in new[] { "MaxPool", "AveragePool" })
        {
            foreach ((long kernel, long stride) in new[] { (1L, 1L), (2L, 2L), (3L, 1L), (3L, 2L), (3L, 3L), (2L, 3L), (4L, 3L) })
            {
                foreach ((long before, long after) in _few.SelectMany(b => _few.Select(a => (b, a))).Where(p => p.b < kernel && p.a < kernel))
                {
                    foreach ((long size, long ceil) in new[] { (8L, 0L), (8L, 1L), (9L, 1L), (10L, 1L), (11L, 0L) })
                    {
                        foreach (long counted in op == "MaxPool" ? [0L] : new[] { 0L, 1L })
                        {
                            (string, object)[] attributes = [("kernel_shape", new[] { kernel, 2 }), ("strides", new[] { stride, 1 }), ("pads", new[] { before, 0, after, 1 }), ("ceil_mode", ceil)];
                            Check(true, $"{op} k{kernel} s{stride} p{before},{after} size {size} ceil {ceil} counted {counted}", [0, 1], b => b.Node(op,
                                [Data(b, true, 2, 3, size, 4)], counted == 0 ? attributes : [.. attributes, ("count_include_pad", counted)]), contains: true);
                        }
                    }
                }
            }
        }
    }

    [TestMethod]
    public void A_pool_with_ceil_mode_can_be_cut_by_rows()
    {
        // Without its own pad, the last piece would have a row too few.
        Check(true, "MaxPool k3 s2 size 112 ceil", [0, 1, 2, 3], b => b.Node("MaxPool",
            [Data(b, true, 2, 2, 12, 12)], ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("ceil_mode", 1L)));
        Check(true, "AveragePool k3 s2 size 112 ceil", [0, 1, 2, 3], b => b.Node("AveragePool",
            [Data(b, true, 2, 2, 12, 12)], ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("ceil_mode", 1L)));
    }

    [TestMethod]
    public void A_transposed_convolution_in_parts_is_the_whole()
    {
        foreach ((long kernel, long stride, long dilation) in new[] { (2L, 2L, 1L), (3L, 2L, 1L), (4L, 2L, 1L), (3L, 1L, 1L), (5L, 3L, 1L), (3L, 2L, 2L), (1L, 2L, 1L), (2L, 3L, 1L) })
        {
            foreach ((long before, long after, long more) in new[] { (0L, 0L, 0L), (1L, 1L, 0L), (1L, 0L, 0L), (0L, 1L, 0L), (1L, 1L, 1L) })
            {
                if (before >= kernel || after >= kernel || more >= stride)
                    continue;
                Check(true, $"ConvTranspose k{kernel} s{stride} d{dilation} p{before},{after}+{more}", [0, 2, 3], b => b.Node("ConvTranspose",
                    [Data(b, true, 2, 3, 5, 4), Weight(b, true, 3, 2, kernel, 2), Weight(b, true, 2)],
                    ("strides", new[] { stride, 1 }), ("dilations", new[] { dilation, 1 }), ("pads", new[] { before, 0, after, 0 }), ("output_padding", new[] { more, 0 })));
            }
        }
    }

    [TestMethod]
    public void Rows_of_a_transposed_convolution_keep_its_bits_where_the_rule_says_so()
    {
        foreach ((long channels, long group, long width) in new[] { (3L, 1L, 4L), (24L, 1L, 11L), (40L, 1L, 5L), (128L, 1L, 9L), (200L, 1L, 7L), (200L, 1L, 40L), (300L, 2L, 9L), (8L, 4L, 6L),
            (2L, 2L, 5L) })
        {
            foreach ((long kernel, long stride, long pad, long filters) in new[] { (2L, 2L, 0L, 3L), (3L, 2L, 1L, 2L), (4L, 2L, 1L, 5L), (3L, 1L, 1L, 1L), (5L, 3L, 2L, 4L), (1L, 1L, 0L, 1L) })
            {
                Check(false, $"ConvTranspose {channels}/{group} wide {width} k{kernel} s{stride} p{pad} to {filters}", [2, 3], b => b.Node("ConvTranspose",
                    [Data(b, false, 1, channels, 12, width), Weight(b, false, channels, filters, kernel, kernel), Weight(b, false, filters * group)],
                    ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }), ("group", group)));
            }
        }
    }

    [TestMethod]
    [DataRow(7)]
    [DataRow(13)]
    [DataRow(17)]
    public void Elementwise_operators_apply_part_by_part(int opset)
    {
        foreach (string op in new[] { "Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Floor", "Elu", "HardSigmoid", "LeakyRelu", "Softsign", "Softplus", "Sqrt", "Erf", "Clip", "HardSwish", "Log", "Sin" })
        {
            if (op is "Erf" && opset < 9 || op == "HardSwish" && opset < 14)
                continue;
            Check(false, $"{op} {opset}", [0, 1, 2, 3], b => b.Node(op, [Data(b, false, 2, 3, 7, 37)]), opset);
        }
        foreach (string op in new[] { "Add", "Mul", "Sub", "Div", "Max", "Min", "PRelu", "Pow" })
        {
            Check(false, $"{op} {opset} with a gate", [0, 1, 2, 3],
                b => b.Node(op, [Data(b, false, 2, 3, 7, 5), op is "Max" or "Min" && opset < 8 ? b.Node("Abs", [b.Input("g", DataType.Float, 2, 3, 7, 5)]) : b.Input("g", DataType.Float, 2, 3, 1, 1)]), opset);
            Check(false, $"{op} {opset} with a constant that varies", [0, 1, 2, 3], b => b.Node(op, [Data(b, false, 2, 3, 7, 5), Weight(b, false, op is "Max" or "Min" && opset < 8 ? [2, 3, 7, 5] : [7, 5])]), opset);
        }
        Check(false, $"Sum {opset}", [0, 1, 2], b => b.Node("Sum", [Data(b, false, 2, 3, 7), b.Input("g", DataType.Float, opset < 8 ? 2 : 1, 3, 7), b.Input("h", DataType.Float, 2, 3, 7)]), opset);
    }

    [TestMethod]
    public void Normalizations_are_free_along_the_axes_they_do_not_sum_over()
    {
        Check(false, "BatchNormalization", [0, 1, 2, 3], b => b.Node("BatchNormalization", [Data(b, false, 2, 3, 7, 5), Weight(b, false, 3), Weight(b, false, 3), Weight(b, false, 3), Positive(b, 3)]));
        Check(false, "LayerNormalization", [0, 1], b => b.Node("LayerNormalization", [Data(b, false, 3, 7, 40), Weight(b, false, 40), Weight(b, false, 40)]));
        Check(false, "LayerNormalization over two", [0], b => b.Node("LayerNormalization", [Data(b, false, 6, 7, 4), Weight(b, false, 7, 4)], ("axis", 1L)));
        Check(false, "InstanceNormalization", [0, 1], b => b.Node("InstanceNormalization", [Data(b, false, 3, 4, 6, 5), Weight(b, false, 4), Weight(b, false, 4)]));
        Check(false, "Softmax", [0, 1, 2], b => b.Node("Softmax", [Data(b, false, 2, 3, 7, 19)]));
        Check(false, "Softmax of channels", [0, 2, 3], b => b.Node("Softmax", [Data(b, false, 2, 3, 7, 5)], ("axis", 1L)));
        Check(false, "Softmax 11", [0, 1], b => b.Node("Softmax", [Data(b, false, 2, 3, 7, 5)], ("axis", 2L)), 11);
        Check(false, "LogSoftmax", [0, 2], b => b.Node("LogSoftmax", [Data(b, false, 2, 3, 7)], ("axis", 1L)));
        Check(false, "LRN", [0, 2, 3], b => b.Node("LRN", [Data(b, false, 2, 6, 7, 5)], ("size", 3L)));
        Check(true, "ReduceMean", [0, 1], b => b.Node("ReduceMean", [Data(b, true, 3, 4, 8)], ("axes", new long[] { -1 }), ("keepdims", 0L)));
        Check(false, "ReduceMean random", [0, 1], b => b.Node("ReduceMean", [Data(b, false, 3, 4, 37)], ("axes", new long[] { -1 }), ("keepdims", 1L)));
        Check(true, "ReduceMax of channels", [0, 2, 3], b => b.Node("ReduceMax", [Data(b, true, 2, 4, 6, 5)], ("axes", new long[] { 1 })));
        Check(true, "ReduceSum 13", [0, 1, 2], b => b.Node("ReduceSum", [Data(b, true, 2, 4, 6, 5), b.Integers(1)], ("keepdims", 0L)), 13);
        foreach (int width in new[] { 5, 16, 37 })
        {
            Check(false, "ReduceSum of two", [0, 1, 2], b => b.Node("ReduceSum", [Data(b, false, 2, 2, 6, width), b.Integers(1)], ("keepdims", 0L)), 13);
            Check(false, "ReduceMean of two", [0, 2, 3], b => b.Node("ReduceMean", [Data(b, false, 3, 2, 7, width)], ("axes", new long[] { 1 }), ("keepdims", 1L)));
        }
        Check(true, "ArgMax", [0, 2], b => b.Node("ArgMax", [Data(b, true, 2, 4, 6)], ("axis", 1L)));
        Check(true, "CumSum", [0, 1], b => b.Node("CumSum", [Data(b, true, 3, 4, 6), b.Integers(2)]), 14);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Products_are_cut_by_rows_columns_and_heads(bool whole)
    {
        Check(whole, "MatMul by a constant", [0, 1, 2], b => b.Node("MatMul", [Data(b, whole, 2, 9, 40), Weight(b, whole, 40, 24)]));
        Check(whole, "MatMul of two", [0, 1, 2, 3], b => b.Node("MatMul", [Data(b, whole, 2, 3, 9, 20), Second(b, whole, 2, 3, 20, 8)]));
        Check(whole, "MatMul, broadcast", [0, 1, 2, 3], b => b.Node("MatMul", [Data(b, whole, 2, 3, 9, 20), Second(b, whole, 3, 20, 8)]));
        Check(whole, "MatMul of a matrix", [0, 1], b => b.Node("MatMul", [Data(b, whole, 9, 20), Second(b, whole, 20, 8)]));
        foreach ((long transA, long transB, long batchA, long batchB) in new[] { (0L, 0L, 1L, 0L), (0L, 1L, 1L, 1L), (1L, 0L, 0L, 1L), (1L, 1L, 1L, 1L) })
        {
            // As it is stored: the first two axes change places with batch, the last two with trans.
            long[] a = transA == 0 ? [9, 20] : [20, 9], b2 = transB == 0 ? [20, 8] : [8, 20];
            Check(whole, $"FusedMatMul {transA} {transB} batch {batchA} {batchB}", [0, 1, 2], b => b.Node("com.microsoft:FusedMatMul",
                [Data(b, whole, batchA == 0 ? [3, a[0], a[1]] : [a[0], 3, a[1]]), Second(b, whole, batchB == 0 ? [3, b2[0], b2[1]] : [b2[0], 3, b2[1]])],
                ("transA", transA), ("transB", transB), ("transBatchA", batchA), ("transBatchB", batchB)));
        }
        foreach ((long transA, long transB) in new[] { (0L, 0L), (1L, 0L), (0L, 1L), (1L, 1L) })
        {
            Check(whole, $"Gemm {transA} {transB}", [0, 1], b => b.Node("Gemm",
                [Data(b, whole, transA == 0 ? [9, 20] : [20, 9]), Weight(b, whole, transB == 0 ? [20, 8] : [8, 20]), Weight(b, whole, 8)], ("transA", transA), ("transB", transB)));
            Check(whole, $"Gemm {transA} {transB} with a full summand", [0, 1], b => b.Node("Gemm",
                [Data(b, whole, transA == 0 ? [9, 20] : [20, 9]), Weight(b, whole, transB == 0 ? [20, 8] : [8, 20]), Weight(b, whole, 9, 8)], ("transA", transA), ("transB", transB)));
            Check(whole, $"FusedMatMul {transA} {transB}", [0, 1, 2], b => b.Node("com.microsoft:FusedMatMul",
                [Data(b, whole, transA == 0 ? [3, 9, 20] : [3, 20, 9]), Second(b, whole, transB == 0 ? [3, 20, 8] : [3, 8, 20])], ("transA", transA), ("transB", transB), ("alpha", 0.5)));
        }
    }

    [TestMethod]
    public void Movements_are_followed()
    {
        Check(true, "Concat", [0, 2, 3], b => b.Node("Concat", [Data(b, true, 2, 3, 6, 5), b.Input("g", DataType.Float, 2, 2, 6, 5)], ("axis", 1L)));
        Check(true, "Slice beside", [0, 1, 2], b => b.Node("Slice", [Data(b, true, 2, 6, 7), b.Integers(1), b.Integers(5), b.Integers(1)]));
        Check(true, "Slice with steps", [0, 1, 2, 3], b => b.Node("Slice", [Data(b, true, 2, 3, 8, 9), b.Integers(1, 0), b.Integers(8, -1), b.Integers(2, 3), b.Integers(2, 2)]));
        Check(true, "Slice 9", [0, 1, 2], b => b.Node("Slice", [Data(b, true, 2, 6, 7)], ("starts", new long[] { 1 }), ("ends", new long[] { 100 }), ("axes", new long[] { 1 })), 9);
        Check(true, "Transpose", [0, 1, 2, 3], b => b.Node("Transpose", [Data(b, true, 2, 3, 4, 5)], ("perm", new long[] { 0, 2, 3, 1 })));
        Check(true, "Reshape: heads", [0, 1], b => b.Node("Reshape", [Data(b, true, 2, 6, 12), b.Integers(2, 6, 3, 4)]), contains: true);
        Check(true, "Reshape: merged", [0], b => b.Node("Reshape", [Data(b, true, 1, 8, 6, 5), b.Integers(48, 5)]), contains: true);
        Check(true, "Reshape: windows", [1], b => b.Node("Reshape", [Data(b, true, 1, 8, 8, 3), b.Integers(1, 4, 2, 4, 2, 3)]), contains: true);
        Check(true, "Reshape: windows back", [1], b => b.Node("Reshape", [Data(b, true, 1, 4, 2, 4, 2, 3), b.Integers(1, 8, 8, 3)]), contains: true);
        Check(true, "Reshape: with a zero", [0, 1], b => b.Node("Reshape", [Data(b, true, 2, 6, 12), b.Integers(0, 0, -1, 4)]), contains: true);
        Check(true, "Flatten", [0], b => b.Node("Flatten", [Data(b, true, 5, 2, 3)], ("axis", 1L)), contains: true);
        Check(true, "Unsqueeze", [0, 2], b => b.Node("Unsqueeze", [Data(b, true, 5, 4), b.Integers(1)]), contains: true);
        Check(true, "Squeeze", [0, 1], b => b.Node("Squeeze", [Data(b, true, 5, 1, 4), b.Integers(1)]), contains: true);
        Check(true, "Expand", [0, 2], b => b.Node("Expand", [Data(b, true, 5, 1, 4), b.Integers(5, 3, 4)]));
        Check(true, "Tile", [0, 2], b => b.Node("Tile", [Data(b, true, 5, 2, 4), b.Integers(1, 3, 1)]));
        Check(true, "Pad", [0, 1, 2, 3], b => b.Node("Pad", [Data(b, true, 2, 3, 6, 5), b.Integers(0, 1, 2, 0, 0, 0, 1, 2)]));
        Check(true, "Pad by reflection", [0, 1], b => b.Node("Pad", [Data(b, true, 2, 3, 6, 5), b.Integers(0, 0, 1, 1, 0, 0, 1, 1)], ("mode", "reflect")));
        Check(true, "Gather", [0, 1, 2, 3], b => b.Node("Gather",
            [Data(b, true, 3, 6, 5), b.Add(OnnxModelBuilder.Tensor("idx", DataType.Int64, System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(new long[] { 1, 0, 5, 2, 3, 3 }), 2, 3))], ("axis", 1L)));
        Check(true, "DepthToSpace", [0, 2, 3], b => b.Node("DepthToSpace", [Data(b, true, 2, 8, 4, 3)], ("blocksize", 2L)));
        Check(true, "SpaceToDepth", [0, 2, 3], b => b.Node("SpaceToDepth", [Data(b, true, 2, 3, 8, 6)], ("blocksize", 2L)));
        OnnxModelBuilder split = new();
        string[] parts = split.Nodes("Split", [Data(split, true, 2, 6, 5, 4), split.Integers(2, 4)], 2, ("axis", 1L));
        split.Output(parts[0], DataType.Float, null);
        CollectionAssert.AreEqual(new[] { 0, 2, 3 }, RegionCheck.Run(split.Build(), "Split", whole: true));
    }

    [TestMethod]
    public void Resizes_by_whole_factors_are_cut()
    {
        foreach ((string mode, string coordinates, string nearest) in new[]
        {
            ("nearest", "asymmetric", "floor"), ("nearest", "half_pixel", "round_prefer_floor"), ("nearest", "half_pixel", "round_prefer_ceil"),
            ("linear", "half_pixel", "floor"), ("linear", "asymmetric", "floor"), ("linear", "pytorch_half_pixel", "floor"),
        })
        {
            foreach (float factor in new float[] { 1, 2, 3, 4 })
            {
                int[] axes = mode == "linear" && factor == 3 ? [0, 1, 3] : [0, 1, 2, 3];
                Check(false, $"Resize {mode} {coordinates} {nearest} x{factor}", axes, b => b.Node("Resize", [Data(b, false, 2, 3, 6, 5), "", b.Weight([1, 1, factor, 2], 4)],
                    ("mode", mode), ("coordinate_transformation_mode", coordinates), ("nearest_mode", nearest)), 13);
                Check(false, $"Resize to sizes {mode} {coordinates} {nearest} x{factor}", axes, b => b.Node("Resize", [Data(b, false, 2, 3, 6, 5), "", "", b.Integers(2, 3, (long)(6 * factor), 10)],
                    ("mode", mode), ("coordinate_transformation_mode", coordinates), ("nearest_mode", nearest)), 13);
            }
        }
        Check(false, "Upsample 9", [0, 1, 2, 3], b => b.Node("Upsample", [Data(b, false, 2, 3, 6, 5), b.Weight([1, 1, 2, 2], 4)], ("mode", "nearest")), 9);
        Check(false, "Resize 11 with an empty roi", [0, 1, 2, 3], b => b.Node("Resize", [Data(b, false, 2, 3, 6, 5), b.Weight([], 0), b.Weight([1, 1, 2, 2], 4)], ("mode", "nearest"), ("nearest_mode", "floor"), ("coordinate_transformation_mode", "asymmetric")), 11);
        // The corners pin the grid: no part of it is a resize by itself.
        Check(false, "Resize with aligned corners", [0, 1], b => b.Node("Resize", [Data(b, false, 2, 3, 6, 5), "", b.Weight([1, 1, 2, 2], 4)], ("mode", "linear"), ("coordinate_transformation_mode", "align_corners")), 13);
    }

    [TestMethod]
    public void Quantized_operators_are_exact_in_parts()
    {
        Check(true, "QuantizeLinear", [0, 1, 2, 3], b => b.Node("QuantizeLinear", [Data(b, false, 2, 3, 6, 5), b.Weight([0.02f]), Zero(b, 7)]));
        Check(true, "QuantizeLinear per channel", [0, 1, 2, 3], b => b.Node("QuantizeLinear", [Data(b, false, 2, 3, 6, 5), b.Weight([0.02f, 0.01f, 0.03f], 3), Zero(b, 1, 2, 3)], ("axis", 1L)));
        Check(true, "DequantizeLinear", [0, 1, 2, 3], b => b.Node("DequantizeLinear", [b.Input("x", DataType.Uint8, 2, 3, 6, 5), b.Weight([0.02f]), Zero(b, 7)]));
        foreach ((long kernel, long stride, long pad) in new[] { (1L, 1L, 0L), (3L, 1L, 1L), (3L, 2L, 1L), (5L, 2L, 2L) })
        {
            Check(true, $"QLinearConv k{kernel} s{stride}", [0, 1, 2, 3], b => b.Node("QLinearConv",
                [b.Input("x", DataType.Uint8, 1, 4, 9, 7), b.Weight([0.02f]), Zero(b, 120), Bytes(b, 6, 4, kernel, kernel), b.Weight([0.01f, 0.02f, 0.01f, 0.03f, 0.01f, 0.02f], 6),
                Zero(b, 1, 2, 3, 4, 5, 6), b.Weight([0.3f]), Zero(b, 110)],
                ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad })), contains: true);
            Check(true, $"ConvInteger k{kernel} s{stride}", [2, 3], b => b.Node("ConvInteger",
                [b.Input("x", DataType.Uint8, 1, 4, 9, 7), Bytes(b, 6, 4, kernel, kernel), Zero(b, 120), Zero(b, 3)], ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad })),
                contains: true);
        }
        Check(true, "QLinearMatMul", [0, 1], b => b.Node("QLinearMatMul",
            [b.Input("x", DataType.Uint8, 5, 8), b.Weight([0.02f]), Zero(b, 120), Bytes(b, 8, 6), b.Weight([0.02f]), Zero(b, 9), b.Weight([0.3f]), Zero(b, 110)]));
        Check(true, "MatMulInteger", [0, 1, 2], b => b.Node("MatMulInteger", [b.Input("x", DataType.Uint8, 2, 5, 8), Bytes(b, 8, 6), Zero(b, 9)]));
        Check(true, "QLinearAdd", [0, 1, 2, 3], b => b.Node("com.microsoft:QLinearAdd",
            [b.Input("x", DataType.Uint8, 1, 4, 9, 37), b.Weight([0.02f]), Zero(b, 120), b.Input("y", DataType.Uint8, 1, 4, 9, 37), b.Weight([0.03f]), Zero(b, 110), b.Weight([0.04f]), Zero(b, 100)]),
            contains: true);
        Check(true, "QLinearConcat", [2, 3], b => b.Node("com.microsoft:QLinearConcat",
            [b.Weight([0.04f]), Zero(b, 100), b.Input("x", DataType.Uint8, 1, 4, 9, 7), b.Weight([0.02f]), Zero(b, 120), b.Input("y", DataType.Uint8, 1, 3, 9, 7), b.Weight([0.03f]), Zero(b, 110)],
            ("axis", 1L)), contains: true);
        Check(true, "QLinearSigmoid", [1, 2, 3], b => b.Node("com.microsoft:QLinearSigmoid",
            [b.Input("x", DataType.Uint8, 1, 4, 9, 37), b.Weight([0.02f]), Zero(b, 120), b.Weight([0.004f]), Zero(b, 0)]), contains: true);
    }

    [TestMethod]
    public void Operators_of_ONNX_Runtime_are_cut()
    {
        foreach (string activation in new[] { "Relu", "HardSigmoid" })
        {
            (string, object)[] more = activation == "Relu" ? [] : [("activation_params", new[] { 0.2f, 0.5f })];
            Check(false, $"FusedConv {activation}", [0, 2, 3], b => b.Node("com.microsoft:FusedConv",
                [Data(b, false, 2, 3, 9, 30), Weight(b, false, 4, 3, 3, 3), Weight(b, false, 4)], [("pads", new long[] { 1, 1, 1, 1 }), ("activation", activation), .. more]), contains: true);
        }
        Check(false, "FusedConv with a sum", [0, 2, 3], b => b.Node("com.microsoft:FusedConv",
            [Data(b, false, 2, 3, 9, 30), Weight(b, false, 4, 3, 3, 3), Weight(b, false, 4), b.Input("z", DataType.Float, 2, 4, 9, 30)], ("pads", new long[] { 1, 1, 1, 1 }), ("activation", "Relu")), contains: true);
        foreach (string op in new[] { "Gelu", "QuickGelu" })
            Check(false, op, [0, 1, 2], b => b.Node($"com.microsoft:{op}", [Data(b, false, 2, 7, 37)]));
        Check(false, "FastGelu", [0, 1, 2], b => b.Node("com.microsoft:FastGelu", [Data(b, false, 2, 7, 37), Weight(b, false, 37)]), contains: true);
        Check(false, "BiasGelu", [0, 1, 2], b => b.Node("com.microsoft:BiasGelu", [Data(b, false, 2, 7, 37), Weight(b, false, 37)]), contains: true);
        Check(false, "SkipLayerNormalization", [0, 1], b => b.Node("com.microsoft:SkipLayerNormalization",
            [Data(b, false, 2, 7, 36), b.Input("s", DataType.Float, 2, 7, 36), Weight(b, false, 36), Weight(b, false, 36)], ("epsilon", 1e-5)));
    }

    [TestMethod]
    public void Attention_is_cut_by_images_heads_and_queries()
    {
        foreach ((long heads, long size, long valueSize) in new[] { (1L, 4L, 4L), (3L, 4L, 4L), (4L, 2L, 5L), (2L, 16L, 8L) })
        {
            foreach ((string mask, string summand, bool bias) in
                from mask in new[] { "", "lengths", "keys", "queries" } from summand in new[] { "", "one", "each" } from bias in new[] { false, true } select (mask, summand, bias))
            {
                // Without mask and summand, ONNX Runtime goes block by block: rows have a rule, which is not relied on.
                Check(false, $"MultiHeadAttention {heads} of {size}, {valueSize} mask '{mask}' summand '{summand}' bias {bias}", mask == "queries" ? [0, 2] : [0, 1, 2],
                    b => b.Node("com.microsoft:MultiHeadAttention",
                    [
                        b.Input("q", DataType.Float, 2, 7, heads * size), b.Input("k", DataType.Float, 2, 9, heads * size), b.Input("v", DataType.Float, 2, 9, heads * valueSize),
                        bias ? Weight(b, false, heads * (size + size + valueSize)) : "", Mask(b, mask, 7, 9), Summand(b, summand, heads, 7, 9),
                    ], ("num_heads", heads)));
            }
            Check(false, $"MultiHeadAttention {heads} of {size}, keys head by head", [0, 1, 2], b => b.Node("com.microsoft:MultiHeadAttention",
                [b.Input("q", DataType.Float, 2, 7, heads * size), b.Input("k", DataType.Float, 2, heads, 9, size), b.Input("v", DataType.Float, 2, heads, 9, size),
                "", "", Summand(b, "each", heads, 7, 9)],
                ("num_heads", heads), ("scale", 0.3)));
            Check(false, $"MultiHeadAttention {heads} of {size}, causal", [0, 2], b => b.Node("com.microsoft:MultiHeadAttention",
                [b.Input("q", DataType.Float, 2, 7, heads * size), b.Input("k", DataType.Float, 2, 7, heads * size), b.Input("v", DataType.Float, 2, 7, heads * size)],
                ("num_heads", heads), ("unidirectional", 1L)));
            foreach ((string mask, string summand, long causal) in
                from mask in new[] { "", "lengths", "keys", "queries" } from summand in new[] { "", "one", "each" } from causal in new[] { 0L, 1L } select (mask, summand, causal))
            {
                (string, object)[] attributes = [("num_heads", heads), ("unidirectional", causal)];
                Check(false, $"Attention {heads} of {size}, {valueSize} mask '{mask}' summand '{summand}' causal {causal}", [0, 2], b => b.Node("com.microsoft:Attention",
                    [b.Input("x", DataType.Float, 2, 7, 12), Weight(b, false, 12, heads * (size + size + valueSize)), Weight(b, false, heads * (size + size + valueSize)),
                    Mask(b, mask, 7, 7), "", Summand(b, summand, heads, 7, 7)],
                    size == valueSize ? attributes : [.. attributes, ("qkv_hidden_sizes", new[] { heads * size, heads * size, heads * valueSize })]));
            }
        }
    }

    [TestMethod]
    public void The_standards_attention_is_cut_by_images_heads_and_queries()
    {
        foreach ((long heads, long shared, long size, long valueSize) in new[] { (3L, 3L, 4L, 4L), (4L, 2L, 4L, 6L), (6L, 1L, 8L, 8L), (2L, 2L, 16L, 4L) })
        {
            foreach ((int mask, bool logical, long causal) in from mask in new[] { 0, 2, 3, 4 } from logical in new[] { false, true } from causal in new[] { 0L, 1L } select (mask, logical, causal))
            {
                if (mask == 0 && logical)
                    continue;
                string what = $"Attention 23, {heads} heads of {size} over {shared} of {valueSize}, mask {mask}, logical {logical}, causal {causal}";
                int[] rows = causal == 0 ? [2] : [], packedRows = causal == 0 ? [1] : [];
                Check(false, what, [.. new[] { 0, 1 }.Concat(rows)], b => b.Node("Attention",
                    [b.Input("q", DataType.Float, 2, heads, 7, size), b.Input("k", DataType.Float, 2, shared, 9, size), b.Input("v", DataType.Float, 2, shared, 9, valueSize),
                    Ranked(b, mask, logical, heads)],
                    ("is_causal", causal)), 23);
                Check(false, what + ", packed", [.. new[] { 0 }.Concat(packedRows).Append(2)], b => b.Node("Attention",
                    [b.Input("q", DataType.Float, 2, 7, heads * size), b.Input("k", DataType.Float, 2, 9, shared * size), b.Input("v", DataType.Float, 2, 9, shared * valueSize),
                    Ranked(b, mask, logical, heads)],
                    ("is_causal", causal), ("q_num_heads", heads), ("kv_num_heads", shared)), 23);
            }
        }

        static string Ranked(OnnxModelBuilder b, int rank, bool logical, long heads)
        {
            if (rank == 0)
                return "";
            long[] dims = [.. new[] { 2, heads, 7, 9 }[(4 - rank)..]];
            string mask = b.Input("m", DataType.Float, dims);
            return logical ? b.Node("Greater", [mask, b.Weight([-0.5f])]) : mask;
        }
    }

    /// <summary>
    /// Not a number, and zeros of both signs: which of two such values a maximum takes depends on the order in which a kernel comes upon them, and so on where a piece begins in its vectors. What
    /// the rule calls stable is the whole's all the same; and over channels of one image, as attention by places has it, all is.
    /// </summary>
    [TestMethod]
    [DataRow("ReduceMax", "Sqrt")]
    [DataRow("ReduceMax", "Mul")]
    [DataRow("ReduceMin", "Acos")]
    [DataRow("ReduceMin", "Mul")]
    public void Pieces_of_a_maximum_of_values_without_an_order_are_those_of_the_whole(string op, string special)
    {
        foreach (long[] dims in new long[][] { [1, 5, 6, 5], [2, 9, 6, 8], [4, 3, 9, 4, 8], [3, 7, 37], [3, 16, 32], [6, 9], [6, 16] })
        {
            for (long axis = 0; axis < dims.Length; axis++)
            {
                foreach (long[] axes in new long[][] { [axis], [axis, axis + 1], [axis, axis + 2] })
                {
                    if (axes[^1] >= dims.Length || axes.Length == dims.Length)
                        continue;
                    foreach (DataType type in new[] { DataType.Float, DataType.Double })
                    {
                        Check(false, $"{op} {type} [{string.Join(',', dims)}] over {string.Join(',', axes)}",
                            [.. Enumerable.Range(0, dims.Length).Where(a => !axes.Contains(a))], b => b.Node(op, [Special(b, special, type, dims)], ("axes", axes)), 13, contains: true);
                    }
                }
            }
        }
        OnnxModelBuilder builder = new(opset: 13);
        builder.Output(builder.Node(op, [builder.Input("x", DataType.Float, 1, 9, 7, 5)], ("axes", new long[] { 1 })), DataType.Float, 1, 1, 7, 5);
        Schema.ModelProto model = builder.Build();
        RegionValues values = new(model, OrtRun.Shapes(model), new WeightReader("/model.onnx").Read);
        Assert.IsNull(RegionRules.Find(values, model.Graph.Node[^1], 2)!.Stable);
    }

    [TestMethod]
    [DataRow("Hardmax", 12, "Sqrt")]
    [DataRow("Hardmax", 13, "Sqrt")]
    [DataRow("Hardmax", 13, "Mul")]
    public void Pieces_of_where_the_largest_is_are_those_of_the_whole(string op, int opset, string special)
    {
        foreach (long[] dims in new long[][] { [2, 9, 6, 8], [3, 7, 37], [3, 16, 32], [5, 16, 4], [9, 9], [9, 16] })
        {
            for (long axis = 1; axis < dims.Length; axis++)
            {
                long at = axis;
                Check(false, $"{op} {opset} [{string.Join(',', dims)}] over {axis}", [.. Enumerable.Range(0, dims.Length).Where(a => opset < 13 ? a < at : a != at)],
                    b => b.Node(op, [Special(b, special, DataType.Float, dims)], ("axis", at)), opset, contains: true);
            }
        }
    }

    // Of the inputs in [-1, 1), half are below 0.
    private static string Special(OnnxModelBuilder b, string kind, DataType type, params long[] dims)
    {
        string x = b.Input("x", DataType.Float, dims);
        string made = kind == "Sqrt" ? b.Node("Sqrt", [x]) : kind == "Mul" ? b.Node("Mul", [x, b.Weight([0f])]) : b.Node("Acos", [b.Node("Mul", [x, b.Weight([1.1f])])]);
        return type == DataType.Double ? b.Node("Cast", [made], ("to", (long)DataType.Double)) : made;
    }

    [TestMethod]
    public void Barriers_have_no_rule()
    {
        Check(true, "GlobalAveragePool", [], b => b.Node("GlobalAveragePool", [Data(b, true, 1, 3, 6, 5)]));
        Check(true, "InstanceNormalization by rows", [1], b => b.Node("InstanceNormalization", [Data(b, false, 1, 4, 6, 5), Weight(b, false, 4), Weight(b, false, 4)]));
        Check(true, "NonZero", [], b => b.Node("NonZero", [Data(b, true, 3, 6)]));
        Check(true, "LpPool over its pad", [], b => b.Node("LpPool", [Data(b, true, 1, 1, 6, 5)], ("kernel_shape", new long[] { 3, 2 }), ("strides", new long[] { 2, 2 }), ("ceil_mode", 1L)), 18);
    }

    private static void Check(bool whole, string what, int[] axes, Func<OnnxModelBuilder, string> build, int opset = 17, bool contains = false, int threads = 1)
    {
        OnnxModelBuilder builder = new(opset: opset);
        builder.Output(build(builder), DataType.Float, null);
        Schema.ModelProto model = builder.Build();
        // The type of an output is inferred.
        model.Graph.Output[0] = new Schema.ValueInfoProto { Name = model.Graph.Output[0].Name };
        int[] found = RegionCheck.Run(model, what, whole, threads: threads);
        // An axis of one position cannot be cut.
        long[] dims = OrtRun.Shapes(model).Find(model.Graph.Output[0].Name)!.Dims;
        if (contains)
            CollectionAssert.IsSubsetOf(axes.Where(a => dims[a] > 1).ToArray(), found, what);
        else
            CollectionAssert.AreEqual(axes, found, what);
    }

    /// <summary>Which keys each query of two sequences looks at, as attention takes it.</summary>
    private static string Mask(OnnxModelBuilder b, string form, long queries, long keys)
    {
        long[] dims = form switch { "lengths" => [2], "keys" => [2, keys], "queries" => [2, queries, keys], _ => [] };
        if (dims.Length == 0)
            return "";
        TestRandom random = new(11);
        int[] values = [.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, d) => a * d)).Select(i => form == "lengths" ? (int)keys - i - 1 : random.Chance(0.7) ? 1 : 0)];
        return b.Add(OnnxModelBuilder.Tensor("mask", DataType.Int32, System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(values), dims));
    }

    private static string Summand(OnnxModelBuilder b, string form, long heads, long queries, long keys) =>
        form.Length == 0 ? "" : b.Input("s", DataType.Float, form == "one" ? [1, 1, queries, keys] : [2, heads, queries, keys]);

    /// <summary>The graph input "x", rounded to whole numbers or as it is.</summary>
    private static string Data(OnnxModelBuilder b, bool whole, params long[] dims)
    {
        string x = b.Input("x", DataType.Float, dims);
        return whole ? b.Node("Floor", [b.Node("Mul", [x, b.Weight([8f])])]) : x;
    }

    private static string Second(OnnxModelBuilder b, bool whole, params long[] dims)
    {
        string x = b.Input("y", DataType.Float, dims);
        return whole ? b.Node("Floor", [b.Node("Mul", [x, b.Weight([8f])])]) : x;
    }

    private static string Weight(OnnxModelBuilder b, bool whole, params long[] dims)
    {
        float[] values = new TestRandom(7).Floats(dims.Aggregate(1L, (a, d) => a * d), whole ? 4 : 0.5);
        return b.Weight(whole ? Array.ConvertAll(values, MathF.Floor) : values, dims);
    }

    private static string Positive(OnnxModelBuilder b, params long[] dims) =>
        b.Weight(Array.ConvertAll(new TestRandom(9).Floats(dims.Aggregate(1L, (a, d) => a * d), 1), v => v * v + 0.1f), dims);

    private static string Bytes(OnnxModelBuilder b, params long[] dims) => b.Add(OnnxModelBuilder.Tensor(
        $"bytes{dims.Length}", DataType.Uint8, Array.ConvertAll(new TestRandom(3).Floats(dims.Aggregate(1L, (a, d) => a * d), 100), v => (byte)(v + 100)), dims));

    private static string Zero(OnnxModelBuilder b, params byte[] values) =>
        b.Add(OnnxModelBuilder.Tensor($"zero{b.Build().Graph.Initializer.Count}", DataType.Uint8, values, values.Length == 1 ? [] : [values.Length]));
}
