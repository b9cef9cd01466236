using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Shapes;
using Serenity.Planning;
using Serenity.Planning.Traffic;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// What an order reads and writes outside a chip, whoever executes it: counted by the rules of the arena (docs/executors.md), so that orders can be compared. The source model in
/// the order of its file and in ONNX Runtime's, and the written model in the order planned.
/// </summary>
internal static class TrafficAccount
{
    /// <summary>Points of the curve below the capacity at which nothing moves.</summary>
    private const int Points = 12;

    /// <summary>The account, and a curve of what is outside; null for a model that no fixed memory can hold.</summary>
    /// <param name="source">The source model.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="onChip">Bytes on chip.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    public static TrafficFacts? Of(SourceModel source, ExecutorPlan plan, long onChip, CancellationToken cancellation)
    {
        List<(string Name, MemoryGraph Graph, int[] Order)> orders = [];
        try
        {
            StaticArenaGraph before = StaticArenaGraph.Build(source.Model, source.Shapes, null, source.File.Path);
            orders.Add(("file", before.Graph, before.FileOrder()));
            OrtGraph indexed = new(source.Model.Graph);
            orders.Add(("onnxRuntime", before.Graph, [.. ExecutionOrder.Of(indexed).Select(node => before.Operator(indexed.Node(node).Name))]));
            (MemoryGraph graph, int[] order) = plan.Ordered ?? Planned(source, plan);
            orders.Add(("planned", graph, order));
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.UnknownSize)
        {
            return null;
        }
        long[] peaks = [.. orders.Select(o => Serenity.Planning.Scheduling.LiveProfile.Peak(o.Graph, o.Order))];
        List<TrafficPoint> curve = [];
        for (int i = 1; i <= Points; i++)
        {
            long capacity = Math.Max(peaks.Max() * i / Points, 1);
            curve.Add(new TrafficPoint(capacity, [.. Each(orders, o => TrafficPlanner.Plan(o.Graph, o.Order, capacity, new TrafficOptions { Width = 64 }, cancellation).Bytes)]));
        }
        (_, MemoryGraph written, _) = orders[^1];
        return new TrafficFacts(
            onChip, [.. Each(orders, o => Count(o.Name, o.Graph, o.Order, onChip, cancellation)).Zip(orders, (count, order) => count with { Order = order.Name })],
            Math.Max(TrafficOrder.LowerBound(written, plan.Ordered is null ? 0 : plan.LowerBoundBytes, onChip), plan.ForTraffic?.LowerBoundBytes ?? 0), curve)
        {
            LeastPeakBytes = plan.ForTraffic?.LeastBytes,
            MostPeakBytes = plan.ForTraffic?.MostBytes,
        };
    }

    // What two orders share is found once.
    private static List<T> Each<T>(List<(string Name, MemoryGraph Graph, int[] Order)> orders, Func<(string Name, MemoryGraph Graph, int[] Order), T> find)
    {
        List<T> found = [];
        for (int i = 0; i < orders.Count; i++)
        {
            int same = orders.FindIndex(o => o.Graph == orders[i].Graph && o.Order.AsSpan().SequenceEqual(orders[i].Order));
            found.Add(same < i ? found[same] : find(orders[i]));
        }
        return found;
    }

    private static OrderTraffic Count(string name, MemoryGraph graph, int[] order, long onChip, CancellationToken cancellation)
    {
        TrafficPlan least = TrafficPlanner.Plan(graph, order, onChip, cancellation: cancellation);
        if (TrafficValidator.Check(graph, order, least) is { } fault)
            throw new InvalidOperationException($"The plan of what moves in the order '{name}' does not hold: {fault}.");
        return new OrderTraffic(name, least.ReadBytes, least.WrittenBytes, least.LowerBoundBytes, BeladyReplacement.Count(graph, order, onChip).Bytes, least.StreamedSteps);
    }

    // What was added only to hold the order has no step: it runs as soon as it can.
    private static (MemoryGraph Graph, int[] Order) Planned(SourceModel source, ExecutorPlan plan)
    {
        StaticArenaGraph graph = StaticArenaGraph.Build(plan.Model, source.Shapes with { Main = plan.Shapes }, null, source.File.Path);
        Dictionary<string, int> stepOf = plan.Nodes.Select((node, step) => (node.Name, step)).ToDictionary(n => n.Name, n => n.step, StringComparer.Ordinal);
        PriorityQueue<int, (int Step, int Op)> ready = new();
        int[] waits = [.. graph.FileOrder().Select(op => graph.Graph.Predecessors(op).Length)];
        for (int op = 0; op < waits.Length; op++)
        {
            if (waits[op] == 0)
                ready.Enqueue(op, At(op));
        }
        List<int> order = [];
        while (ready.TryDequeue(out int op, out _))
        {
            order.Add(op);
            foreach (int next in graph.Graph.Successors(op))
            {
                if (--waits[next] == 0)
                    ready.Enqueue(next, At(next));
            }
        }
        return (graph.Graph, [.. order]);

        (int, int) At(int op) => (stepOf.GetValueOrDefault(graph.Nodes[op].Name, -1), op);
    }
}
