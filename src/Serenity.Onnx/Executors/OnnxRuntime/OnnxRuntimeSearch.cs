using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>Finds the plan of least peak: over starts, rewrites, orders, and regions in pieces.</summary>
internal sealed class OnnxRuntimeSearch(PlanningTask task, OnnxRuntimeStarts starts)
{
    /// <summary>ONNX Runtime is asked about every candidate.</summary>
    private const RewriteTechniques Asked = RewriteTechniques.All & ~(RewriteTechniques.Estimates | RewriteTechniques.KnownShapes);

    /// <summary>States of the search for the order of a model with regions in pieces: a few seconds of processor time.</summary>
    private const long StatesForPieces = 400_000;

    /// <summary>How often pieces are chosen anew for what it takes to hold their order.</summary>
    private const int MostAttempts = 3;

    /// <summary>Time that pieces chosen anew have to do without at least, as a part of the unchanged model's: with less, the same ones would be chosen.</summary>
    private const double LeastReserve = 0.01;

    /// <summary>By how much the nodes that hold the order may bring predicted time over the limit, as a part of what the limit adds: less than predictions are off by.</summary>
    private const double MostOver = 0.05;

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
        return !_request.Partition || level == RewriteLevel.None || restriction.Only is not null ? whole : Partition(whole, best, unchanged, outcome.Original, rewrites, costs, techniques);
    }

    /// <summary>
    /// The plan with regions in pieces, where that lowers the peak: of the rewritten model, of the model before the other rewrites, which may stand in its way, or of the model after those that pay
    /// in pieces.
    /// </summary>
    private OnnxRuntimeExecutorPlan Partition(OnnxRuntimeExecutorPlan whole, RewriteCandidate rewritten, RewriteCandidate unchanged, RewriteCost original, RewriteOptions rewrites,
        OnnxRuntimeCosts costs, RewriteTechniques techniques)
    {
        double work = unchanged.PredictedNanoseconds;
        long saved = whole.Rewrites.Sum(r => r.SavedBytes);
        if (work <= 0)
            return whole;
        bool isLimited = whole.Work.Limited;
        PartitionForm settled = new(AccumulationChain.Settle(rewritten), whole.Shapes, [.. whole.Plan.Schedule], whole.Work.Ratio, whole.Rewrites);
        double wholeTime = Time(settled.Model, whole.Shapes, whole.Plan);
        long wholeRequired = Required(whole.Plan, whole.Shapes);
        List<(PartitionForm Form, PartitionedModel Cut)> cuts = [];
        List<PartitionForm> passedOver = [];
        PartitionFormSource source = new(unchanged, rewrites, costs, _cancellation);
        PartitionForm none = whole.Rewrites.Count > 0 ? new(unchanged.Model, unchanged.Shapes, [.. original.Order.Names], 1, []) : settled;
        TryForm(settled);
        if (none != settled)
            TryForm(none);
        // Where neither can be cut, the others are not worth their time. Over a range of sizes each set of rewrites would have to be costed at all of them.
        if (cuts.Count > 0 && unchanged.Shapes.Formulas is null)
        {
            foreach (PartitionForm form in PartitionForm.Rewritten(source, original.PeakBytes, whole.Rewrites))
                TryForm(form);
        }
        whole = whole with { Work = whole.Work with { Limited = isLimited } };
        OnnxRuntimeExecutorPlan best = whole;
        long required = wholeRequired;
        foreach ((PartitionForm form, PartitionedModel first) in cuts.OrderBy(c => c.Cut.RequiredBytes).ThenBy(c => c.Cut.PeakBytes))
            Take(form, first);
        foreach (PartitionForm form in passedOver)
        {
            if (ReferenceEquals(best, whole) && Cut(form, 0) is { } cut)
                Take(form, cut);
        }
        return best with { Work = best.Work with { Limited = isLimited } };

        void Take(PartitionForm form, PartitionedModel first)
        {
            if (Planned(form, first) is not var (planned, cut, plan, ratio))
                return;
            required = Required(plan, cut.Shapes);
            long left = whole.Plan.SimulatedPeak + saved - plan.SimulatedPeak;
            AppliedRewrite[] before = [.. planned.Applied.Select(Share)];
            best = Made(
                plan, cut.Shapes, whole.Start, [.. before, .. cut.Regions.Select((region, i) => Told(region, i == cut.Regions.Count - 1))],
                whole.Work with { Ratio = Math.Round(ratio, 3), Limited = isLimited })
            with
            { Whole = whole };

            AppliedRewrite Share(AppliedRewrite rewrite)
            {
                long its = Math.Min(rewrite.SavedBytes, left);
                left -= its;
                return rewrite with { SavedBytes = its };
            }

            // What ONNX Runtime holds for later tensors is the last one's.
            AppliedRewrite Told(PartitionedRegion region, bool last)
            {
                long its = last ? left : Math.Clamp(region.SavedBytes, 0, Math.Max(0, left));
                left -= its;
                double added = Math.Round(region.Added / work, 3);
                return new AppliedRewrite(ModelPartition.Kind, region.Nodes, true, its) { AddedTime = added, Pieces = new PieceFacts(region.Pieces, region.Value, region.Axis, added) };
            }
        }

        // Nodes that hold the order and hide shapes take time too; how many there are shows once a plan is pinned. What is beyond the limit then, pieces have to do without.
        (PartitionForm Form, PartitionedModel Cut, OnnxRuntimePlan Plan, double Ratio)? Planned(PartitionForm form, PartitionedModel? cut)
        {
            double reserve = 0;
            PartitionFormReduction.Reduced? fewer = null;
            for (int attempt = 0; attempt < MostAttempts && cut is not null; attempt++)
            {
                if (!Pays(cut.PeakBytes, cut.RequiredBytes))
                    return null;
                fewer = attempt == 0 || fewer is not null ? Reduced(form, cut, reserve, fewer?.Sites) : null;
                if (Least(form, cut, fewer) is not var (least, pieces, plan) || !Pays(plan.SimulatedPeak, Required(plan, pieces.Shapes)))
                    return null;
                double ratio = whole.Work.Ratio + ((Time(pieces.Model, pieces.Shapes, plan) - wholeTime) / work), over = ratio - _request.WorkLimit;
                if (over <= MostOver * (_request.WorkLimit - 1))
                    return (least, pieces, plan, ratio);
                isLimited = true;
                reserve += Math.Max(over, LeastReserve);
                cut = Cut(form, reserve);
            }
            return null;
        }

        // With fewer rewrites, if that plan is as low as its pieces were to be, or as the plan with all of them.
        (PartitionForm Form, PartitionedModel Cut, OnnxRuntimePlan Plan)? Least(PartitionForm form, PartitionedModel cut, PartitionFormReduction.Reduced? fewer)
        {
            OnnxRuntimePlan? less = fewer is null ? null : PlanOf(fewer.Cut);
            if (less is not null && (ReferenceEquals(fewer!.Cut, cut) || IsWithin(cut.PeakBytes, cut.RequiredBytes)))
                return (fewer.Form, fewer.Cut, less);
            OnnxRuntimePlan? all = PlanOf(cut);
            if (less is not null && (all is null || IsWithin(all.SimulatedPeak, Required(all, cut.Shapes))))
                return (fewer!.Form, fewer.Cut, less);
            return all is null ? null : (form, cut, all);

            bool IsWithin(long peak, long bytes) => less.SimulatedPeak <= peak && Required(less, fewer!.Cut.Shapes) <= bytes;
        }

        // Null for what ONNX Runtime changes as it loads a model: that would not be what was planned.
        OnnxRuntimePlan? PlanOf(PartitionedModel cut) => !costs.IsKept(RewriteCandidate.Unchanged(cut.Model, cut.Shapes)) ? null
            : OnnxRuntimePlanner.Plan(cut.Model, cut.Shapes, PieceOptions(costs.Full) with { First = cut.Order }, cancellation: _cancellation);

        // Without what its pieces do not need. Over a range of sizes each set of rewrites would have to be costed at all of them.
        PartitionFormReduction.Reduced? Reduced(PartitionForm form, PartitionedModel goal, double reserve, IReadOnlyList<RewriteSite>? before)
        {
            if (form.Applied.Count == 0 || unchanged.Shapes.Formulas is not null)
                return null;
            OnnxRuntimeSharing sharing = new(TargetKernels.Of(_request.Targets));
            return new PartitionFormReduction(
                source, (fewer, like, reach) => ModelPartition.TryCutLike(Indexed(fewer), like, reach, _source.File.Path, work * (_request.WorkLimit - fewer.Ratio - reserve),
                    techniques, _cancellation),
                Indexed).Run(form, goal, none, original.PeakBytes, before);

            PartitionGraph Indexed(PartitionForm model) => new(model.Model, model.Shapes, model.Order, _source.File.Path, sharing) { CutsOpen = true };
        }

        static double Time(ModelProto model, ShapeTable shapes, OnnxRuntimePlan plan) => KernelTime.Of(model.Graph, shapes) + (plan.Anchors * TermPrices.Of(TimeTerm.View));

        // Neither live bytes nor those with scratch may rise, and one of them must fall by what is worth it.
        bool Pays(long peak, long requiredBytes) => peak <= best.Plan.SimulatedPeak && requiredBytes <= required
            && (peak <= best.Plan.SimulatedPeak - RewriteSearch.Worth(best.Plan.SimulatedPeak) || requiredBytes <= required - RewriteSearch.Worth(required));

        // What does not come as low as a form before is of use only where that cannot be planned.
        void TryForm(PartitionForm form)
        {
            if (Cut(form, 0, cuts.Count == 0 ? long.MaxValue : cuts.Min(c => c.Cut.RequiredAtFirst)) is { } cut)
                cuts.Add((form, cut));
            else if (cuts.Count > 0)
                passedOver.Add(form);
        }

        PartitionedModel? Cut(PartitionForm form, double reserve, long wanted = long.MaxValue)
        {
            form.Search ??= ModelPartition.Begin(
                form.Model, form.Shapes, form.Order, _source.File.Path, new OnnxRuntimeSharing(TargetKernels.Of(_request.Targets)), techniques, _cancellation);
            PartitionedModel? cut = ModelPartition.TryCut(
                form.Search, _source.File.Path, work * (_request.WorkLimit - form.Ratio - reserve), wanted, techniques, out bool limited, _cancellation);
            isLimited |= limited;
            return cut;
        }
    }

    /// <summary>
    /// Limits for a model in pieces: they are many and alike, so a proof may take as many states as there are; the order that they were chosen with is a good one. A limit that the user
    /// states stands.
    /// </summary>
    public OnnxRuntimePlanOptions PieceOptions(OnnxRuntimePlanOptions full) =>
        _request.SearchLimit is not null ? full : full with { Schedule = full.Schedule with { StateLimit = Math.Min(full.Schedule.StateLimit, StatesForPieces) } };

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
