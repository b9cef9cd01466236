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

    /// <summary>What holds a plan to its promises; tests put their own in its place.</summary>
    internal Func<VerificationRequest, CancellationToken, VerificationOutcome> Verifier { get; init; } = ModelVerifier.Verify;

    public OptimizationResult Run()
    {
        request.Progress?.Invoke(PipelineStage.MeasureOriginal);
        _warnings.AddRange(PipelineWarnings.Of(source));
        if (OverwrittenInputs.FindShared(source.Model.Graph) is not { } node)
            return Run(request.Rewrite);
        _warnings.Add(PipelineWarnings.KeptAsItIs(source, node));
        return Run(RewriteLevel.None, keepsOrder: true);
    }

    private OptimizationResult Run(RewriteLevel level, bool keepsOrder = false)
    {
        string path = source.File.Path;
        StaticArenaGraph originalGraph = StaticArenaGraph.Build(source.Model, source.Shapes, null, path);
        (long originalBytes, IReadOnlyList<long> originalProfile) = StaticArenaPlanner.Baseline(
            originalGraph, originalGraph.FileOrder(), request.Alignment, cancellation);

        request.Progress?.Invoke(PipelineStage.Search);
        ScheduleOptions limits = request.SearchLimit is { } limit
            ? ScheduleOptions.Default with { StateLimit = limit }
            : ScheduleOptions.Default;
        long work = WorkEstimate.Of(source.Model.Graph, source.Shapes.Main);
        using SourceAhead? ahead = request.Verify && NativeRuntime.IsAvailable && originalBytes <= ModelVerifier.BytesForManyCases
            ? SourceAhead.Start(source.Reference, source.File.ExternalFolder, path, fused: false, work) : null;
        RewriteOutcome outcome = RewriteSearch.Run(
            source.Model, source.Shapes.Main,
            new RewriteOptions { Executor = Executor.StaticArena, Level = level, ModelPath = path, WorkLimit = request.WorkLimit },
            new StaticArenaCosts(source.Shapes, limits, path: path), cancellation);

        request.Progress?.Invoke(PipelineStage.Place);
        RewriteCost best = outcome.Best;
        StaticArenaPlan plan = StaticArenaCost.Plan(best, source.Shapes, request.Alignment, path, cancellation);
        (best, plan) = StaticArenaCost.TryOtherOrders(best, plan, source.Shapes, request.Alignment, path, cancellation);
        (IReadOnlyList<AppliedRewrite> applied, WorkFacts spent) = (outcome.Applied, outcome.Work);
        // A lower live peak may be one that no placement could be found for. Nothing may cost more than before.
        if (keepsOrder || plan.ArenaBytes > originalBytes)
            KeepFileOrder();
        ModelProto model = AccumulationChain.Settle(best.Written);
        VerificationFacts? verified = null;
        try
        {
            verified = request.Verify ? Verify(model, applied, plan, work, ahead) : null;
        }
        catch (SerenityException fault) when (fault.Code == SerenityCodes.OutputsDiffer && applied.Any(r => !r.Exact))
        {
            // What a sum in another order may do to a model is the model's own; that is no fault of the rest.
            _warnings.Add(PipelineWarnings.RewrittenExactly(source, fault));
            return Run(RewriteLevel.Exact);
        }
        catch (SerenityException fault) when (PipelineWarnings.IsFaultOfPlan(fault))
        {
            _warnings.Add(PipelineWarnings.PassedThrough(source, fault));
            KeepFileOrder();
            model = AccumulationChain.Settle(best.Written);
            verified = Verify(model, applied, plan, work, null);
        }
        if (plan.LivePeakBytes != best.LowerBoundBytes)
            _warnings.Add(PipelineWarnings.NotProven(source, plan.LivePeakBytes, best.LowerBoundBytes));

        Dictionary<string, NodeProto> nodes = model.Graph.Node.ToDictionary(n => n.Name, StringComparer.Ordinal);
        return new OptimizationResult
        {
            Model = model,
            Peak = new PeakFacts(
                originalBytes, plan.ArenaBytes, plan.LivePeakBytes, best.LowerBoundBytes, plan.LivePeakBytes == best.LowerBoundBytes,
                ScheduledValues.InputBytes(source.Model.Graph, source.Shapes.Main), null),
            WeightBytes = ModelTensors.WeightBytes(model),
            Rewrites = applied,
            Work = spent,
            Schedule = plan.Schedule,
            OperatorTypes = [.. plan.Schedule.Select(name => ScheduledValues.OperatorType(nodes[name]))],
            Tensors = plan.Tensors,
            Profile = plan.Profile,
            OriginalProfile = originalProfile,
            PeakStep = plan.PeakStep,
            Verification = verified,
            Warnings = _warnings,
        };

        void KeepFileOrder()
        {
            (best, applied, spent) = (InFileOrder(originalGraph, outcome.Original), [], spent with { Ratio = 1 });
            plan = StaticArenaCost.Plan(best, source.Shapes, request.Alignment, path, cancellation);
        }
    }

    private RewriteCost InFileOrder(StaticArenaGraph graph, RewriteCost unchanged)
    {
        string[] order = [.. graph.ConstantNodes, .. graph.Nodes.Select(n => n.Name)];
        RewriteCandidate written = AccumulationChain.InOrder(RewriteCandidate.Unchanged(source.Model, source.Shapes.Main), order);
        long[] profile = LiveProfile.Compute(graph.Graph, graph.FileOrder());
        return new RewriteCost(written, profile.Max(), unchanged.LowerBoundBytes, order, [.. graph.ConstantNodes.Select(_ => 0L), .. profile]);
    }

    private VerificationFacts Verify(
        ModelProto model, IReadOnlyList<AppliedRewrite> applied, StaticArenaPlan plan, long work, SourceAhead? ahead)
    {
        if (!NativeRuntime.IsAvailable)
            return PipelineWarnings.NotRun;
        request.Progress?.Invoke(PipelineStage.Verify);
        VerificationFacts facts = Verifier(
            new VerificationRequest
            {
                Source = source.Reference,
                Optimized = model,
                ExternalFolder = source.File.ExternalFolder,
                File = source.File.Path,
                Fused = false,
                Exact = applied.All(r => r.Exact),
                Work = work,
                Ahead = ahead,
                Shapes = source.Shapes.Main,
                HeldBytes = plan.ArenaBytes,
            },
            cancellation).Facts with
        { MeasuredBytes = null };
        if (facts.Status == "passed" && ArenaProof.Run(
            model, new ArenaProgram(plan.Schedule, plan.Tensors, plan.ArenaBytes), source.File.ExternalFolder,
            source.File.Path, cancellation) is { } notRun)
        {
            facts = facts with { Status = "partial", Reason = notRun };
        }
        if (facts.Status != "passed")
            _warnings.Add(PipelineWarnings.NotVerified(source, facts));
        return facts;
    }
}
