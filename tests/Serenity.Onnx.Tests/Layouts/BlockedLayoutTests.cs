using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Layouts;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Ort;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Onnx.Tests.Runtime;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Layouts;

/// <summary>Models in the blocked layout, beside the same models without.</summary>
[TestClass]
public sealed class BlockedLayoutTests
{
    private static readonly double[] _fillings = [0, 8, 64, 1e6];

    [TestMethod]
    public void A_model_in_blocks_gives_the_source_s_outputs_and_onnx_runtime_s_own_where_it_has_the_same_nodes()
    {
        int block = Block();
        int same = 0;
        for (ulong seed = 0; seed < 60; seed++)
        {
            ModelProto model = RandomImageModel.Create(seed, plain: seed % 3 != 0);
            ShapeTable shapes = OrtRun.Shapes(model);
            BlockedLayout layout = new(model, shapes, model.Graph.Node, block, new WeightReader(""));
            foreach (bool[] inBlocks in _fillings.Select(f => layout.Choose(f)).OfType<bool[]>().Append(layout.All()))
            {
                BlockedModel blocked = layout.Write(inBlocks);
                OrtRun.AssertSame(model, blocked.Model, seed, exact: false, $"seed {seed}");
                ModelProto theirs = OfflineOptimizer.Run(model, null, GraphOptimizationLevel.ORT_ENABLE_ALL, null);
                if (!Outputs(theirs).SequenceEqual(Outputs(blocked.Model)))
                    continue;
                same++;
                Dictionary<string, OrtRun.Result> expected = OrtRun.Run(model, seed, level: GraphOptimizationLevel.ORT_ENABLE_ALL), actual = OrtRun.Run(blocked.Model, seed);
                foreach ((string name, OrtRun.Result result) in expected)
                    Assert.IsTrue(result.Bytes.AsSpan().SequenceEqual(actual[name].Bytes), $"seed {seed}: '{name}' is not what a default session gives.");
            }
        }
        Assert.IsGreaterThan(0, same, "Hardly any model has the nodes that ONNX Runtime makes, so that nothing was compared bit for bit.");
    }

    /// <summary>As files of IR version 3 have it, each constant is listed among the inputs; in blocks some are put in another order, and what they were is no input then.</summary>
    [TestMethod]
    public void Constants_that_a_file_lists_among_its_inputs_have_to_be_given_by_nobody()
    {
        int block = Block(), fewer = 0;
        for (ulong seed = 0; seed < 12; seed++)
        {
            ModelProto model = RandomImageModel.Create(seed, plain: true);
            ShapeTable shapes = OrtRun.Shapes(model);
            string[] given = [.. model.Graph.Input.Select(i => i.Name)];
            model.IrVersion = 3;
            model.Graph.Input.AddRange(model.Graph.Initializer.Select(t => TinyModels.Value(t.Name, (DataType)t.DataType, [.. t.Dims])));
            BlockedLayout layout = new(model, shapes, model.Graph.Node, block, new WeightReader(""));
            ModelProto blocked = layout.Write(layout.All()).Model;
            using InferenceSession session = new(blocked.ToByteArray());
            CollectionAssert.AreEquivalent(given, session.InputMetadata.Keys.ToArray(), $"seed {seed}");
            fewer += model.Graph.Input.Count - blocked.Graph.Input.Count;
        }
        Assert.IsGreaterThan(12, fewer);
    }

    [TestMethod]
    [DataRow(3, 32)]
    [DataRow(16, 64)]
    [DataRow(20, 48)]
    public void A_residual_network_gives_bit_for_bit_what_a_default_session_gives(int channels, int width)
    {
        int block = Block();
        TestRandom random = new(5);
        OnnxModelBuilder builder = new();
        builder.Input("x", DataType.Float, 1, channels, 12, 12);
        string Conv(string x, long from, long to, long k, long groups = 1) => builder.Node(
            "Conv", [x, builder.Weight(random.Floats(to * from / groups * k * k, 0.3), to, from / groups, k, k), builder.Weight(random.Floats(to, 0.3), to)],
            ("pads", new long[] { k / 2, k / 2, k / 2, k / 2 }), ("group", groups));
        string stem = builder.Node("Relu", [Conv("x", channels, width, 3)]);
        string sum = builder.Node("Relu", [builder.Node("Add", [Conv(Conv(stem, width, width, 3, width), width, width, 1), stem])]);
        string pooled = builder.Node("MaxPool", [sum], ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }));
        string larger = builder.Node("Resize", [Conv(pooled, width, width, 1), "", builder.Weight([1, 1, 2, 2], 4)], ("mode", "nearest"), ("nearest_mode", "floor"), ("coordinate_transformation_mode", "asymmetric"));
        builder.Output(builder.Node("Sigmoid", [Conv(larger, width, 16, 3)]), DataType.Float, 1, 16, 12, 12);
        builder.Output(builder.Node("GlobalAveragePool", [sum]), DataType.Float, 1, width, 1, 1);
        ModelProto model = builder.Build();
        BlockedLayout layout = new(model, OrtRun.Shapes(model), model.Graph.Node, block, new WeightReader(""));
        BlockedModel blocked = layout.Write(layout.All());
        CollectionAssert.AreEqual(Outputs(OfflineOptimizer.Run(model, null, GraphOptimizationLevel.ORT_ENABLE_ALL, null)), Outputs(blocked.Model));
        Dictionary<string, OrtRun.Result> expected = OrtRun.Run(model, 1, level: GraphOptimizationLevel.ORT_ENABLE_ALL), actual = OrtRun.Run(blocked.Model, 1);
        foreach ((string name, OrtRun.Result result) in expected)
            CollectionAssert.AreEqual(result.Bytes, actual[name].Bytes, name);
    }

    [TestMethod]
    public void Order_and_bytes_are_what_was_planned()
    {
        int block = Block();
        for (ulong seed = 100; seed < 130; seed++)
        {
            ModelProto model = RandomImageModel.Create(seed);
            BlockedLayout layout = new(model, OrtRun.Shapes(model), model.Graph.Node, block, new WeightReader(""));
            if (layout.Choose(0) is not { } inBlocks)
                continue;
            BlockedModel blocked = layout.Write(inBlocks);
            Assert.AreEqual(blocked.Model.Graph.Node.Count, blocked.Model.Graph.Node.Select(n => n.Name).Distinct().Count());
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(blocked.Model, blocked.Shapes);
            Observation seen = ObservedRun.Of(plan.Model);
            CollectionAssert.AreEqual(plan.Schedule.ToArray(), seen.ExecutedOrder.Where(n => !n.StartsWith(AnchorNode.NamePrefix, StringComparison.Ordinal)).ToArray(), $"seed {seed}");
            if (seen.Memory is { ActivationBytes: { } measured })
                Assert.AreEqual(plan.SimulatedPeak, measured, $"seed {seed}");
        }
    }

    [TestMethod]
    public void No_other_layout_takes_less_work()
    {
        int compared = 0;
        for (ulong seed = 200; seed < 215; seed++)
        {
            ModelProto model = RandomImageModel.Create(seed, nodes: 8);
            ShapeTable shapes = OrtRun.Shapes(model);
            foreach (int block in (int[])[8, 16])
            {
                BlockedLayout layout = new(model, shapes, model.Graph.Node, block, new WeightReader(""));
                // One without convolutions in blocks is none, whatever its pools gain.
                if (layout.Choose(0) is not { } chosen)
                    continue;
                compared++;
                bool[] may = layout.All();
                int[] free = [.. Enumerable.Range(0, may.Length).Where(i => may[i])];
                double least = double.MaxValue;
                for (int set = 0; set < 1 << free.Length; set++)
                {
                    bool[] inBlocks = new bool[may.Length];
                    for (int i = 0; i < free.Length; i++)
                        inBlocks[free[i]] = (set >> i & 1) == 1;
                    BlockedModel written = layout.Write(inBlocks);
                    bool possible = written.Model.Graph.Node.All(n => n.OpType != "ReorderInput" || shapes.Find(n.Input[0])!.Dims[1] % ChannelBlock.ReorderStep == 0);
                    if (possible)
                        least = Math.Min(least, written.Work);
                }
                Assert.AreEqual(least, layout.Write(chosen).Work, 1e-6 * least + may.Length, $"seed {seed}, block {block}");
            }
        }
        Assert.IsGreaterThan(10, compared);
    }

    [TestMethod]
    public void The_same_model_gives_the_same_bytes_whatever_the_processor_can_run()
    {
        ModelProto model = RandomImageModel.Create(3);
        ShapeTable shapes = OrtRun.Shapes(model);
        foreach (int block in (int[])[8, 16])
        {
            byte[] Written() => ModelFile.ToBytes(new BlockedLayout(model, shapes, model.Graph.Node, block, new WeightReader("")) is var layout ? layout.Write(layout.All()).Model : null!);
            CollectionAssert.AreEqual(Written(), Written());
        }
    }

    private static int Block()
    {
        int block = ChannelBlock.Of(HostChannelBlock.Layout);
        if (block == 0)
            Assert.Inconclusive("ONNX Runtime has no blocked layout for this processor.");
        return block;
    }

    /// <summary>What every output is computed by, down to the bytes of weights.</summary>
    private static string[] Outputs(ModelProto model)
    {
        Dictionary<string, NodeProto> makers = model.Graph.Node.SelectMany(n => n.Output.Select(o => (o, n))).ToDictionary(p => p.o, p => p.n);
        Dictionary<string, TensorProto> weights = model.Graph.Initializer.ToDictionary(t => t.Name);
        Dictionary<string, string> known = [];
        return [.. model.Graph.Output.Select(o => Of(o.Name))];

        string Of(string value)
        {
            if (known.TryGetValue(value, out string? text))
                return text;
            text = weights.TryGetValue(value, out TensorProto? weight) ? Hash(TensorData.ToRaw(weight))
                : !makers.TryGetValue(value, out NodeProto? maker) ? value
                : Hash(Encoding.UTF8.GetBytes(
                    $"{maker.Domain}.{maker.OpType}.{maker.Text("activation", "")}.{maker.Output.IndexOf(value)}({string.Join(',', maker.Input.Where(i => i.Length > 0).Select(Of))})"));
            return known[value] = text;
        }

        static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));
    }
}
