using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Planning.Scheduling;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>
/// Chooses among the three ways to write a model, as it is, with all shapes stated, or behind a veil, and pins the order of the one that costs
/// least. The veil takes nodes, so it has to pay.
/// </summary>
internal sealed class PinnedPlanner
{
    private readonly PlanningProblem _problem;
    private readonly OnnxRuntimePlanOptions _options;
    private readonly OrtGraph _graph;
    private readonly KernelWorkspace? _workspace;
    private readonly SimulatedPeakSearch _search;
    private readonly CancellationToken _cancellation;

    /// <summary>Prepares the plan of a problem.</summary>
    public PinnedPlanner(PlanningProblem problem, CancellationToken cancellation)
    {
        _options = problem.Options;
        _graph = problem.Graph;
        _cancellation = cancellation;
        // For what is written: among orders of one peak, one with the kernels' own scratch beside it.
        _workspace = _options.FewestNodes ? KernelWorkspace.Find(_graph, problem.Live.Memory, problem.Shapes, TargetKernels.Of(_options.Targets)) : null;
        _problem = problem.With(_workspace?.Improve(problem.Least, _options.Schedule, cancellation) ?? problem.Least);
        _search = new SimulatedPeakSearch(_problem.Live.Memory, _problem.Least, _options, cancellation);
    }

    private long LeastPeak => _problem.Least.PeakBytes;

    /// <summary>Plans.</summary>
    /// <param name="within">The peak that is asked for, in bytes; null for none.</param>
    /// <returns>The plan; null if its peak would be above <paramref name="within"/>.</returns>
    public OnnxRuntimePlan? TryPlan(long? within)
    {
        List<Candidate> candidates = Candidates();
        long best = candidates[0].Peak;
        bool mayVeil = _options.Veil && best > LeastPeak;
        if (best > within && !mayVeil)
            return null;
        _cancellation.ThrowIfCancellationRequested();
        if (mayVeil)
        {
            VeiledPlanner planner = new(_problem);
            if (best > within && planner.WantedPeak > within)
                return null;
            if (planner.WantedPeak < best && planner.TryPlan(_options.FewestNodes, _cancellation) is { } veiled && veiled.Plan.Peak < best &&
                TryWrite(veiled) is { } written)
            {
                return veiled.Plan.Peak > within ? null : written;
            }
        }
        foreach (Candidate candidate in candidates)
        {
            if (candidate.Peak > within)
                return null;
            if (TryWrite(candidate) is { } written)
                return written;
        }
        throw new InvalidOperationException("No order could be pinned, not even the one that is executed today.");
    }

    /// <summary>Orders without a veil, the cheapest first; the one executed today, which can be pinned, is among them.</summary>
    private List<Candidate> Candidates()
    {
        List<Candidate> candidates = [.. _search.Run(_problem.AsInferred, _problem.Today).Select(found => new Candidate(found.Peak, false, found.Order))];
        if (_problem.AsInferred != _problem.AllShapes && candidates[0].Peak > LeastPeak)
            candidates.AddRange(_search.Run(_problem.AllShapes, _problem.Today).Select(found => new Candidate(found.Peak, true, found.Order)));
        return [.. candidates.OrderBy(candidate => candidate.Peak).ThenBy(candidate => _workspace?.Peak(candidate.Order) ?? 0)];
    }

    private OnnxRuntimePlan? TryWrite(VeiledPlan veiled)
    {
        AllocationSimulator behind = new(veiled.Allocations);
        Func<int[], bool>? asGood = AsGood(behind, veiled.Plan, veiled.Graph.OnSource);
        if (TryPin(veiled.Model, veiled.Graph.Index, veiled.Graph.Shapes, veiled.Plan, behind, asGood) is not { } pinned)
            return null;
        veiled = veiled.InOrder(pinned.Order);
        int[] order = veiled.Graph.OnSource(veiled.Graph.Order);
        return Result(pinned.Model, veiled.OnSource(_graph, order), order, pinned.Anchors + veiled.Graph.Nodes);
    }

    private OnnxRuntimePlan? TryWrite(Candidate candidate)
    {
        AllocationSimulator simulator = new(candidate.StatesShapes ? _problem.AllShapes : _problem.AsInferred);
        AllocationPlan plan = simulator.Plan(candidate.Order);
        if (TryPin(_problem.Model, _graph, _problem.Shapes, plan, simulator, AsGood(simulator, plan)) is not { } pinned)
            return null;
        if (candidate.StatesShapes)
            ShapeRecord.Write(pinned.Model.Graph, _problem.Shapes);
        return Result(pinned.Model, simulator.Plan(pinned.Order), pinned.Order, pinned.Anchors);
    }

    private OnnxRuntimePlan Result(ModelProto written, AllocationPlan plan, int[] order, int anchors)
    {
        AllocationPlan original = new AllocationSimulator(_problem.AsInferred).Plan(_problem.Today);
        return new OnnxRuntimePlan(
            written, _graph, plan, original.Peak, original.Profile, LiveProfile.Peak(_problem.Live.Memory, order), _problem.Least.LowerBoundBytes,
            anchors, _search.Evaluations)
        {
            UnplannedBodies = _problem.AllShapes.Unplanned,
        };
    }

    /// <summary>Which other orders will do where that saves anchors: at the bound any of the same peak. Above it, the live peak could rise unseen.</summary>
    private Func<int[], bool>? AsGood(AllocationSimulator simulator, AllocationPlan plan, Func<int[], int[]>? onGraph = null)
    {
        if (!_options.FewestNodes || plan.Peak != LeastPeak)
            return null;
        long most = Within(plan.Order);
        return order => simulator.Peak(order) <= plan.Peak && Within(order) <= most;

        long Within(int[] order) => _workspace?.Peak(onGraph is null ? order : onGraph(order)) ?? 0;
    }

    /// <summary>Pins a plan's order, or another that needs no more, in which nodes that cannot be held stand where they run anyway.</summary>
    private (ModelProto Model, int Anchors, int[] Order)? TryPin(
        ModelProto model, OrtGraph graph, ShapeTable shapes, AllocationPlan plan, AllocationSimulator simulator, Func<int[], bool>? isAsGood)
    {
        if (At(plan.Order) is not { } pinned)
        {
            int[] late = LateOrder.Of(graph, plan.Order, node => !OrderPinning.CanHold(graph, node, _problem.Opset, TypeOf));
            if (late.AsSpan().SequenceEqual(plan.Order) || simulator.Peak(late) > plan.Peak || At(late) is not { } pinnedLate)
                return null;
            pinned = pinnedLate;
        }
        return (ModelCopy.WithGraph(model, pinned.Graph), pinned.Anchors, pinned.Order);

        DataType? TypeOf(string name) => shapes.Find(name)?.ElementType;

        PinnedOrder? At(int[] order) => OrderPinning.TryPin(graph, order, _problem.Opset, TypeOf, isAsGood);
    }

    private sealed record Candidate(long Peak, bool StatesShapes, int[] Order);
}
