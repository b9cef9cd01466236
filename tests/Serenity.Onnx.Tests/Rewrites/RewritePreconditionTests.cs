using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>What matches, what each match is called, and that nothing matches where a precondition fails.</summary>
[TestClass]
public sealed class RewritePreconditionTests
{
    private static readonly TestRandom _random = new(7);

    [TestMethod]
    public void A_convolution_over_channels_is_partitioned() => AssertSites(["ChannelPartition"], b => Conv(b, Concat(b)));

    [TestMethod]
    public void A_concat_of_rows_is_not_partitioned() => AssertSites([], b =>
        Conv(b, b.Node("Concat", [b.Input("x", DataType.Float, 1, 8, 2, 4), b.Input("y", DataType.Float, 1, 8, 2, 4)], ("axis", 2))));

    [TestMethod]
    public void A_kernel_that_can_be_overridden_is_not_cut() => AssertSites([], b =>
    {
        string weight = Weight(b, 3, 8, 1, 1);
        b.Input(weight, DataType.Float, 3, 8, 1, 1);
        return b.Node("Conv", [Concat(b), weight]);
    });

    [TestMethod]
    public void A_kernel_that_is_computed_is_not_cut() => AssertSites([], b =>
        b.Node("Conv", [Concat(b), b.Node("Relu", [b.Input("w", DataType.Float, 3, 8, 1, 1)])]));

    [TestMethod]
    public void A_depthwise_convolution_is_passed_on_the_way_to_a_convolution() => AssertSites(["ChannelPartition"], b =>
        Conv(b, b.Node("Conv", [Concat(b), Weight(b, 8, 1, 1, 1)], ("group", 8))));

    [TestMethod]
    public void A_depthwise_convolution_that_shrinks_is_partitioned() => AssertSites(["KernelPartition"], b =>
        b.Node("Conv", [Concat(b), Weight(b, 8, 1, 2, 2)], ("group", 8), ("strides", new long[] { 2, 2 })));

    [TestMethod]
    public void A_group_that_straddles_parts_is_not_cut() => AssertSites([], b =>
    {
        string concat = b.Node("Concat", [b.Input("x", DataType.Float, 1, 3, 4, 4), b.Input("y", DataType.Float, 1, 5, 4, 4)], ("axis", 1));
        return b.Node("Conv", [concat, Weight(b, 8, 4, 1, 1)], ("group", 2));
    });

    [TestMethod]
    public void What_works_channel_by_channel_is_passed_through() => AssertSites(["ChannelPartition"], b =>
    {
        string value = b.Node("Relu", [Concat(b)]);
        value = b.Node("BatchNormalization", [value, Weight(b, 8), Weight(b, 8), Weight(b, 8), Weight(b, 8)]);
        value = b.Node("MaxPool", [value], ("kernel_shape", new long[] { 2, 2 }));
        value = b.Node("Mul", [value, Weight(b, 8, 1, 1)]);
        value = b.Node("Pad", [value, b.Integers(0, 0, 1, 1, 0, 0, 1, 1)]);
        value = b.Node("Resize", [value, "", b.Weight([1, 1, 2, 2], 4)]);
        return Conv(b, value);
    });

    [TestMethod]
    public void Nothing_passes_an_operator_over_the_channels()
    {
        AssertSites([], b => Conv(b, b.Node("Softmax", [Concat(b)], ("axis", 1))));
        AssertSites([], b => Conv(b, b.Node("Pad", [Concat(b), b.Integers(0, 1, 0, 0, 0, 0, 0, 0)]), 9));
        AssertSites([], b => Conv(b, b.Node("LRN", [Concat(b)], ("size", 3))));
        AssertSites([], b => Conv(b, b.Node("PRelu", [b.Input("p", DataType.Float, 1, 8, 4, 4), Concat(b)])));
    }

    [TestMethod]
    public void A_concat_that_only_gets_larger_stays() => AssertSites([], b => b.Node("Resize", [Concat(b), "", b.Weight([1, 1, 2, 2], 4)]));

    [TestMethod]
    public void A_concat_that_gets_smaller_is_moved() => AssertSites(["ConcatSinking"], b => b.Node("GlobalAveragePool", [Concat(b)]));

    [TestMethod]
    public void A_reduction_of_what_lies_behind_the_concats_axis_is_done_in_parts()
    {
        AssertSites(["ConcatSinking"], b => b.Node("ReduceMean", [Concat(b)], ("axes", new long[] { 2, 3 })));
        AssertSites(["ConcatSinking"], b => b.Node("ReduceMax", [Concat(b)], ("axes", new long[] { -1 }), ("keepdims", 0)));
        AssertSites(["MatMulPartition"], b => b.Node("MatMul", [b.Node("ReduceMean", [Concat(b)], ("axes", new long[] { 2, 3 }), ("keepdims", 0)), Weight(b, 8, 2)]));
        AssertSites([], b => b.Node("ReduceMean", [Concat(b)]));
        AssertSites([], b => b.Node("ReduceMean", [Concat(b)], ("axes", new long[] { 2 })));
        AssertSites([], b => b.Node("ReduceSum", [Concat(b), b.Integers(1, 2, 3)]));
    }

    [TestMethod]
    public void A_gate_computed_from_the_concat_goes_the_same_way()
    {
        AssertSites(["ChannelPartition"], b => Conv(b, Gated(b, Concat(b))));
        AssertSites(["ChannelPartition"], b =>
            Conv(b, Gated(b, b.Node("BatchNormalization", [Concat(b), Weight(b, 8), Weight(b, 8), Weight(b, 8), Weight(b, 8)]))));
        // Of other parts.
        AssertSites([], b => Conv(b, b.Node("Mul", [Concat(b), b.Input("gate", DataType.Float, 1, 8, 4, 4)])));
    }

    [TestMethod]
    public void Sums_that_are_rounded_further_on_keep_their_order()
    {
        foreach (string op in new[] { "Round", "Floor", "Ceil" })
            AssertSites([], b => b.Node(op, [Conv(b, Concat(b))]));
        AssertSites([], b => b.Node("QuantizeLinear", [b.Node("Relu", [Conv(b, Concat(b))]), b.Weight([0.1f])]), DataType.Uint8);
        AssertSites([], b => b.Node("Cast", [Conv(b, Concat(b))], ("to", (long)DataType.Int32)), DataType.Int32);
        // Behind it all may change, and a shape does not depend on values.
        AssertSites(["ChannelPartition"], b => Conv(b, b.Node("Relu", [b.Node("Round", [Concat(b)])])));
        AssertSites(["ChannelPartition"], b =>
        {
            string sum = Conv(b, Concat(b));
            string half = b.Node("Cast", [b.Node("Floor", [b.Node("Cast", [b.Node("Shape", [sum])], ("to", (long)DataType.Float))])], ("to", (long)DataType.Int64));
            return b.Node("Reshape", [sum, half]);
        });
    }

    [TestMethod]
    public void A_sum_with_a_broadcast_is_left_alone() => AssertSites([], b =>
    {
        string x = b.Input("x", DataType.Float, 1, 8, 4, 4), y = b.Input("y", DataType.Float, 1, 8, 1, 1);
        return b.Node("Add", [b.Node("Add", [x, y]), Weight(b, 8, 1, 1)]);
    });

    [TestMethod]
    public void A_partial_sum_that_others_read_is_a_term() => AssertSites(["SumReassociation", "SumReassociation"], b =>
    {
        string x = b.Input("x", DataType.Float, 1, 8, 4, 4), y = b.Input("y", DataType.Float, 1, 8, 4, 4);
        string sum = b.Node("Add", [x, y]);
        return b.Node("Mul", [b.Node("Add", [sum, x]), sum]);
    });

    [TestMethod]
    public void A_mean_is_a_sum_of_scaled_terms()
    {
        AssertSites(["SumReassociation"], b => b.Node("Mean", [b.Input("x", DataType.Float, 1, 8, 4, 4), b.Input("y", DataType.Float, 1, 8, 4, 4), "x"]));
        AssertSites([], b => b.Node("Mean", [b.Input("x", DataType.Float, 1, 8, 4, 4), b.Input("y", DataType.Float, 1, 8, 1, 1)]));
        AssertSites([], b => b.Node("Mean", [b.Input("x", DataType.Float, 1, 8, 4, 4)]));
    }

    [TestMethod]
    public void An_add_behind_a_convolution_is_absorbed() => AssertSites(["AddAbsorption"], b =>
    {
        string x = b.Input("x", DataType.Float, 1, 8, 4, 4);
        return b.Node("Add", [x, Conv(b, x, 8, 8)]);
    });

    [TestMethod]
    public void Halves_are_not_accumulated_by_convolutions() => AssertSites([], b =>
    {
        string concat = b.Node("Concat", [b.Input("x", DataType.Float16, 1, 4, 4, 4), b.Input("y", DataType.Float16, 1, 4, 4, 4)], ("axis", 1));
        return b.Node("Conv", [concat, b.Add(OnnxModelBuilder.Tensor("w", DataType.Float16, new byte[2 * 24], 3, 8, 1, 1))]);
    }, DataType.Float16);

    [TestMethod]
    public void An_expanded_tensor_is_split() => AssertSites(["ChannelSplit", "ChannelSplit", "ChannelSplit"], b =>
    {
        string expanded = b.Node("Relu", [b.Node("Conv", [b.Input("x", DataType.Float, 1, 4, 4, 4), Weight(b, 24, 4, 1, 1)])]);
        return Conv(b, b.Node("Conv", [expanded, Weight(b, 24, 1, 1, 1)], ("group", 24)), 24);
    });

    [TestMethod]
    public void What_something_needs_as_a_whole_is_not_split() => AssertSites([], b =>
    {
        string expanded = b.Node("Conv", [b.Input("x", DataType.Float, 1, 4, 4, 4), Weight(b, 24, 4, 1, 1)]);
        return b.Node("Mul", [Conv(b, expanded, 24), b.Node("ReduceMax", [expanded], ("axes", new long[] { 1 }))]);
    });

    [TestMethod]
    public void Exact_allows_only_exact_rewrites()
    {
        OnnxModelBuilder b = new();
        b.Output(Conv(b, b.Node("Conv", [Concat(b), Weight(b, 8, 1, 1, 1)], ("group", 8))), DataType.Float);
        RewriteGraph graph = Graph(b.Build());
        Assert.IsEmpty(RewriteSequence.Sites(graph, RewriteLevel.Exact));
        Assert.HasCount(1, RewriteSequence.Sites(graph, RewriteLevel.All));
    }

    private static void AssertSites(string[] kinds, Func<OnnxModelBuilder, string> build, DataType type = DataType.Float)
    {
        OnnxModelBuilder builder = new();
        builder.Output(build(builder), type);
        string[] found = [.. RewriteSequence.Sites(Graph(builder.Build()), RewriteLevel.All).Select(s => s.Kind).Order(StringComparer.Ordinal)];
        CollectionAssert.AreEqual(kinds, found, string.Join(", ", found));
    }

    private static string Gated(OnnxModelBuilder b, string value) => b.Node("Mul", [value, b.Node("Sigmoid", [value])]);

    private static RewriteGraph Graph(ModelProto model) =>
        new(RewriteCandidate.Unchanged(model, OrtRun.Shapes(model)), Executor.StaticArena, "/model.onnx");

    private static string Concat(OnnxModelBuilder b) =>
        b.Node("Concat", [b.Input("x", DataType.Float, 1, 3, 4, 4), b.Input("y", DataType.Float, 1, 5, 4, 4)], ("axis", 1));

    private static string Conv(OnnxModelBuilder b, string value, long channels = 8, long filters = 3) =>
        b.Node("Conv", [value, Weight(b, filters, channels, 1, 1)]);

    private static string Weight(OnnxModelBuilder b, params long[] dims)
    {
        lock (_random)
            return b.Weight(Array.ConvertAll(_random.Floats(dims.Aggregate(1L, (x, y) => x * y), 0.5), v => v + 0.6f), dims);
    }
}
