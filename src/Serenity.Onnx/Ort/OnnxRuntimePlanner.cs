using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Ort;

/// <summary>Plans a model for ONNX Runtime: the order that costs least there, pinned so that it is what is executed.</summary>
public static class OnnxRuntimePlanner
{
    /// <summary>What a file costs as ONNX Runtime executes it, under the session options that make the figure true.</summary>
    /// <param name="model">The model, as written.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="planned">Shapes as far as ONNX Runtime knows them before a run; null to ask ONNX Runtime.</param>
    public static AllocationPlan CostOfFile(ModelProto model, ShapeTable shapes, PlannedShapes? planned = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        OrtGraph graph = new(model.Graph);
        planned ??= PlannedShapesReader.TryRead(model, shapes);
        return new AllocationSimulator(new AllocationModel(graph, shapes, planned)).Plan(ExecutionOrder.Of(graph));
    }

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
        AllocationPlan plan = CostOfFile(model, shapes);
        OrtGraph graph = new(model.Graph);
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
        return TryPlan(model, shapes, options ?? OnnxRuntimePlanOptions.Default, planned, null, null, cancellation)!;
    }

    /// <summary>The same, given up as soon as it is certain that the peak would be above a figure.</summary>
    /// <param name="model">See <see cref="Plan"/>.</param>
    /// <param name="shapes">Shapes of all values of its graph.</param>
    /// <param name="options">Limits.</param>
    /// <param name="planned">Shapes as far as ONNX Runtime knows them; null to ask it.</param>
    /// <param name="known">A schedule known already; null for none.</param>
    /// <param name="within">The figure in bytes; null for none.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>The plan; null if its peak would be above <paramref name="within"/>.</returns>
    internal static OnnxRuntimePlan? TryPlan(
        ModelProto model, ShapeTable shapes, OnnxRuntimePlanOptions options, PlannedShapes? planned, KnownSchedule? known, long? within,
        CancellationToken cancellation)
    {
        return PlanningProblem.TryPrepare(model, shapes, options, planned, known, within, cancellation) is { } problem ? TryPlan(problem, within, cancellation) : null;
    }

    /// <summary>Plans what was prepared.</summary>
    /// <returns>The plan; null if its peak would be above <paramref name="within"/>.</returns>
    internal static OnnxRuntimePlan? TryPlan(PlanningProblem problem, long? within, CancellationToken cancellation)
    {
        OnnxRuntimePlanOptions options = problem.Options;
        OrtGraph graph = problem.Graph;
        // For what is written: among orders of one peak, one with the kernels' own scratch beside it.
        KernelWorkspace? workspace = options.FewestNodes ? KernelWorkspace.Find(graph, problem.Live.Memory, problem.Shapes) : null;
        problem = problem.With(workspace?.Improve(problem.Least, options.Schedule, cancellation) ?? problem.Least);
        (ScheduleResult least, AllocationModel allShapes, AllocationModel asInferred) = (problem.Least, problem.AllShapes, problem.AsInferred);
        AllocationPlan original = new AllocationSimulator(asInferred).Plan(problem.Today);

        // Three ways to write the file: as it is, with all shapes stated, or behind a veil. The last one takes nodes, so it has to pay.
        SimulatedPeakSearch search = new(problem.Live.Memory, least, options, cancellation);
        List<Candidate> candidates = [.. search.Run(asInferred, problem.Today).Select(found => new Candidate(found.Peak, false, found.Order))];
        if (asInferred != allShapes && candidates[0].Peak > least.PeakBytes)
            candidates.AddRange(search.Run(allShapes, problem.Today).Select(found => new Candidate(found.Peak, true, found.Order)));
        candidates = [.. candidates.OrderBy(candidate => candidate.Peak).ThenBy(candidate => workspace?.Peak(candidate.Order) ?? 0)];
        bool mayVeil = options.Veil && candidates[0].Peak > least.PeakBytes;
        if (candidates[0].Peak > within && !mayVeil)
            return null;
        cancellation.ThrowIfCancellationRequested();

        OnnxRuntimePlan Result(ModelProto written, AllocationPlan plan, int[] order, int anchors) => new(
            written, graph, plan, original.Peak, original.Profile, LiveProfile.Peak(problem.Live.Memory, order), least.LowerBoundBytes, anchors, search.Evaluations)
        {
            UnplannedBodies = allShapes.Unplanned,
        };

        // At the bound any other order of the same peak is as good. Above it, the live peak could rise unseen.
        Func<int[], bool>? AsGood(AllocationSimulator simulator, AllocationPlan plan, Func<int[], int[]>? onGraph = null)
        {
            if (!options.FewestNodes || plan.Peak != least.PeakBytes)
                return null;
            long Within(int[] order) => workspace?.Peak(onGraph is null ? order : onGraph(order)) ?? 0;
            long most = Within(plan.Order);
            return order => simulator.Peak(order) <= plan.Peak && Within(order) <= most;
        }

        if (mayVeil)
        {
            VeiledPlanner planner = new(problem);
            if (candidates[0].Peak > within && planner.WantedPeak > within)
                return null;
            if (planner.WantedPeak < candidates[0].Peak && planner.TryPlan(options.FewestNodes, cancellation) is { } veiled && veiled.Plan.Peak < candidates[0].Peak)
            {
                AllocationSimulator behind = new(veiled.Allocations);
                Func<int[], bool>? asGood = AsGood(behind, veiled.Plan, order => veiled.InOrder(order).OrderOn(graph));
                if (Pin(problem.Opset, veiled.Model, veiled.Graph.Index, veiled.Graph.Shapes, veiled.Plan, behind, asGood) is { } pinnedVeil)
                {
                    if (veiled.Plan.Peak > within)
                        return null;
                    veiled = veiled.InOrder(pinnedVeil.Order);
                    int[] order = veiled.OrderOn(graph);
                    return Result(pinnedVeil.Model, veiled.OnSource(graph, order), order, pinnedVeil.Anchors + veiled.Graph.Nodes);
                }
            }
        }
        foreach (Candidate candidate in candidates)
        {
            if (candidate.Peak > within)
                return null;
            AllocationSimulator simulator = new(candidate.StatesShapes ? allShapes : asInferred);
            AllocationPlan plan = simulator.Plan(candidate.Order);
            if (Pin(problem.Opset, problem.Model, graph, problem.Shapes, plan, simulator, AsGood(simulator, plan)) is not { } pinned)
                continue;
            if (candidate.StatesShapes)
                ShapeRecord.Write(pinned.Model.Graph, problem.Shapes);
            return Result(pinned.Model, simulator.Plan(pinned.Order), pinned.Order, pinned.Anchors);
        }
        throw new InvalidOperationException("No order could be pinned, not even the one that is executed today.");
    }

    /// <summary>Pins a plan's order, or another that needs no more, in which nodes that cannot be held stand where they run anyway.</summary>
    private static (ModelProto Model, int Anchors, int[] Order)? Pin(
        long opset, ModelProto model, OrtGraph graph, ShapeTable shapes, AllocationPlan plan, AllocationSimulator simulator, Func<int[], bool>? isAsGood)
    {
        if (TryPin(plan.Order) is not { } pinned)
        {
            int[] late = LateOrder.Of(graph, plan.Order, node => !OrderPinning.CanHold(graph, node, opset, TypeOf));
            if (late.AsSpan().SequenceEqual(plan.Order) || simulator.Peak(late) > plan.Peak || TryPin(late) is not { } pinnedLate)
                return null;
            pinned = pinnedLate;
        }
        ModelProto result = new(model) { Graph = pinned.Graph };
        Dictionary<int, int> nodeAt = [];
        for (int node = 0; node < graph.NodeCount; node++)
            nodeAt.Add(graph.FilePosition(node), node);
        return (result, pinned.Anchors, Array.ConvertAll(pinned.Order, position => nodeAt[position]));

        DataType? TypeOf(string name) => shapes.Find(name)?.ElementType;

        PinnedOrder? TryPin(int[] order) => OrderPinning.TryPin(model.Graph, Array.ConvertAll(order, graph.FilePosition), opset, TypeOf, isAsGood);
    }

    private sealed record Candidate(long Peak, bool StatesShapes, int[] Order);
}
