using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Kernels;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Ort;

/// <summary>
/// Every rule that planning for ONNX Runtime builds on, held against the installed ONNX Runtime on random models: executed order against
/// the profile, bytes against the measuring allocator. They fail when a later version changes a rule.
/// </summary>
[TestClass]
public sealed class OrtRulesTests
{
    /// <summary>How many random models; the environment variable <c>SERENITY_RANDOM_MODELS</c> asks for more.</summary>
    private static readonly ulong _models =
        ulong.TryParse(Environment.GetEnvironmentVariable("SERENITY_RANDOM_MODELS"), out ulong asked) ? asked : 12;

    [TestMethod]
    public void Executed_order_and_bytes_are_as_simulated()
    {
        for (ulong seed = 1; seed <= _models; seed++)
        {
            (ModelProto model, ShapeTable shapes) = ObservedRun.RandomModel(seed);
            Observation run = ObservedRun.Of(model);
            AllocationPlan plan = OnnxRuntimePlanner.CostOfFile(model, shapes);

            OrtGraph graph = new(model.Graph);
            CollectionAssert.AreEqual(plan.Order.Select(node => graph.Node(node).Name).ToArray(), run.ExecutedOrder.ToArray(), $"order, seed {seed}");
            Assert.AreEqual(run.Memory!.ActivationBytes, plan.Peak, $"bytes, seed {seed}");
        }
    }

    [TestMethod]
    public void Any_order_can_be_pinned_and_is_then_executed()
    {
        for (ulong seed = 1; seed <= _models; seed++)
        {
            (ModelProto model, ShapeTable shapes) = ObservedRun.RandomModel(seed);
            OrtGraph graph = new(model.Graph);
            int[] target = ObservedRun.RandomOrder(graph, new TestRandom(seed));
            PinnedOrder? pinned = OrderPinning.TryPin(graph, target, 17, name => shapes.Find(name)?.ElementType);
            if (pinned is null)
            {
                // Only what cannot be anchored is an excuse.
                Assert.IsTrue(model.Graph.Node.Any(node => node.OpType == "DequantizeLinear"), $"not pinned, seed {seed}");
                continue;
            }
            Observation run = ObservedRun.Of(new ModelProto(model) { Graph = pinned.Graph });
            string[] executed = [.. run.ExecutedOrder.Where(name => !name.StartsWith("serenity_anchor_", StringComparison.Ordinal))];
            CollectionAssert.AreEqual(graph.OrderOf(target).Names.ToArray(), executed, $"seed {seed}");
        }
    }

    [TestMethod]
    public void No_anchor_is_needless()
    {
        for (ulong seed = 1; seed <= _models; seed++)
        {
            (ModelProto model, ShapeTable shapes) = ObservedRun.RandomModel(seed);
            OrtGraph source = new(model.Graph);
            int[] target = ObservedRun.RandomOrder(source, new TestRandom(seed + 1000));
            if (OrderPinning.TryPin(source, target, 17, name => shapes.Find(name)?.ElementType) is not { } pinned)
                continue;
            string[] wanted = Names(pinned.Graph);
            foreach (NodeProto anchor in pinned.Graph.Node.Where(AnchorNode.Is).ToArray())
            {
                GraphProto without = pinned.Graph.Clone();
                without.Node.Remove(without.Node.First(node => node.Name == anchor.Name));
                CollectionAssert.AreNotEqual(wanted, Names(without), $"{anchor.Name} does nothing, seed {seed}");
            }
            Assert.AreEqual(pinned.Anchors, pinned.Graph.Node.Count(AnchorNode.Is));
        }

        static string[] Names(GraphProto graph)
        {
            OrtGraph index = new(graph);
            return [.. index.OrderOf(ExecutionOrder.Of(index)).Nodes.Where(node => !AnchorNode.Is(node)).Select(node => node.Name)];
        }
    }

    [TestMethod]
    public void Planned_models_cost_what_the_plan_says_and_never_more_than_before()
    {
        OnnxRuntimePlanOptions options = new() { Schedule = ScheduleOptions.Default with { StateLimit = 20_000 } };
        for (ulong seed = 1; seed <= _models; seed++)
        {
            (ModelProto model, ShapeTable shapes) = ObservedRun.RandomModel(seed);
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(model, shapes, options);
            Observation run = ObservedRun.Of(plan.Model);

            string[] executed = [.. run.ExecutedOrder.Where(name => !name.StartsWith("serenity_anchor_", StringComparison.Ordinal))];
            CollectionAssert.AreEqual(plan.Schedule.ToArray(), executed, $"order, seed {seed}");
            Assert.AreEqual(run.Memory!.ActivationBytes, plan.SimulatedPeak, $"bytes, seed {seed}");
            Assert.IsTrue(plan.LowerBound <= plan.LivePeak, $"bound {plan.LowerBound} above live peak {plan.LivePeak}, seed {seed}");
            Assert.IsTrue(plan.LivePeak <= plan.SimulatedPeak, $"live {plan.LivePeak} above simulated {plan.SimulatedPeak}, seed {seed}");
            Assert.IsTrue(plan.SimulatedPeak <= plan.OriginalPeak, $"{plan.SimulatedPeak} after {plan.OriginalPeak}, seed {seed}");
            Assert.AreEqual(plan.Order.Length, plan.Allocations.Profile.Length, $"steps, seed {seed}");
        }
    }

    [TestMethod]
    public void Live_peak_of_any_order_bounds_its_simulated_peak()
    {
        for (ulong seed = 1; seed <= _models; seed++)
        {
            (ModelProto model, ShapeTable shapes) = ObservedRun.RandomModel(seed);
            OrtGraph graph = new(model.Graph);
            AllocationModel allocations = new(graph, shapes);
            OnnxRuntimeGraph live = OnnxRuntimeGraph.Build(allocations);
            AllocationSimulator simulator = new(allocations);
            TestRandom random = new(seed);
            for (int i = 0; i < 20; i++)
            {
                int[] order = ObservedRun.RandomOrder(graph, random);
                Assert.IsTrue(LiveProfile.Peak(live.Memory, order) <= simulator.Peak(order), $"seed {seed}");
                Assert.AreEqual(simulator.Peak(order), simulator.Plan(order).Peak, $"seed {seed}");
            }
        }
    }

    [TestMethod]
    public void Kernels_share_buffers_as_the_table_says()
    {
        int seen = 0;
        foreach (KernelRecipe recipe in KernelRecipes.All)
        {
            // One opset each here; the benchmark "probe" goes through all.
            int opset = recipe.Domain.Length == 0 ? Math.Min(recipe.LastOpset, 17) : 1;
            if (opset < recipe.FirstOpset || recipe.Inputs.Count == 0 || recipe.Inputs[0] is not { Constant: null, Dims.Length: > 0 })
                continue;
            if (KernelProber.Probe(recipe, opset, 0, 0) is not { } found)
                continue;
            seen++;
            Assert.AreEqual(KernelProber.Expected(recipe, 0, 0), found, $"{recipe.Domain} {recipe.Operator} opset {opset}");
        }
        Assert.IsTrue(seen > 80, $"only {seen} operators could be probed");
    }
}
