using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Rewrites;
using Serenity.Onnx.Tests.Rewrites.Partition;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Ort;

/// <summary>Shapes hidden in a model of allocations that stands, against a model built with them hidden.</summary>
[TestClass]
public sealed class HiddenShapesTests
{
    [TestInitialize]
    public void NeedsOnnxRuntime()
    {
        if (!NativeRuntime.IsAvailable)
            Assert.Inconclusive("There is no ONNX Runtime on this host.");
    }

    [TestMethod]
    public void Hiding_shapes_is_building_anew_with_them_hidden()
    {
        int differ = 0;
        for (ulong seed = 1; seed <= 40; seed++)
        {
            ModelProto model = RandomImageModel.Build(seed);
            ShapeTable shapes = OrtRun.Shapes(model);
            OrtGraph graph = new(model.Graph);
            PlannedShapes known = PlannedShapes.AllOf(shapes);
            AllocationModel shown = new(graph, shapes, known);
            int[] order = ExecutionOrder.Of(graph);
            TestRandom random = new(seed);
            for (int attempt = 0; attempt < 8; attempt++)
            {
                int[] symbols = new int[graph.ValueCount];
                for (int value = 0; value < symbols.Length; value++)
                    symbols[value] = random.Chance(0.4) ? random.Next(1, 4) : 0;
                Dictionary<string, long[]> dims = new(StringComparer.Ordinal);
                for (int value = 0; value < symbols.Length; value++)
                {
                    if (known.Find(graph.Name(value)) is { } sizes)
                        dims[graph.Name(value)] = symbols[value] == 0 ? sizes : Array.ConvertAll(sizes, _ => PlannedShapes.Symbol(symbols[value]));
                }
                AllocationModel anew = new(graph, shapes, new PlannedShapes(dims)), hidden = shown.WithHidden(symbols, shapes)!;
                for (int value = 0; value < symbols.Length; value++)
                {
                    string what = $"seed {seed}, {graph.Name(value)}";
                    Assert.AreEqual((anew.HasKnownSize(value), anew.TakesFreed(value)), (hidden.HasKnownSize(value), hidden.TakesFreed(value)), what);
                    Assert.AreEqual(anew.Bytes(value), hidden.Bytes(value), what);
                    for (int other = 0; other < value; other++)
                        Assert.AreEqual(anew.ShapeClass(value) == anew.ShapeClass(other), hidden.ShapeClass(value) == hidden.ShapeClass(other), $"{what}, {graph.Name(other)}");
                }
                AllocationPlan expected = new AllocationSimulator(anew).Plan(order), plan = new AllocationSimulator(hidden).Plan(order);
                CollectionAssert.AreEqual(expected.Profile, plan.Profile, $"seed {seed}");
                CollectionAssert.AreEqual(expected.BufferOf, plan.BufferOf, $"seed {seed}");
                differ += plan.Peak == new AllocationSimulator(shown).Peak(order) ? 0 : 1;
            }
        }
        Assert.IsGreaterThan(20, differ, "Hardly anything was hidden that matters.");
    }
}
