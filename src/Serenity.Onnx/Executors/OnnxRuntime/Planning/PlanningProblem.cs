using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>What planning a model for ONNX Runtime starts from: its rules, its memory graph, and a schedule.</summary>
internal sealed record PlanningProblem
{
    private PlanningProblem(ModelProto model, ShapeTable shapes, OnnxRuntimePlanOptions options, OrtGraph graph, AllocationModel allShapes, OnnxRuntimeGraph live, ScheduleResult least)
    {
        (Model, Shapes, Options, Graph, AllShapes, Live, Least) = (model, shapes, options, graph, allShapes, live, least);
        Today = ExecutionOrder.Of(graph);
        Opset = OperatorDomain.OpsetOf(model);
    }

    /// <summary>The model; not changed.</summary>
    public ModelProto Model { get; }

    /// <summary>Shapes of all its values.</summary>
    public ShapeTable Shapes { get; }

    /// <summary>Limits.</summary>
    public OnnxRuntimePlanOptions Options { get; }

    /// <summary>The model's graph.</summary>
    public OrtGraph Graph { get; }

    /// <summary>Sizes and rules as if ONNX Runtime knew all shapes.</summary>
    public AllocationModel AllShapes { get; }

    /// <summary>The memory graph.</summary>
    public OnnxRuntimeGraph Live { get; }

    /// <summary>The schedule of least live peak; any within what is asked for, where that is asked.</summary>
    public ScheduleResult Least { get; private init; }

    /// <summary>The order that the file is executed in today.</summary>
    public int[] Today { get; }

    /// <summary>The model's ai.onnx opset version.</summary>
    public long Opset { get; }

    /// <summary>Sizes and rules with the shapes that ONNX Runtime knows; <see cref="AllShapes"/> where it is not asked, or cannot say.</summary>
    public AllocationModel AsInferred { get; private init; } = null!;

    /// <summary>Solves the memory graph, unless that shows that no order will do.</summary>
    /// <param name="model">See <see cref="OnnxRuntimePlanner.Plan"/>.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="options">Limits.</param>
    /// <param name="planned">Shapes as far as ONNX Runtime knows them; null to ask it.</param>
    /// <param name="bound">Bytes that every schedule needs, where the order of the file may be one that meets it; null where nothing is known.</param>
    /// <param name="within">The peak that is asked for, in bytes: any schedule within it will do; null for the least.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Null if no order's peak is within the one asked for.</returns>
    public static PlanningProblem? TryPrepare(
        ModelProto model, ShapeTable shapes, OnnxRuntimePlanOptions options, PlannedShapes? planned, long? bound, long? within,
        CancellationToken cancellation)
    {
        OrtGraph graph = new(model.Graph);
        if (shapes.Varies.Count > 0 && options.AskForShapes)
            planned ??= PlannedShapesReader.TryRead(model, shapes);
        AllocationModel allShapes = new(graph, shapes, shapes.Varies.Count > 0 ? planned?.WithExact(shapes) : null);
        OnnxRuntimeGraph live = OnnxRuntimeGraph.Build(allShapes);
        if (options.First is { } first)
        {
            Dictionary<string, int> nodeOf = graph.NodesByName();
            options = options with { Schedule = options.Schedule with { First = [.. first.Select(name => nodeOf[name])] } };
        }
        ScheduleResult? least = bound is not null || within is not null ? TryFileOrder(live.Memory, bound, within) : null;
        if (least is null && within is not null)
        {
            ScheduleResult reached = Scheduler.Solve(live.Memory, options.Schedule with { Enough = within }, cancellation);
            if (reached.LowerBoundBytes > within)
                return null;
            if (reached.PeakBytes <= within)
                least = reached;
        }
        least ??= Scheduler.Solve(live.Memory, options.Schedule, cancellation);
        if (least.PeakBytes > within)
            return null;
        planned ??= options.AskForShapes ? PlannedShapesReader.TryRead(model, shapes) : null;
        return new PlanningProblem(model, shapes, options, graph, allShapes, live, least)
        {
            AsInferred = planned is null ? allShapes : new AllocationModel(graph, shapes, planned),
        };
    }

    /// <summary>The order of the file, if it meets a bound, so that it is proven, or is within what is asked for: then nothing is left to search for; else null.</summary>
    private static ScheduleResult? TryFileOrder(MemoryGraph memory, long? bound, long? within)
    {
        int[] order = [.. Enumerable.Range(0, memory.OperatorCount)];
        long peak = LiveProfile.Peak(memory, order);
        if (peak == bound)
            return new ScheduleResult(order, peak, peak, 0, SearchStop.Proven);
        return peak <= within ? new ScheduleResult(order, peak, Math.Min(peak, bound ?? 0), 0, SearchStop.Enough) : null;
    }

    /// <summary>The same with another schedule of the same peak.</summary>
    public PlanningProblem With(ScheduleResult least) => this with { Least = least };
}
