using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Pipeline;

/// <summary>From a source model to a model with an offset for every tensor in one arena.</summary>
internal sealed class StaticArenaPipeline(OptimizeRequest request, SourceModel source, CancellationToken cancellation)
{
    private readonly List<SerenityDiagnostic> _warnings = [];
    private IReadOnlyList<LeftOutRewrite> _leftOut = [];

    /// <summary>What holds a plan to its promises; tests put their own in its place.</summary>
    internal Func<VerificationRequest, CancellationToken, VerificationOutcome> Verifier { get; init; } = ModelVerifier.Verify;

    public OptimizationResult Run()
    {
        request.Progress?.Invoke(PipelineStage.MeasureOriginal);
        _warnings.AddRange(PipelineWarnings.Of(source));
        if (OverwrittenInputs.FindShared(source.Model.Graph) is not { } node)
            return Run(request.Rewrite, RewriteRestriction.None);
        _warnings.Add(PipelineWarnings.KeptAsItIs(source, node));
        return Run(RewriteLevel.None, RewriteRestriction.None, keepsOrder: true);
    }

    private OptimizationResult Run(RewriteLevel level, RewriteRestriction restriction, bool keepsOrder = false)
    {
        string path = source.File.Path;
        StaticArenaGraph originalGraph = StaticArenaGraph.Build(source.Model, source.Shapes, null, path);
        (long originalBytes, IReadOnlyList<long> originalProfile) = StaticArenaPlanner.Baseline(
            originalGraph, originalGraph.FileOrder(), request.Alignment, cancellation);

        long work = WorkEstimate.Of(source.Model.Graph, source.Shapes.Main);
        using SourceAhead? ahead = request.Verify && NativeRuntime.IsAvailable && originalBytes <= ModelVerifier.BytesForManyCases
            ? SourceAhead.Start(source.Reference, source.File.ExternalFolder, path, fused: false, work, shapes: source.Shapes.Main) : null;
        Planned planned = Plan(level, restriction);
        // A lower live peak may be one that no placement could be found for. Nothing may cost more than before.
        if (keepsOrder || planned.Plan.ArenaBytes > originalBytes)
            planned = InFileOrder(planned);
        VerificationFacts? verified = null;
        try
        {
            verified = request.Verify ? Verify(planned, work, ahead) : null;
        }
        catch (SerenityException fault) when (fault.Code == SerenityCodes.OutputsDiffer && planned.Applied.Any(r => !r.Exact))
        {
            // What a sum in another order may do to a model is the model's own; that is no fault of the rest.
            GuiltyRewrites<Planned> search = new(
                guilty => Plan(RewriteLevel.All, guilty), found => Verify(found, work, null), found => found.Applied, _ => source.Model);
            if (search.TryWithout(planned, fault, out _))
            {
                _warnings.Add(PipelineWarnings.LeftOut(source, search.LeftOut));
                _leftOut = search.LeftOut;
                return Run(level, search.Restriction);
            }
            _warnings.Add(PipelineWarnings.RewrittenExactly(source, fault));
            return Run(RewriteLevel.Exact, RewriteRestriction.None);
        }
        catch (SerenityException fault) when (PipelineWarnings.IsFaultOfPlan(fault))
        {
            _warnings.Add(PipelineWarnings.PassedThrough(source, fault));
            planned = InFileOrder(planned);
            verified = Verify(planned, work, null);
        }
        if (verified is { Status: not "passed" } && verified != PipelineWarnings.NotRun)
            _warnings.Add(PipelineWarnings.NotVerified(source, verified));
        (RewriteCost best, StaticArenaPlan plan, ModelProto model) = (planned.Best, planned.Plan, planned.Model);
        if (plan.LivePeakBytes != best.LowerBoundBytes)
            _warnings.Add(PipelineWarnings.NotProven(source, plan.LivePeakBytes, best.LowerBoundBytes));

        return new OptimizationResult
        {
            Model = model,
            Peak = new PeakFacts(
                originalBytes, plan.ArenaBytes, plan.LivePeakBytes, best.LowerBoundBytes, plan.ArenaBytes == best.LowerBoundBytes,
                ScheduledValues.InputBytes(source.Model.Graph, source.Shapes.Main), null, AtMost: source.Shapes.Main.Varies.Count > 0),
            WeightBytes = ModelTensors.WeightBytes(model),
            Rewrites = planned.Applied,
            LeftOut = _leftOut,
            Work = planned.Work,
            Schedule = plan.Schedule,
            OperatorTypes = [.. plan.Order.Nodes.Select(ScheduledValues.OperatorType)],
            Tensors = plan.Tensors,
            Profile = plan.Profile,
            OriginalProfile = originalProfile,
            PeakStep = plan.PeakStep,
            Bounds = source.Shapes.Bounds,
            Verification = verified,
            Warnings = _warnings,
        };
    }

    private Planned Plan(RewriteLevel level, RewriteRestriction restriction)
    {
        string path = source.File.Path;
        request.Progress?.Invoke(PipelineStage.Search);
        ScheduleOptions limits = request.SearchLimit is { } limit
            ? ScheduleOptions.Default with { StateLimit = limit }
            : ScheduleOptions.Default;
        RewriteOutcome outcome = RewriteSearch.Run(
            source.Model, source.Shapes.Main,
            new RewriteOptions { Executor = Executor.StaticArena, Level = level, ModelPath = path, WorkLimit = request.WorkLimit, Restriction = restriction },
            new StaticArenaCosts(source.Shapes, limits, path: path), cancellation);

        request.Progress?.Invoke(PipelineStage.Place);
        RewriteCost best = outcome.Best;
        StaticArenaPlan plan = StaticArenaCost.Plan(best, source.Shapes, request.Alignment, path, cancellation);
        (best, plan) = StaticArenaCost.TryOtherOrders(best, plan, source.Shapes, request.Alignment, path, cancellation);
        return new Planned(best, plan, AccumulationChain.Settle(best.Written), outcome.Applied, outcome.Work, outcome.Original);
    }

    /// <summary>The model as it is, in the order of its file.</summary>
    private Planned InFileOrder(Planned planned)
    {
        StaticArenaGraph graph = StaticArenaGraph.Build(source.Model, source.Shapes, null, source.File.Path);
        RewriteCost best = InFileOrder(graph, planned.Original);
        StaticArenaPlan plan = StaticArenaCost.Plan(best, source.Shapes, request.Alignment, source.File.Path, cancellation);
        return new Planned(best, plan, AccumulationChain.Settle(best.Written), [], planned.Work with { Ratio = 1 }, planned.Original);
    }

    private RewriteCost InFileOrder(StaticArenaGraph graph, RewriteCost unchanged)
    {
        RewriteCandidate written = AccumulationChain.InOrder(RewriteCandidate.Unchanged(source.Model, source.Shapes.Main), graph.OrderOf(graph.FileOrder()));
        long[] profile = LiveProfile.Compute(graph.Graph, graph.FileOrder());
        return new RewriteCost(written, profile.Max(), unchanged.LowerBoundBytes, NodeOrder.OfFile(written.Model.Graph), profile);
    }

    private VerificationFacts Verify(Planned planned, long work, SourceAhead? ahead)
    {
        if (!NativeRuntime.IsAvailable)
            return PipelineWarnings.NotRun;
        request.Progress?.Invoke(PipelineStage.Verify);
        VerificationFacts facts = Verifier(
            new VerificationRequest
            {
                Source = source.Reference,
                Optimized = planned.Model,
                ExternalFolder = source.File.ExternalFolder,
                File = source.File.Path,
                Fused = false,
                Start = source.Model,
                StartShapes = planned.Best.Written.Shapes,
                Samples = SampleInputs.Read(request.SamplePaths, source.Reference.Graph),
                Exact = planned.Applied.All(r => r.Exact),
                Work = work,
                Ahead = ahead,
                Shapes = source.Shapes.Main,
                Assumed = source.Shapes.Assumed,
                HeldBytes = planned.Plan.ArenaBytes,
            },
            cancellation).Facts with
        { MeasuredBytes = null };
        if (facts.Status == "passed" && source.Shapes.Main.Varies.Count > 0)
            facts = facts with { Status = "partial", Reason = "The plan was not run in its arena, since sizes in it depend on data." };
        else if (facts.Status == "passed" && ArenaProof.Run(
            planned.Model, new ArenaProgram(planned.Plan.Schedule, planned.Plan.Tensors, planned.Plan.ArenaBytes), source.File.ExternalFolder,
            source.File.Path, cancellation) is { } notRun)
        {
            facts = facts with { Status = "partial", Reason = notRun };
        }
        return facts;
    }

    /// <summary>A plan.</summary>
    /// <param name="Best">Its cost.</param>
    /// <param name="Plan">Its arena.</param>
    /// <param name="Model">What is written.</param>
    /// <param name="Applied">The rewrites in it.</param>
    /// <param name="Work">The work of a run.</param>
    /// <param name="Original">The cost of the model without rewrites.</param>
    private sealed record Planned(
        RewriteCost Best, StaticArenaPlan Plan, ModelProto Model, IReadOnlyList<AppliedRewrite> Applied, WorkFacts Work, RewriteCost Original);
}
