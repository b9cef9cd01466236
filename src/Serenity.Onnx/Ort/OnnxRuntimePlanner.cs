using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Ort;

/// <summary>Plans a model for ONNX Runtime: the order that costs least there, pinned so that it is what is executed.</summary>
public static class OnnxRuntimePlanner
{
    /// <summary>What a file costs as ONNX Runtime executes it, under the session options that make the figure true.</summary>
    /// <param name="model">The model, as written.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="planned">Shapes as far as ONNX Runtime knows them before a run; null if it knows them all.</param>
    public static AllocationPlan CostOfFile(ModelProto model, ShapeTable shapes, PlannedShapes? planned = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        OrtGraph graph = new(model.Graph);
        return new AllocationSimulator(new AllocationModel(graph, shapes, null, planned)).Plan(ExecutionOrder.Of(graph));
    }

    /// <summary>Finds the cheapest order and pins it.</summary>
    /// <param name="model">A model that ONNX Runtime leaves as it is when it loads it with all optimizations off; not changed.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="options">Limits.</param>
    /// <param name="planned">Shapes of the source model as far as ONNX Runtime knows them before a run; null if it knows them all. The
    /// pinned model has all shapes written down, so this only touches what the source costs.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static OnnxRuntimePlan Plan(
        ModelProto model, ShapeTable shapes, OnnxRuntimePlanOptions? options = null, PlannedShapes? planned = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        options ??= OnnxRuntimePlanOptions.Default;

        OrtGraph graph = new(model.Graph);
        AllocationModel allocations = new(graph, shapes);
        OnnxRuntimeGraph live = OnnxRuntimeGraph.Build(allocations);
        ScheduleResult least = Scheduler.Solve(live.Memory, options.Schedule, cancellation);
        SimulatedPeakSearch search = new(allocations, live.Memory, least, options, cancellation);
        AllocationPlan original = CostOfFile(model, shapes, planned);

        foreach (int[] order in search.Run())
        {
            if (Pin(model, graph, shapes, order) is not { } pinned)
                continue;
            return new OnnxRuntimePlan(
                pinned.Model, graph, order, new AllocationSimulator(allocations).Plan(order), original.Peak, original.Profile,
                LiveProfile.Peak(live.Memory, order), least.LowerBoundBytes, pinned.Anchors, search.Evaluations);
        }
        throw new InvalidOperationException("The search gave no order, not even the one that is executed today.");
    }

    private static (ModelProto Model, int Anchors)? Pin(ModelProto model, OrtGraph graph, ShapeTable shapes, int[] order)
    {
        long opset = model.OpsetImport.FirstOrDefault(import => OperatorDomain.IsOnnx(import.Domain))?.Version ?? 0;
        PinnedOrder? pinned = OrderPinning.TryPin(
            model.Graph, Array.ConvertAll(order, graph.FilePosition), opset, name => shapes.Find(name)?.ElementType);
        if (pinned is null)
            return null;
        ModelProto result = new(model) { Graph = pinned.Graph };
        ShapeRecord.Write(result.Graph, shapes);
        return (result, pinned.Anchors);
    }
}
