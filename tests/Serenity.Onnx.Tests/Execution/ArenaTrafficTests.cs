using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>What a plan for a chip that is too small moves, beside the file's own order.</summary>
[TestClass]
public sealed class ArenaTrafficTests
{
    [TestMethod]
    public void The_arena_grows_for_less_traffic_as_far_as_it_may_and_no_further()
    {
        using TempFolder folder = new();
        int grown = 0, proven = 0, rows = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            string path = folder.File("net.onnx", RandomModel.Create((ulong)(900 + seed)).Model.ToByteArray());
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, Verify = false, Partition = false };
            PeakFacts peak = ModelOptimizer.Optimize(request).Peak;
            long onChip = peak.LiveBytes * 2 / 3;
            OptimizationResult free = ModelOptimizer.Optimize(request with { OnChip = onChip }), least = ModelOptimizer.Optimize(request with { OnChip = onChip, TrafficPeak = peak.Bytes });
            TrafficFacts traffic = free.Traffic!;
            Assert.IsLessThanOrEqualTo(traffic.Orders[0].Bytes, traffic.Orders[^1].Bytes, $"seed {seed}: never more than the file's order");
            Assert.IsLessThanOrEqualTo(traffic.Orders[^1].Bytes, traffic.LowerBoundBytes, $"seed {seed}");
            Assert.IsLessThanOrEqualTo(Math.Max(peak.OriginalBytes, peak.Bytes), free.Peak.Bytes, $"seed {seed}: no more than the source needs");
            Assert.IsLessThanOrEqualTo(peak.Bytes, least.Peak.Bytes, $"seed {seed}: no more than was allowed");
            Assert.IsLessThanOrEqualTo(least.Traffic!.Orders[^1].Bytes, traffic.Orders[^1].Bytes, $"seed {seed}: more room moves no more");
            // An order is taken for what it moves alone.
            Assert.IsTrue(free.Peak.Bytes <= peak.Bytes || traffic.Orders[^1].Bytes < least.Traffic.Orders[^1].Bytes, $"seed {seed}");
            Assert.IsFalse(free.Warnings.Any(w => w.Code == SerenityCodes.NotProven) && peak.IsOrderProven(), $"seed {seed}");
            grown += free.Peak.Bytes > peak.Bytes ? 1 : 0;
            proven += traffic.Orders[^1].Bytes == traffic.LowerBoundBytes ? 1 : 0;
            rows++;
        }
        Assert.IsGreaterThan(0, grown);
        Assert.IsGreaterThan(rows / 2, proven);
    }

    [TestMethod]
    public void No_plan_that_needs_as_much_as_the_file_moves_more_than_its_order()
    {
        using TempFolder folder = new();
        int equal = 0;
        for (int seed = 0; seed < 24; seed++)
        {
            string path = folder.File("net.onnx", RandomModel.Create((ulong)(700 + seed)).Model.ToByteArray());
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, Verify = false, Partition = false };
            PeakFacts peak = ModelOptimizer.Optimize(request).Peak;
            // Where the plan needs less, it may move more.
            if (peak.OriginalBytes > peak.Bytes)
                continue;
            foreach (long onChip in (long[])[peak.LiveBytes * 3 / 4, peak.LiveBytes / 2])
            {
                OptimizationResult result = ModelOptimizer.Optimize(request with { OnChip = onChip });
                OrderTraffic file = result.Traffic!.Orders.Single(o => o.Order == "file"), planned = result.Traffic.Orders.Single(o => o.Order == "planned");
                Assert.IsLessThanOrEqualTo(file.Bytes, planned.Bytes, $"seed {seed}, {onChip} on chip");
                equal++;
            }
        }
        Assert.IsGreaterThan(0, equal);
    }

    [TestMethod]
    public void No_plan_moves_more_than_the_order_of_ONNX_Runtime_where_that_needs_no_more_than_it_may()
    {
        using TempFolder folder = new();
        int held = 0;
        for (int seed = 0; seed < 12; seed++)
        {
            string path = folder.File("net.onnx", RandomModel.Create((ulong)(700 + seed)).Model.ToByteArray());
            // Arithmetic in integers is another graph, which the source's orders are not of.
            OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, Verify = false, Partition = false, Fuse = false };
            SourceModel source = SourceModel.Prepare(ModelFile.Load(path), request, CancellationToken.None);
            StaticArenaGraph graph = StaticArenaGraph.Build(source.Model, source.Shapes, null, path);
            OrtGraph indexed = new(source.Model.Graph);
            int[] order = [.. ExecutionOrder.Of(indexed).Select(node => graph.Operator(indexed.Node(node).Name))];
            StaticArenaPlan executed = StaticArenaPlanner.Plan(graph, order, request.Alignment, null, CancellationToken.None);
            foreach (int parts in (int[])[2, 3])
            {
                OptimizationResult result = ModelOptimizer.Optimize(request with { OnChip = executed.LivePeakBytes / parts });
                if (result.Traffic is not { MostPeakBytes: { } most } || executed.ArenaBytes > most)
                    continue;
                Assert.IsLessThanOrEqualTo(result.Traffic.Orders.Single(o => o.Order == "onnxRuntime").Bytes, result.Traffic.Orders.Single(o => o.Order == "planned").Bytes, $"seed {seed}, a {parts}. of its peak on chip");
                held++;
            }
        }
        Assert.IsGreaterThan(5, held);
    }

    /// <summary>In an order that is taken for what moves, outputs may share their parts otherwise than in the graph that the least was found for.</summary>
    [TestMethod]
    public void An_order_that_moves_less_is_held_to_the_bound_of_its_own_graph()
    {
        using TempFolder folder = new();
        string path = folder.File("net.onnx", RandomModel.Create(1409).Model.ToByteArray());
        PeakFacts peak = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = Executor.StaticArena, Fuse = false, OnChip = 3000 }).Peak;
        Assert.IsGreaterThanOrEqualTo(peak.LowerBoundBytes, peak.LiveBytes);
    }

    /// <summary>Rows need less than any order of the whole, and move more: with a chip they are the least that a budget is held to.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void What_rows_need_is_the_least_also_with_a_chip(int branches)
    {
        using TempFolder folder = new();
        string path = folder.File("net.onnx", Branches(branches).ToByteArray());
        OptimizeRequest request = new() { ModelPath = path, Executor = Executor.StaticArena, Verify = false };
        OptimizationResult without = ModelOptimizer.Optimize(request);
        Assert.IsLessThan(ModelOptimizer.Optimize(request with { Partition = false }).Peak.Bytes, without.Peak.Bytes, "Rows are worth it here.");
        foreach (long onChip in (long[])[without.Peak.Bytes / 3, without.Peak.Bytes])
        {
            OptimizationResult free = ModelOptimizer.Optimize(request with { OnChip = onChip }), held = ModelOptimizer.Optimize(request with { OnChip = onChip, TrafficPeak = without.Peak.Bytes });
            Assert.AreEqual(without.Peak.Bytes, held.Peak.Bytes, $"{onChip} on chip, with a budget");
            if (free.Peak.Bytes > without.Peak.Bytes)
            {
                Assert.AreEqual(without.Peak.Bytes, free.Traffic!.LeastPeakBytes);
                Assert.IsLessThan(held.Traffic!.Orders[^1].Bytes, free.Traffic.Orders[^1].Bytes, "More room is taken for less traffic alone.");
            }
        }
    }

    private static Schema.ModelProto Branches(int branches)
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", Schema.TensorProto.Types.DataType.Float, 1, 3, 16, 16);
        string[] parts = [.. Enumerable.Range(0, branches).Select(_ => builder.Node("Relu", [builder.Node("Conv", [x, builder.Weight(new float[8 * 3 * 9], 8, 3, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }))]))];
        string joined = branches == 1 ? parts[0] : builder.Node("Concat", parts, ("axis", 1L));
        string wide = builder.Node("Conv", [joined, builder.Weight(new float[8 * 8 * branches * 9], 8, 8 * branches, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }));
        builder.Output(builder.Node("MaxPool", [wide], ("kernel_shape", new long[] { 4, 4 }), ("strides", new long[] { 4, 4 })), Schema.TensorProto.Types.DataType.Float, 1, 8, 4, 4);
        return builder.Build();
    }
}
