using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>Finds the plan of least peak: over starts, rewrites, orders, and regions in pieces.</summary>
internal sealed class OnnxRuntimeSearch(PlanningTask task, OnnxRuntimeStarts starts)
{
    /// <summary>ONNX Runtime is asked about every candidate.</summary>
    private const RewriteTechniques Asked = RewriteTechniques.All & ~(RewriteTechniques.Estimates | RewriteTechniques.KnownShapes);

    /// <summary>States of the search for the order of a model with regions in pieces: half a second of processor time.</summary>
    private const long StatesForPieces = 200_000;

    private readonly OptimizeRequest _request = task.Request;
    private readonly SourceModel _source = task.Source;
    private readonly CancellationToken _cancellation = task.Cancellation;

    /// <summary>The best plan of any start.</summary>
    public OnnxRuntimeExecutorPlan Run(RewriteLevel level)
    {
        PlanStart start = starts.First, today = starts.Today;
        OnnxRuntimeExecutorPlan planned = Plan(start, level, RewriteRestriction.None);
        if (ReferenceEquals(start, today))
            return planned;
        if (planned.Bytes > starts.Original.Peak || FusingHides(today, start))
        {
            // A fused operator may need more at once than its parts one by one, or stand behind a reshape that no concat passes. Memory is what was asked for.
            OnnxRuntimeExecutorPlan unfused = Plan(today, level, RewriteRestriction.None);
            if (unfused.Bytes < planned.Bytes)
                return unfused;
        }
        else if (TakesMore(planned))
        {
            // The same tensors at the peak, and a convolution's scratch on top of them that the source has beside them.
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(today.Model, today.Shapes, Options(), starts.KnownOf(today), _cancellation);
            OnnxRuntimeExecutorPlan unfused = Made(plan, today.Shapes, today, [], planned.Work with { Ratio = 1 });
            if (unfused.Bytes <= planned.Bytes && !TakesMore(unfused))
                return unfused;
        }
        return planned;
    }

    /// <summary>Limits of a search, as the _request states them.</summary>
    public OnnxRuntimePlanOptions Options()
    {
        OnnxRuntimePlanOptions options = OnnxRuntimePlanOptions.Default with { Targets = _request.Targets };
        return _request.SearchLimit is { } limit ? options with { Schedule = ScheduleOptions.Default with { StateLimit = limit } } : options;
    }

    /// <summary>
    /// True if more products absorb a concat before fusing: a product of tokens and its bias become a Gemm between two reshapes, for example.
    /// </summary>
    private bool FusingHides(PlanStart today, PlanStart fused)
    {
        return _request.Rewrite == RewriteLevel.All && Absorbing(today) > Absorbing(fused);

        int Absorbing(PlanStart model) => RewriteSequence
            .Sites(new RewriteGraph(RewriteCandidate.Unchanged(model.Model, model.Shapes), Executor.OnnxRuntime, _source.File.Path), RewriteLevel.All)
            .Count(site => RewriteSequence.Of(site.Kind).EndsConcat);
    }

    /// <summary>True if a plan with its kernels' scratch most likely needs more than the source as it is executed today.</summary>
    private bool TakesMore(OnnxRuntimeExecutorPlan planned) => Required(planned.Plan, planned.Shapes) > KernelWorkspace.Peak(
        new OrtGraph(starts.Today.Model.Graph), starts.Today.Shapes, starts.Original, TargetKernels.Of(_request.Targets));

    /// <summary>The plan of least peak from one start.</summary>
    /// <param name="start">The start.</param>
    /// <param name="level">Which rewrites may be applied.</param>
    /// <param name="restriction">What is known against them.</param>
    /// <param name="techniques">What may be used to be fast.</param>
    public OnnxRuntimeExecutorPlan Plan(PlanStart start, RewriteLevel level, RewriteRestriction restriction, RewriteTechniques techniques = RewriteTechniques.All)
    {
        RewriteCandidate unchanged = RewriteCandidate.Unchanged(start.Model, start.Shapes);
        OnnxRuntimeCosts costs = new(unchanged, Options(), techniques, starts.KnownOf(start));
        RewriteOptions rewrites = new() { Executor = Executor.OnnxRuntime, Level = level, ModelPath = _source.File.Path, WorkLimit = _request.WorkLimit, Restriction = restriction };
        RewriteOutcome outcome = RewriteSearch.Run(unchanged, rewrites, costs, _cancellation);
        // The order of the accumulation groups stands; what only another order would have read is left out of the file.
        RewriteCandidate best = outcome.Best.Written;
        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(AccumulationChain.Settle(best), best.Shapes, costs.Full, cancellation: _cancellation);
        // The search takes much of ONNX Runtime for granted; here it was asked.
        if (plan.SimulatedPeak >= outcome.Best.PeakBytes + RewriteSearch.Worth(outcome.Best.PeakBytes) && level != RewriteLevel.None && techniques != Asked)
            return Plan(start, level, restriction, Asked);
        if (outcome.Applied.Count > 0 && restriction.Only is null && plan.SimulatedPeak >= outcome.Original.PeakBytes)
            return Plan(start, RewriteLevel.None, restriction, techniques);
        OnnxRuntimeExecutorPlan whole = Made(plan, best.Shapes, start, outcome.Applied, outcome.Work);
        if (restriction.Pieces.Count > 0)
        {
            PartitionFormSource forms = new(unchanged, rewrites, costs, _cancellation);
            return new PartitionFormSearch(task, this, whole, forms, best, outcome.Original, techniques).Carry(restriction.Pieces) ?? whole;
        }
        if (!_request.Partition || level == RewriteLevel.None || restriction.Only is not null || unchanged.PredictedNanoseconds <= 0)
            return whole;
        return new PartitionFormSearch(task, this, whole, new PartitionFormSource(unchanged, rewrites, costs, _cancellation), best, outcome.Original, techniques).Run();
    }

    /// <summary>
    /// Limits for a model in pieces: they are many and alike, so a proof may take as many states as there are; the order that they were chosen with is a good one. A limit that the user
    /// states stands.
    /// </summary>
    /// <param name="full">Limits for what is written.</param>
    /// <param name="states">States of the search.</param>
    public OnnxRuntimePlanOptions PieceOptions(OnnxRuntimePlanOptions full, long states = StatesForPieces) =>
        _request.SearchLimit is not null ? full : full with { Schedule = full.Schedule with { StateLimit = Math.Min(full.Schedule.StateLimit, states) } };

    /// <summary>A plan's peak with its kernels' scratch, as far as that is known.</summary>
    public long Required(OnnxRuntimePlan plan, ShapeTable shapes) => KernelWorkspace.Peak(plan.Graph, shapes, plan.Allocations, TargetKernels.Of(_request.Targets));

    /// <summary>A plan with where it comes from.</summary>
    public OnnxRuntimeExecutorPlan Made(OnnxRuntimePlan plan, ShapeTable shapes, PlanStart start, IReadOnlyList<AppliedRewrite> rewrites, WorkFacts work) => new()
    {
        Plan = plan,
        Start = start,
        Reference = _source.Reference,
        Shapes = shapes,
        Rewrites = rewrites,
        Work = work,
    };
}
