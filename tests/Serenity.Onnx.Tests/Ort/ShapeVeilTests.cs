using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Ort;

/// <summary>Buffers that ONNX Runtime would hold through the peak for a later value, and no longer does.</summary>
[TestClass]
public sealed class ShapeVeilTests
{
    private const long Map = 8 * 8 * 8 * 4, Large = 8 * 16 * 16 * 4;

    [TestMethod]
    public void A_buffer_is_not_held_for_a_later_value_of_its_shape()
    {
        AssertMeetsBound(Model((model, small, weight) =>
            model.Node("Conv", [small, weight], ("pads", new long[] { 2, 2, 2, 2 }))));
    }

    [TestMethod]
    public void A_buffer_is_not_held_for_a_later_sum_that_is_added_to_in_place()
    {
        AssertMeetsBound(Model((model, small, weight) =>
        {
            (string, object) pads = ("pads", new long[] { 2, 2, 2, 2 });
            string sum = model.Node("Conv", [small, weight], pads);
            string more = model.Node("com.microsoft:FusedConv", [small, weight, "", sum], pads);
            return model.Node("com.microsoft:FusedConv", [small, weight, "", more], pads, ("activation", "Relu"));
        }));
    }

    [TestMethod]
    public void What_the_app_binds_to_an_input_counts_for_nothing_behind_a_veil_too()
    {
        ModelProto model = Model((builder, small, weight) => builder.Node("Conv", [small, weight]));
        UniqueNames.Assign(model);
        Dictionary<string, string> shared = new() { [model.Graph.Output[0].Name] = "x" };
        ShapeTable shapes = ShapeInference.Run(model, "/model.onnx", new Dictionary<string, long>()).Main with { Shared = shared };
        OrtGraph graph = new(model.Graph);
        VeiledGraph veiled = ShapeVeil.Draw(graph, shapes, Enumerable.Range(0, graph.NodeCount).ToArray(), new VeilDrawing(new int[graph.ValueCount], new HashSet<(int, int)> { (1, 0) }));
        Assert.AreEqual(2, veiled.Nodes);
        Assert.AreSame(shared, veiled.Shapes.Shared);
    }

    /// <summary>As many buffers as are held through the peak for later values are hidden by few nodes: what is computed of a hidden value is hidden.</summary>
    [TestMethod]
    public void Many_buffers_take_few_nodes()
    {
        const int maps = 6;
        OnnxModelBuilder model = new();
        string weight = model.Weight(new float[64], 8, 8, 1, 1), x = model.Input("x", DataType.Float, 1, 8, 8, 8);
        string[] before = [.. Enumerable.Range(0, maps).Select(_ => model.Node("Conv", [x, weight]))];
        string point = model.Node("GlobalAveragePool", [model.Node("Concat", before, ("axis", 1))]);
        string slice = model.Node("Slice", [point, Integers(0), Integers(8), Integers(1)]);
        string scales = model.Add(OnnxModelBuilder.Tensor("scales", DataType.Float, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([1, 1, 64, 64]), 4));
        string large = model.Node("Abs", [model.Node("Resize", [slice, "", scales], ("mode", "nearest"))]);
        string small = model.Node("MaxPool", [large], ("kernel_shape", new long[] { 8, 8 }), ("strides", new long[] { 8, 8 }));
        string[] behind = [.. Enumerable.Range(0, maps).Select(_ => model.Node("Conv", [small, weight]))];
        model.Output(model.Node("GlobalMaxPool", [model.Node("Concat", behind, ("axis", 1))]), DataType.Float, 1, maps * 8, 1, 1);
        ModelProto built = model.Build();
        UniqueNames.Assign(built);
        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(built, ShapeInference.Run(built, "/model.onnx", new Dictionary<string, long>()).Main);
        Assert.AreEqual(plan.LowerBound, plan.SimulatedPeak);
        Assert.AreEqual(plan.SimulatedPeak, ObservedRun.Of(plan.Model).Memory!.ActivationBytes);
        Assert.IsLessThan(maps, plan.Model.Graph.Node.Count(node => node.Name.StartsWith("serenity_anchor_shape_", StringComparison.Ordinal)));
        Assert.IsLessThan(plan.OriginalPeak, plan.SimulatedPeak);

        string Integers(long value) => model.Add(OnnxModelBuilder.Tensor($"i{value}", DataType.Int64, BitConverter.GetBytes(value), 1));
    }

    /// <summary>A map, then a peak of two large values, then again a map: the first one's buffer would be kept for it.</summary>
    private static ModelProto Model(Func<OnnxModelBuilder, string, string, string> makeMap)
    {
        OnnxModelBuilder model = new();
        string weight = model.Weight(new float[64], 8, 8, 1, 1);
        string map = model.Node("Conv", [model.Input("x", DataType.Float, 1, 8, 8, 8), weight]);
        string point = model.Node("GlobalAveragePool", [map]);
        string scales = model.Add(OnnxModelBuilder.Tensor("scales", DataType.Float, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>([1, 1, 16, 16]), 4));
        string large = model.Node("Abs", [model.Node("Resize", [point, "", scales], ("mode", "nearest"))]);
        string small = model.Node("MaxPool", [large], ("kernel_shape", new long[] { 4, 4 }), ("strides", new long[] { 4, 4 }));
        model.Output(model.Node("GlobalMaxPool", [makeMap(model, small, weight)]), DataType.Float, 1, 8, 1, 1);
        return model.Build();
    }

    private static void AssertMeetsBound(ModelProto model)
    {
        UniqueNames.Assign(model);
        ShapeTable shapes = ShapeInference.Run(model, "/model.onnx", new Dictionary<string, long>()).Main;
        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(model, shapes);
        Assert.AreEqual((2 * Large) + Map, plan.OriginalPeak);
        Assert.AreEqual(2 * Large, plan.SimulatedPeak);
        Assert.AreEqual(plan.LowerBound, plan.SimulatedPeak);
        Assert.AreEqual(plan.SimulatedPeak, ObservedRun.Of(plan.Model).Memory!.ActivationBytes);
    }
}
