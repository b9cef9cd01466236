using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Layouts;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Layouts;

/// <summary>The order of weights in the blocked layout.</summary>
[TestClass]
public sealed class BlockedWeightsTests
{
    [TestMethod]
    public void Every_weight_lies_where_the_layout_says_and_comes_back()
    {
        foreach (int block in (int[])[8, 16])
        {
            foreach (long[] dims in (long[][])[[1, 1, 1, 1], [3, 5, 3, 3], [16, 16, 1, 1], [20, 12, 3, 1], [33, 17, 2, 3]])
            {
                float[] weights = [.. Enumerable.Range(1, (int)(dims[0] * dims[1] * dims[2] * dims[3])).Select(i => (float)i)];
                float[] both = BlockedWeights.OfBlockedInput(weights, dims, block), one = BlockedWeights.OfPlainInput(weights, dims, block);
                CollectionAssert.AreEqual(weights, BlockedWeights.BackFromBlockedInput(both, dims, block));
                CollectionAssert.AreEqual(weights, BlockedWeights.BackFromPlainInput(one, dims, block));
                CollectionAssert.AreEqual(ByLoops(weights, dims, block, block), both);
                CollectionAssert.AreEqual(ByLoops(weights, dims, 1, block), one);
            }
        }
    }

    [TestMethod]
    [DataRow(16, 32, 1, 3)]
    [DataRow(16, 20, 1, 1)]
    [DataRow(3, 24, 1, 3)]
    [DataRow(32, 32, 32, 3)]
    [DataRow(32, 64, 2, 3)]
    public void Weights_are_those_that_onnx_runtime_itself_saves(int channels, int filters, int groups, int kernel)
    {
        TestRandom random = new(7);
        OnnxModelBuilder builder = new();
        builder.Input("x", DataType.Float, 1, channels, 6, 6);
        string w = builder.Weight(random.Floats((long)filters * channels / groups * kernel * kernel, 1), filters, channels / groups, kernel, kernel);
        builder.Output(builder.Node("Conv", ["x", w, builder.Weight(random.Floats(filters, 1), filters)], ("group", (long)groups)), DataType.Float, [1, filters, 7 - kernel, 7 - kernel]);
        ModelProto model = builder.Build();
        if (ChannelBlock.Of(HostChannelBlock.Layout) is not (> 0 and var block))
        {
            Assert.Inconclusive("ONNX Runtime has no blocked layout for this processor.");
            return;
        }
        ModelProto theirs = OfflineOptimizer.Run(model, null, GraphOptimizationLevel.ORT_ENABLE_ALL, null);
        BlockedLayout layout = new(model, OrtRun(model), model.Graph.Node, block, new WeightReader(""));
        ModelProto ours = layout.Write([true]).Model;
        NodeProto expected = theirs.Graph.Node.Single(n => n.OpType == "Conv"), actual = ours.Graph.Node.Single(n => n.OpType == "Conv");
        Assert.AreEqual(expected.Domain, actual.Domain);
        for (int input = 1; input < 3; input++)
        {
            TensorProto a = theirs.Graph.Initializer.Single(t => t.Name == expected.Input[input]), b = ours.Graph.Initializer.Single(t => t.Name == actual.Input[input]);
            CollectionAssert.AreEqual(a.Dims, b.Dims);
            CollectionAssert.AreEqual(TensorData.ToRaw(a), TensorData.ToRaw(b));
        }
    }

    private static ShapeTable OrtRun(ModelProto model) => Rewrites.OrtRun.Shapes(model);

    private static float[] ByLoops(float[] weights, long[] dims, int inner, int outer)
    {
        List<float> blocked = [];
        for (long o = 0; o < dims[0]; o += outer)
            for (long i = 0; i < dims[1]; i += inner)
                for (long k = 0; k < dims[2] * dims[3]; k++)
                    for (long bi = i; bi < i + inner; bi++)
                        for (long bo = o; bo < o + outer; bo++)
                            blocked.Add(bi < dims[1] && bo < dims[0] ? weights[(bo * dims[1] + bi) * dims[2] * dims[3] + k] : 0);
        return [.. blocked];
    }
}
