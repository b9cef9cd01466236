using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Blocks;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Pipeline;

/// <summary>From a source model to a model that ONNX Runtime executes in the planned order, with the planned memory.</summary>
internal sealed class OnnxRuntimePipeline(OptimizeRequest request, SourceModel source, CancellationToken cancellation)
{
    /// <summary>ONNX Runtime is asked about every candidate.</summary>
    private const RewriteTechniques Asked = RewriteTechniques.All & ~(RewriteTechniques.Estimates | RewriteTechniques.KnownShapes);

    private static readonly Dictionary<string, long> NoFreeDimensions = [];

    private readonly List<SerenityDiagnostic> _warnings = [];
    private readonly long _work = WorkEstimate.Of(source.Model.Graph, source.Shapes.Main);
    private IReadOnlyList<LeftOutRewrite> _leftOut = [];

    /// <summary>What holds a plan to its promises; tests put their own in its place.</summary>
    internal Func<VerificationRequest, CancellationToken, VerificationOutcome> Verifier { get; init; } = ModelVerifier.Verify;

    public OptimizationResult Run()
    {
        request.Progress?.Invoke(PipelineStage.MeasureOriginal);
        bool runs = NativeRuntime.IsAvailable;
        _warnings.AddRange(PipelineWarnings.Of(source));
        Prepared today = Ready(runs ? ModelFusion.Settle(source.Model, source.File.ExternalFolder, source.File.Path, cancellation) : source.Model);
        PlannedShapes? known = PlannedShapesReader.TryRead(today.Model, today.Shapes);
        AllocationPlan original = OnnxRuntimePlanner.CostOfFile(today.Model, today.Shapes, known);

        if (OverwrittenInputs.FindShared(today.Model.Graph) is { } node)
        {
            // Its order is ONNX Runtime's own, which it does not tell.
            if (!ReferenceEquals(today.Model, source.Model))
                throw GraphCheck.Invalid(source.File.Path, $"{GraphCheck.Describe(node)} trains, and others read the mean or variance that it writes over, so that results depend on an order that nothing states");
            _warnings.Add(PipelineWarnings.KeptAsItIs(source, node));
            return PassThrough(today, new WorkFacts(request.WorkLimit, 1, Limited: false), request.Verify && runs);
        }
        request.Progress?.Invoke(PipelineStage.Fuse);
        Prepared start = request.Fuse && runs ? Fuse(today) : today;
        request.Progress?.Invoke(PipelineStage.Search);
        // Not beside a search where it would hold much: verification itself first looks whether it may.
        using SourceAhead? ahead = request.Verify && runs && original.Peak <= ModelVerifier.BytesForManyCases ? BeginVerification(start) : null;
        PlannedShapes? knownOfStart = start == today ? known : null;
        Planned planned = Plan(start, knownOfStart, request.Rewrite, RewriteRestriction.None);
        if (start != today && (planned.Plan.SimulatedPeak > original.Peak || FusingHides(today, start)))
        {
            // A fused operator may need more at once than its parts one by one, or stand behind a reshape that no concat passes. Memory is what was asked for.
            Planned unfused = Plan(today, known, request.Rewrite, RewriteRestriction.None);
            if (unfused.Plan.SimulatedPeak < planned.Plan.SimulatedPeak)
                planned = unfused;
        }
        else if (start != today && TakesMore(planned, today, original))
        {
            // The same tensors at the peak, and a convolution's scratch on top of them that the source has beside them.
            Planned unfused = new(
                OnnxRuntimePlanner.Plan(today.Model, today.Shapes, Options(), known, cancellation), today.Shapes, today, [], planned.Work with { Ratio = 1 });
            if (unfused.Plan.SimulatedPeak <= planned.Plan.SimulatedPeak && !TakesMore(unfused, today, original))
                planned = unfused;
        }
        PlannedShapes? knownOfPlan = planned.Start == today ? known : knownOfStart;
        return Conclude(planned, (level, restriction) => Plan(planned.Start, knownOfPlan, level, restriction), today, original, ahead);
    }

    /// <summary>
    /// True if more products absorb a concat before fusing: a product of tokens and its bias become a Gemm between two reshapes, for example.
    /// </summary>
    private bool FusingHides(Prepared today, Prepared fused)
    {
        return request.Rewrite == RewriteLevel.All && Absorbing(today) > Absorbing(fused);

        int Absorbing(Prepared model) => RewriteSequence
            .Sites(new RewriteGraph(RewriteCandidate.Unchanged(model.Model, model.Shapes), Executor.OnnxRuntime, source.File.Path), RewriteLevel.All)
            .Count(site => site.Kind is MatMulPartition.Name or ChannelPartition.Name or KernelPartition.Name);
    }

    /// <summary>True if a plan with its kernels' scratch most likely needs more than the source as it is executed today.</summary>
    private bool TakesMore(Planned planned, Prepared today, AllocationPlan original) =>
        Required(planned.Plan, planned.Shapes) > KernelWorkspace.Peak(new OrtGraph(today.Model.Graph), today.Shapes, original, TargetKernels.Of(request.Targets));

    /// <summary>With ONNX Runtime's fusions; the given one itself where there are none.</summary>
    private Prepared Fuse(Prepared today)
    {
        FusionResult result = ModelFusion.Fuse(source.Model, today.Model, source.File.ExternalFolder, source.Shapes.Main, source.File.Path, cancellation);
        if (result.Reason is { } reason)
            _warnings.Add(new SerenityDiagnostic(SerenityCodes.NotFused, DiagnosticSeverity.Warning, source.File.Path, reason));
        return result.Fused ? Ready(result.Model) with { Fused = true } : today;
    }

    private Prepared Ready(ModelProto model)
    {
        if (ReferenceEquals(model, source.Model))
            return new Prepared(model, source.Shapes.Main, Fused: false);
        UniqueNames.Assign(model);
        // The sizes asked for stand in the model already, and the names they were asked by are gone.
        ModelShapes shapes = ShapeInference.Run(model, source.File.Path, NoFreeDimensions, request.Bounds, source.Shapes.Main, cancellation);
        (model, shapes) = ResizeScales.Restate(model, shapes);
        return new Prepared(model, shapes.Main, Fused: false);
    }

    private SourceAhead? BeginVerification(Prepared start) => SourceAhead.Start(
        source.Reference, source.File.ExternalFolder, source.File.Path, start.Fused, _work, request.Threads, source.Shapes.Main);

    private Planned Plan(Prepared start, PlannedShapes? known, RewriteLevel level, RewriteRestriction restriction, RewriteTechniques techniques = RewriteTechniques.All)
    {
        RewriteCandidate unchanged = RewriteCandidate.Unchanged(start.Model, start.Shapes);
        OnnxRuntimeCosts costs = new(unchanged, Options(), techniques, known);
        RewriteOutcome outcome = RewriteSearch.Run(
            unchanged,
            new RewriteOptions { Executor = Executor.OnnxRuntime, Level = level, ModelPath = source.File.Path, WorkLimit = request.WorkLimit, Restriction = restriction },
            costs, cancellation);
        // The order of the accumulation groups stands; what only another order would have read is left out of the file.
        RewriteCandidate best = outcome.Best.Written;
        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(AccumulationChain.Settle(best), best.Shapes, costs.Full, cancellation: cancellation);
        // The search takes much of ONNX Runtime for granted; here it was asked.
        if (plan.SimulatedPeak >= outcome.Best.PeakBytes + RewriteSearch.Worth(outcome.Best.PeakBytes) && level != RewriteLevel.None && techniques != Asked)
            return Plan(start, known, level, restriction, Asked);
        if (outcome.Applied.Count > 0 && restriction.Only is null && plan.SimulatedPeak >= outcome.Original.PeakBytes)
            return Plan(start, known, RewriteLevel.None, restriction, techniques);
        Planned whole = new(plan, best.Shapes, start, outcome.Applied, outcome.Work);
        return !request.Partition || level == RewriteLevel.None || restriction.Only is not null ? whole : Partition(whole, best, unchanged, [.. outcome.Original.Order.Names], costs);
    }

    /// <summary>
    /// The plan with regions in pieces, where that lowers the peak: of the rewritten model, or of the model before the other rewrites, which may stand in its way.
    /// </summary>
    private Planned Partition(Planned whole, RewriteCandidate rewritten, RewriteCandidate unchanged, IReadOnlyList<string> order, OnnxRuntimeCosts costs)
    {
        double work = RewriteWork.Of(unchanged);
        long saved = whole.Rewrites.Sum(r => r.SavedBytes);
        if (work <= 0)
            return whole;
        bool isLimited = whole.Work.Limited;
        List<(PartitionedModel Cut, IReadOnlyList<AppliedRewrite> Applied)> cuts = [];
        if (Cut(AccumulationChain.Settle(rewritten), whole.Shapes, whole.Plan.Schedule, whole.Work.Ratio) is { } after)
            cuts.Add((after, whole.Rewrites));
        if (whole.Rewrites.Count > 0 && Cut(unchanged.Model, unchanged.Shapes, order, 1) is { } alone)
            cuts.Add((alone, []));
        whole = whole with { Work = whole.Work with { Limited = isLimited } };
        Planned best = whole;
        foreach ((PartitionedModel cut, IReadOnlyList<AppliedRewrite> applied) in cuts.OrderBy(c => c.Cut.PeakBytes))
        {
            // What ONNX Runtime changes as it loads a model would not be what was planned.
            if (cut.PeakBytes >= best.Plan.SimulatedPeak || !costs.IsKept(RewriteCandidate.Unchanged(cut.Model, cut.Shapes)))
                continue;
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(cut.Model, cut.Shapes, costs.Full with { First = cut.Order }, cancellation: cancellation);
            if (plan.SimulatedPeak > best.Plan.SimulatedPeak - RewriteSearch.Worth(best.Plan.SimulatedPeak) || Required(plan, cut.Shapes) > Required(best.Plan, best.Shapes))
                continue;
            long pieces = whole.Plan.SimulatedPeak + saved - applied.Sum(r => r.SavedBytes) - plan.SimulatedPeak;
            best = new Planned(
                plan, cut.Shapes, whole.Start, [.. applied, .. cut.Nodes.Select((nodes, i) => new AppliedRewrite(ModelPartition.Kind, nodes, true, i == 0 ? pieces : 0))],
                whole.Work with { Ratio = Math.Round((applied.Count > 0 ? whole.Work.Ratio : 1) + cut.Added / work, 3) })
            { Whole = whole };
        }
        return best;

        PartitionedModel? Cut(ModelProto model, ShapeTable shapes, IEnumerable<string> schedule, double ratio)
        {
            PartitionedModel? cut = ModelPartition.TryCut(
                model, shapes, schedule, source.File.Path, new OnnxRuntimeSharing(), work * (request.WorkLimit - ratio), out bool limited, cancellation);
            isLimited |= limited;
            return cut;
        }
    }

    /// <summary>A plan's peak with its kernels' scratch, as far as that is known.</summary>
    private long Required(OnnxRuntimePlan plan, ShapeTable shapes) => KernelWorkspace.Peak(plan.Graph, shapes, plan.Allocations, TargetKernels.Of(request.Targets));

    private OnnxRuntimePlanOptions Options()
    {
        OnnxRuntimePlanOptions options = OnnxRuntimePlanOptions.Default with { Targets = request.Targets };
        return request.SearchLimit is { } limit ? options with { Schedule = ScheduleOptions.Default with { StateLimit = limit } } : options;
    }

    /// <summary>
    /// Holds the plan to what it promises. If it does not hold, one without the rewrites at fault takes its place, or else one with exact rewrites alone, or
    /// else the model as it is, where that does.
    /// </summary>
    private OptimizationResult Conclude(
        Planned planned, Func<RewriteLevel, RewriteRestriction, Planned> plan, Prepared today, AllocationPlan original, SourceAhead? ahead)
    {
        if (!request.Verify || !NativeRuntime.IsAvailable)
            return Result(planned, planned.Plan.Model, original, null);
        request.Progress?.Invoke(PipelineStage.Verify);
        try
        {
            return Result(planned, planned.Plan.Model, original, Verify(planned, source.Reference, planned.Plan.Model, ahead));
        }
        catch (SerenityException fault) when (planned.Whole is not null && PipelineWarnings.IsFaultOfPlan(fault))
        {
            int before = _warnings.Count;
            OptimizationResult result = Conclude(planned.Whole, plan, today, original, null);
            // Where another rewrite was at fault, it is left out, and the model is partitioned anew.
            if (result.Rewrites.All(r => r.Kind != ModelPartition.Kind))
                _warnings.Insert(before, PipelineWarnings.NotPartitioned(source, fault));
            return result;
        }
        catch (SerenityException fault) when (fault.Code == SerenityCodes.OutputsDiffer && planned.Rewrites.Any(r => !r.Exact))
        {
            // What a sum in another order may do to a model is the model's own; that is no fault of the rest.
            GuiltyRewrites<Planned> search = new(
                restriction => plan(RewriteLevel.All, restriction) is var found && found.Whole is { } whole ? whole : found, found => Verify(found, source.Reference, found.Plan.Model, null), found => found.Rewrites, found => found.Start.Model);
            if (search.TryWithout(planned, fault, out Planned held))
            {
                _warnings.Add(PipelineWarnings.LeftOut(source, search.LeftOut));
                _leftOut = search.LeftOut;
                return Conclude(plan(RewriteLevel.All, search.Restriction) is { Whole: not null } partitioned ? partitioned : held, plan, today, original, null);
            }
            _warnings.Add(PipelineWarnings.RewrittenExactly(source, fault));
            return Conclude(plan(RewriteLevel.Exact, RewriteRestriction.None), plan, today, original, null);
        }
        catch (SerenityException fault) when (PipelineWarnings.IsFaultOfPlan(fault))
        {
            int warningsBefore = _warnings.Count;
            OptimizationResult unchanged;
            try
            {
                unchanged = PassThrough(today, planned.Work with { Ratio = 1 }, verify: true);
            }
            catch (SerenityException again) when (PipelineWarnings.IsFaultOfPlan(again))
            {
                // What it costs as it is cannot be said either, so there is nothing to hold a budget against.
                throw fault;
            }
            _warnings.Insert(warningsBefore, PipelineWarnings.PassedThrough(source, fault));
            return unchanged;
        }
    }

    /// <summary>The model as it is, and what it costs so.</summary>
    private OptimizationResult PassThrough(Prepared today, WorkFacts work, bool verify)
    {
        OnnxRuntimePlan plan = OnnxRuntimePlanner.AsItIs(today.Model, today.Shapes, Options(), cancellation);
        Planned unchanged = new(plan, today.Shapes, today, [], work);
        // What ONNX Runtime changes as it loads the source, such as functions that it inlines, it puts in places of its own: only the settled model has a known order.
        bool settled = !ReferenceEquals(today.Model, source.Model);
        VerificationOutcome? verified = verify ? Verify(unchanged, source.Model, settled ? today.Model : source.Model, null) : null;
        return Result(unchanged, settled ? today.Model : source.File.Model, plan.Allocations, verified);
    }

    private VerificationOutcome Verify(Planned planned, ModelProto reference, ModelProto written, SourceAhead? ahead) => Verifier(
        new VerificationRequest
        {
            Source = reference,
            Optimized = written,
            ExternalFolder = source.File.ExternalFolder,
            File = source.File.Path,
            Fused = planned.Start.Fused,
            Start = planned.Start.Model,
            StartShapes = planned.Shapes,
            Samples = SampleInputs.Read(request.SamplePaths, source.Reference.Graph),
            Exact = planned.Rewrites.All(r => r.Exact),
            Schedule = [.. planned.Plan.Schedule],
            PredictedBytes = planned.Plan.SimulatedPeak,
            // With less data a run takes less.
            LeastBytes = planned.Shapes.Varies.Count > 0 ? 0 : planned.Plan.LeastPeak,
            UnplannedBodies = planned.Plan.UnplannedBodies,
            Work = _work,
            Shapes = source.Shapes.Main,
            Assumed = source.Shapes.Assumed,
            Ahead = ahead,
            PlaceRun = sequence => RunBlockPlanner.Plan(sequence, request.Threads, cancellation),
            Threads = request.Threads,
        },
        cancellation);

    private OptimizationResult Result(Planned planned, ModelProto written, AllocationPlan original, VerificationOutcome? verified)
    {
        OnnxRuntimePlan plan = planned.Plan;
        // No order needs less than the bound. Where one seems to, two sources say different things of a shape.
        if (plan.SimulatedPeak < plan.LowerBound)
        {
            throw new SerenityException(SerenityCodes.UnknownSize, source.File.Path,
                "The file states shapes that contradict each other, an initializer's and its input's for example, so no size can be trusted. Export the model again.");
        }
        string[] schedule = [.. plan.Schedule];
        if (!plan.IsLiveOptimal)
            _warnings.Add(PipelineWarnings.NotProven(source, plan.LivePeak, plan.LowerBound));
        if (verified is { Facts.Status: not "passed" })
            _warnings.Add(PipelineWarnings.NotVerified(source, verified.Facts));
        IReadOnlyList<TensorFacts> tensors = OnnxRuntimeTensors.Of(plan.Graph, plan.Allocations, planned.Shapes);
        IReadOnlyList<TargetFacts> targets = TargetWorkspace.Of(
            request.Targets, verified?.Memory, new WorkspaceRules(plan.Order.Select(plan.Graph.Node), plan.Model.Graph, planned.Shapes) { Threads = request.Threads });
        return new OptimizationResult
        {
            Model = written,
            Peak = new PeakFacts(
                original.Peak, plan.SimulatedPeak, plan.LivePeak, plan.LowerBound, plan.IsOptimal,
                ScheduledValues.InputBytes(source.Model.Graph, source.Shapes.Main), targets.Max(t => t.WorkspaceBytes),
                written.Graph.Node.Any(KernelRules.AddsInPlace), source.Shapes.Main.Varies.Count > 0),
            Targets = targets,
            WeightBytes = ModelTensors.WeightBytes(written),
            Rewrites = planned.Rewrites,
            LeftOut = _leftOut,
            Work = planned.Work,
            Schedule = schedule,
            OperatorTypes = [.. plan.Order.Select(node => ScheduledValues.OperatorType(plan.Graph.Node(node)))],
            Tensors = tensors,
            Profile = plan.Allocations.Profile,
            OriginalProfile = original.Profile,
            PeakStep = ScheduledValues.PeakStep(plan.Allocations.Profile, schedule, tensors),
            UnplannedBodies = plan.UnplannedBodies,
            Block = verified?.Block,
            Bounds = source.Shapes.Bounds,
            Verification = verified?.Facts ?? (request.Verify ? PipelineWarnings.NotRun : null),
            Warnings = _warnings,
        };
    }

    /// <summary>A model whose nodes are the ones that ONNX Runtime will execute.</summary>
    private sealed record Prepared(ModelProto Model, ShapeTable Shapes, bool Fused);

    private sealed record Planned(OnnxRuntimePlan Plan, ShapeTable Shapes, Prepared Start, IReadOnlyList<AppliedRewrite> Rewrites, WorkFacts Work)
    {
        /// <summary>The plan without regions in pieces, where there are any.</summary>
        public Planned? Whole { get; init; }
    }
}
