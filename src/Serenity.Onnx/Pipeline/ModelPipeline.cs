using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// From a source model to one that an executor runs in the planned order, with the planned memory: what it costs today, where the search starts, the
/// search, what is written, verification, facts. All that an executor knows is asked of its <see cref="IExecutorPlanner"/>.
/// </summary>
internal sealed class ModelPipeline
{
    private readonly OptimizeRequest _request;
    private readonly SourceModel _source;
    private readonly CancellationToken _cancellation;
    private readonly IExecutorPlanner _planner;
    private readonly PlanVerification _verification;
    private readonly PlanResult _result;
    private readonly OneSizePlan _oneSize;
    private readonly List<SerenityDiagnostic> _warnings = [];
    private readonly List<LeftOutRewrite> _leftOut = [];

    /// <summary>What the last plan was searched for with: which rewrites, and what is known against them.</summary>
    private (RewriteLevel Level, RewriteRestriction Restriction) _asked;

    public ModelPipeline(OptimizeRequest request, SourceModel source, CancellationToken cancellation)
    {
        _request = request;
        _source = source;
        _cancellation = cancellation;
        WrittenForm form = new(request.Executor.Traits().RunsInSession ? request.Format : ModelFormat.Onnx, source);
        PlanningTask task = new(request, source, _warnings.Add, cancellation);
        _planner = ExecutorPlanners.For(task);
        _verification = new PlanVerification(task, _planner, form, (asked, end) => Verifier(asked, end));
        _result = new PlanResult(task, _planner, form);
        _oneSize = new OneSizePlan(source, request, cancellation);
    }

    /// <summary>What holds a plan to its promises; tests put their own in its place.</summary>
    internal Func<VerificationRequest, CancellationToken, VerificationOutcome> Verifier { get; init; } = ModelVerifier.Verify;

    /// <summary>The layout that this machine can run besides the portable one; tests put their own in its place.</summary>
    internal Func<PlanLayout> HostLayout { get; init; } = () => HostChannelBlock.Layout;

    public OptimizationResult Run()
    {
        _request.Progress?.Invoke(PipelineStage.MeasureOriginal);
        _warnings.AddRange(PipelineWarnings.Of(_source));
        if (OverwrittenInputs.FindShared(_planner.Today.Graph) is { } node)
        {
            // Its order is the executor's own, which it does not tell.
            if (!ReferenceEquals(_planner.Today, _source.Model))
                throw GraphCheck.Invalid(_source.File.Path, $"{GraphCheck.Describe(node)} trains, and others read the mean or variance that it writes over, so that results depend on an order that nothing states");
            _warnings.Add(PipelineWarnings.KeptAsItIs(_source, node));
            ExecutorPlan kept = _planner.AsItIs(null);
            return Facts(kept, _verification.IsWanted ? _verification.Verify(kept, null) : null);
        }
        ModelCost original = _planner.Original;
        PlanStart start = _planner.Start;
        using SourceAhead? ahead = _verification.Begin(start, original.Bytes);
        _asked = (_request.Rewrite, RewriteRestriction.None);
        return Conclude(_planner.Search(_request.Rewrite), ahead);
    }

    /// <summary>
    /// Holds a plan to what it promises. If it does not hold, one without the rewrites at fault takes its place (of pieces, one that keeps the nodes at fault whole), or else one with exact rewrites
    /// alone, or else the model as it is, where that does.
    /// </summary>
    private OptimizationResult Conclude(ExecutorPlan plan, SourceAhead? ahead) => ConcludeBy(plan, () => _verification.Verify(plan, ahead));

    private OptimizationResult ConcludeBy(ExecutorPlan plan, Func<VerificationOutcome> verify)
    {
        if (!_verification.IsWanted)
            return InLayouts(plan, Facts(plan, null), null);
        if (_verification.IsTooMuchWork && !_verification.VerifiesSmallerSizes)
            return ConcludeInstead(plan);
        VerificationOutcome verified;
        try
        {
            verified = verify();
        }
        catch (SerenityException fault) when (plan.Whole is not null && PipelineWarnings.IsFaultOfPlan(fault))
        {
            Func<VerificationOutcome> whole = _verification.Once(plan.Whole);
            if (WithoutGuiltyPieces(plan, whole) is { } held)
                return InLayouts(held.Plan, Facts(held.Plan, held.Verified), held.Verified);
            int before = _warnings.Count;
            OptimizationResult result = ConcludeBy(plan.Whole, whole);
            // Where another rewrite was at fault, it is left out, and the model is partitioned anew.
            if (result.Rewrites.All(r => r.Kind != ModelPartition.Kind))
                _warnings.Insert(before, PipelineWarnings.NotPartitioned(_source, fault));
            return result;
        }
        catch (SerenityException fault) when (fault.Code == SerenityCodes.OutputsDiffer && plan.Rewrites.Any(r => !r.Exact))
        {
            // What a sum in another order may do to a model is the model's own; that is no fault of the rest.
            return Conclude(WithoutGuilty(plan, fault), null);
        }
        catch (SerenityException fault) when (PipelineWarnings.IsFaultOfPlan(fault))
        {
            return PassThrough(plan, fault);
        }
        return verified.RefusedFused is { } refusal ? Unfused(PipelineWarnings.NotFused(_source, refusal)) : InLayouts(plan, Facts(plan, verified), verified);
    }

    /// <summary>Plans the model anew without ONNX Runtime's fusions, with which it does not run.</summary>
    private OptimizationResult Unfused(SerenityDiagnostic why)
    {
        OptimizationResult result = new ModelPipeline(_request with { Fuse = false }, _source, _cancellation) { Verifier = Verifier, HostLayout = HostLayout }.Run();
        return result with { Warnings = [why, .. result.Warnings] };
    }

    /// <summary>Adds the layouts that were asked for besides the portable one, whose plan holds.</summary>
    private OptimizationResult InLayouts(ExecutorPlan plan, OptimizationResult result, VerificationOutcome? verified) =>
        new LayoutVariants(_verification.IsTooMuchWork ? _request with { Verify = false } : _request, _source, _planner,
                layout => _verification.Verify(layout, null, isPortable: false), HostLayout, _cancellation)
            .Add(plan, result, verified?.Memory);

    /// <summary>Holds what stands in for the model to its promises, where a run of the model itself is too much work. What does not hold there is not trusted here.</summary>
    private OptimizationResult ConcludeInstead(ExecutorPlan plan)
    {
        _request.Progress?.Invoke(PipelineStage.Verify);
        string limit = _verification.WorkText;
        string? refusal = null;
        int tries = 0;
        foreach (VerificationStandIn standIn in VerificationStandIn.For(_source, _request, _cancellation))
        {
            if (tries++ == PlanVerification.MostStandIns)
                break;
            OptimizationResult seen;
            try
            {
                bool exact = plan.Rewrites.All(r => r.Exact) && _request.Rewrite == RewriteLevel.All;
                seen = ModelOptimizer.OptimizeHere(standIn.File, standIn.Request(_request, exact ? RewriteLevel.Exact : _request.Rewrite), _cancellation);
            }
            catch (SerenityException e)
            {
                refusal ??= e.Message;
                continue;
            }
            if (seen.Verification is not { Status: not "skipped" } facts)
                continue;
            if (plan.Start.Fused && seen.Warnings.FirstOrDefault(w => w.Code == SerenityCodes.NotFused) is { } notFused)
                return Unfused(notFused);
            if (Distrusted(plan, seen) is { } other)
                return ConcludeInstead(other);
            string what = standIn.What.Outputs is { } outputs
                ? $"the part of the model that gives {string.Join(", ", outputs.Take(4).Select(o => $"'{o}'"))}{(outputs.Count > 4 ? " and others" : "")}"
                : "the model with " + string.Join(", ", standIn.Sizes.Select(s => $"{s.Key}={s.Value}"));
            facts = facts with
            {
                Status = "partial",
                Reason = $"{limit}, so {what} was planned and verified in its place.{(facts.Reason is { } reason ? " " + reason : "")}",
                MeasuredBytes = null,
                Instead = standIn.What,
            };
            return InLayouts(plan, Facts(plan, new VerificationOutcome(facts, null)), null);
        }
        VerificationFacts none = ModelVerifier.NotRun($"{limit}, and nothing smaller could be verified in its place.{(refusal is null ? "" : " " + refusal)}");
        return InLayouts(plan, Facts(plan, new VerificationOutcome(none, null)), null);
    }

    /// <summary>Another plan, where one of the rewrites did not hold in what was verified instead; null if the plan stands.</summary>
    private ExecutorPlan? Distrusted(ExecutorPlan plan, OptimizationResult seen)
    {
        if (seen.Warnings.FirstOrDefault(w => w.Code == SerenityCodes.PassedThrough) is not { } warning)
            return null;
        string[] guilty = [.. seen.LeftOut.Where(r => r.Kind != ModelPartition.Kind).Select(r => r.Nodes[0])];
        HashSet<string> whole = [.. seen.LeftOut.Where(r => r.Kind == ModelPartition.Kind).SelectMany(r => r.Nodes)];
        bool isInPieces = plan.Rewrites.Any(r => r.Kind == ModelPartition.Kind && r.Nodes.Any(whole.Contains));
        bool isNamed = plan.Rewrites.Any(r => !r.Exact && r.Nodes.Any(guilty.Contains)), isInexact = plan.Rewrites.Any(r => !r.Exact);
        // What was left out there may be in no plan of this size.
        if (plan.Rewrites.Count == 0 || (guilty.Length > 0 && !isNamed) || (guilty.Length == 0 && whole.Count > 0 && !isInPieces))
            return null;
        _warnings.Add(warning);
        if (isNamed || isInPieces)
            _leftOut.AddRange(seen.LeftOut);
        return isNamed ? Replan(plan, RewriteLevel.All, new RewriteRestriction { LeftOut = new HashSet<string>(guilty, StringComparer.Ordinal), KeptWhole = whole })
            : isInPieces ? Replan(plan, _asked.Level, _asked.Restriction with { KeptWhole = whole })
            : isInexact ? Replan(plan, RewriteLevel.Exact, RewriteRestriction.None)
            : _planner.AsItIs(plan);
    }

    private ExecutorPlan Replan(ExecutorPlan instead, RewriteLevel level, RewriteRestriction restriction)
    {
        _asked = (level, restriction);
        return _planner.Replan(instead, level, restriction);
    }

    /// <summary>
    /// A plan in which the nodes are whole of which pieces do not do what was planned, with what was found of it; null where the plan without pieces does not hold either, or none else does.
    /// </summary>
    private (ExecutorPlan Plan, VerificationOutcome Verified)? WithoutGuiltyPieces(ExecutorPlan plan, Func<VerificationOutcome> whole)
    {
        if (!_planner.CarriesPieces)
            return null;
        try
        {
            whole();
        }
        catch (SerenityException other) when (PipelineWarnings.IsFaultOfPlan(other))
        {
            return null;
        }
        AppliedRewrite[] others = [.. plan.Rewrites.Where(r => r.Pieces is null)];
        GuiltyPieces search = new(
            regions => _planner.Replan(plan, _asked.Level, _asked.Restriction with { Only = others, Pieces = regions }) is { Whole: not null } carried ? carried : null,
            whole => _planner.Replan(plan, _asked.Level, _asked.Restriction with { KeptWhole = whole }), found => _verification.Verify(found, null), _asked.Restriction.KeptWhole);
        if (search.TryWithout(plan) is not { } held)
            return null;
        _asked.Restriction = _asked.Restriction with { KeptWhole = search.KeptWhole };
        _warnings.Add(PipelineWarnings.KeptWhole(_source, search.LeftOut));
        _leftOut.AddRange(search.LeftOut);
        return held;
    }

    /// <summary>A plan without the rewrites at fault; with exact ones alone where these are not found.</summary>
    private ExecutorPlan WithoutGuilty(ExecutorPlan plan, SerenityException fault)
    {
        GuiltyRewrites search = new(
            restriction => _planner.Replan(plan, RewriteLevel.All, restriction) is var found && found.Whole is { } whole ? whole : found, found => _verification.Verify(found, null));
        if (search.TryWithout(plan, fault, out ExecutorPlan held))
        {
            _warnings.Add(PipelineWarnings.LeftOut(_source, search.LeftOut));
            _leftOut.AddRange(search.LeftOut);
            return Replan(plan, RewriteLevel.All, search.Restriction with { KeptWhole = _asked.Restriction.KeptWhole }) is { Whole: not null } partitioned ? partitioned : held;
        }
        _warnings.Add(PipelineWarnings.RewrittenExactly(_source, fault));
        return Replan(plan, RewriteLevel.Exact, RewriteRestriction.None);
    }

    private OptimizationResult PassThrough(ExecutorPlan plan, SerenityException fault)
    {
        int before = _warnings.Count;
        ExecutorPlan unchanged = _planner.AsItIs(plan);
        VerificationOutcome verified;
        try
        {
            verified = _verification.Verify(unchanged, null);
        }
        catch (SerenityException again) when (PipelineWarnings.IsFaultOfPlan(again))
        {
            // What it costs as it is cannot be said either, so there is nothing to hold a budget against.
            throw fault;
        }
        OptimizationResult result = Facts(unchanged, verified);
        _warnings.Insert(before, PipelineWarnings.PassedThrough(_source, fault));
        return result;
    }

    private OptimizationResult Facts(ExecutorPlan plan, VerificationOutcome? verified)
    {
        RangeFacts? range = _verification.RangeOf(plan, verified);
        return _result.Of(plan, verified, range is null ? null : _oneSize.Beside(range, plan), _verification.Required, _leftOut, _warnings);
    }
}
