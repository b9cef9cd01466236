using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>Plans a model for ONNX Runtime: the order that costs least there, pinned so that it is what is executed.</summary>
internal static class OnnxRuntimePlanner
{
    /// <summary>What a file costs as ONNX Runtime executes it, under the session options that make the figure true.</summary>
    /// <param name="model">The model, as written.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="planned">Shapes as far as ONNX Runtime knows them before a run; null to ask ONNX Runtime.</param>
    public static AllocationPlan CostOfFile(ModelProto model, ShapeTable shapes, PlannedShapes? planned = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        return CostOfFile(new OrtGraph(model.Graph), shapes, planned ?? PlannedShapesReader.TryRead(model, shapes));
    }

    private static AllocationPlan CostOfFile(OrtGraph graph, ShapeTable shapes, PlannedShapes? planned) =>
        new AllocationSimulator(new AllocationModel(graph, shapes, planned)).Plan(ExecutionOrder.Of(graph));

    /// <summary>The model as it is, in the order in which ONNX Runtime executes it: nothing is pinned, stated or veiled.</summary>
    /// <param name="model">The model; all its nodes have names of their own.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="options">Limits of the search for the bound.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static OnnxRuntimePlan AsItIs(ModelProto model, ShapeTable shapes, OnnxRuntimePlanOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        ArgumentNullException.ThrowIfNull(options);
        OrtGraph graph = new(model.Graph);
        AllocationPlan plan = CostOfFile(graph, shapes, PlannedShapesReader.TryRead(model, shapes));
        AllocationModel allocations = new(graph, shapes);
        OnnxRuntimeGraph live = OnnxRuntimeGraph.Build(allocations);
        long bound = Scheduler.Solve(live.Memory, options.Schedule, cancellation).LowerBoundBytes;
        return new OnnxRuntimePlan(model, graph, plan, plan.Peak, plan.Profile, LiveProfile.Peak(live.Memory, plan.Order), bound, 0, 1)
        {
            UnplannedBodies = allocations.Unplanned,
        };
    }

    /// <summary>Finds the cheapest order and pins it.</summary>
    /// <param name="model">A model that ONNX Runtime leaves as it is when it loads it with all optimizations off; not changed. All its
    /// nodes have names of their own.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="options">Limits.</param>
    /// <param name="planned">Shapes of the source model as far as ONNX Runtime knows them before a run; null to ask ONNX Runtime.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static OnnxRuntimePlan Plan(
        ModelProto model, ShapeTable shapes, OnnxRuntimePlanOptions? options = null, PlannedShapes? planned = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        PlanningProblem problem = PlanningProblem.TryPrepare(model, shapes, options ?? OnnxRuntimePlanOptions.Default, planned, null, null, cancellation)!;
        return new PinnedPlanner(problem, cancellation).TryPlan(null)!;
    }
}
