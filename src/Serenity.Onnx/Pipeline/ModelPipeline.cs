using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// From a source model to one that an executor runs in the planned order, with the planned memory: what it costs today, where the search starts, the
/// search, what is written, verification, facts. All that an executor knows is asked of its <see cref="IExecutorPlanner"/>.
/// </summary>
internal sealed class ModelPipeline
{
    /// <summary>Stand-ins that are tried before a model counts as not verified.</summary>
    private const int MostStandIns = 3;

    private readonly OptimizeRequest _request;
    private readonly SourceModel _source;
    private readonly CancellationToken _cancellation;
    private readonly IExecutorPlanner _planner;
    private readonly WrittenForm _form;
    private readonly List<SerenityDiagnostic> _warnings = [];
    private readonly long _work;
    private readonly bool _widensAtRun;
    private IReadOnlyList<LeftOutRewrite> _leftOut = [];
    private RangeFacts? _range;
    private bool? _verifiesSmallerSizes;

    public ModelPipeline(OptimizeRequest request, SourceModel source, CancellationToken cancellation)
    {
        _request = request;
        _source = source;
        _cancellation = cancellation;
        _work = WorkEstimate.Of(source.Model.Graph, source.Shapes.Main);
        _form = new WrittenForm(request.Executor.Traits().RunsInSession ? request.Format : ModelFormat.Onnx, source);
        _widensAtRun = request.Precision == Precision.Float32KeepWeights && WidenedModel.WidensAtRun(source);
        _planner = ExecutorPlanners.For(new PlanningTask(request, source, _warnings.Add, cancellation));
    }

    /// <summary>What holds a plan to its promises; tests put their own in its place.</summary>
    internal Func<VerificationRequest, CancellationToken, VerificationOutcome> Verifier { get; init; } = ModelVerifier.Verify;

    /// <summary>The layout that this machine can run besides the portable one; tests put their own in its place.</summary>
    internal Func<PlanLayout> HostLayout { get; init; } = () => HostChannelBlock.Layout;

    private bool Verifies => _request.Verify && NativeRuntime.IsAvailable;

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
            return Facts(kept, Verifies ? Verify(kept, null) : null);
        }
        ModelCost original = _planner.Original;
        PlanStart start = _planner.Start;
        // Not beside a search where it would hold much: verification itself first looks whether it may.
        using SourceAhead? ahead = Verifies && original.Bytes <= ModelVerifier.BytesForManyCases ? BeginVerification(start) : null;
        return Conclude(_planner.Search(_request.Rewrite), ahead);
    }

    private SourceAhead? BeginVerification(PlanStart start) => SourceAhead.Start(
        _source.Reference, _source.File.ExternalFolder, _source.File.Path, start.Fused, _work, _planner.Threads, _source.Shapes.Main, _request.Prepack, start.Signed);

    /// <summary>
    /// Holds a plan to what it promises. If it does not hold, one without the rewrites at fault takes its place, or else one with exact rewrites alone, or
    /// else the model as it is, where that does.
    /// </summary>
    private OptimizationResult Conclude(ExecutorPlan plan, SourceAhead? ahead)
    {
        if (!Verifies)
            return InLayouts(plan, Facts(plan, null), null);
        if (_work > _request.VerifyLimit && !VerifiesSmallerSizes)
            return ConcludeInstead(plan);
        VerificationOutcome verified;
        try
        {
            verified = Verify(plan, ahead);
        }
        catch (SerenityException fault) when (plan.Whole is not null && PipelineWarnings.IsFaultOfPlan(fault))
        {
            int before = _warnings.Count;
            OptimizationResult result = Conclude(plan.Whole, null);
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
        return InLayouts(plan, Facts(plan, verified), verified);
    }

    /// <summary>Adds the layouts that were asked for besides the portable one, whose plan holds.</summary>
    private OptimizationResult InLayouts(ExecutorPlan plan, OptimizationResult result, VerificationOutcome? verified) =>
        new LayoutVariants(_work > _request.VerifyLimit ? _request with { Verify = false } : _request, _source, _planner, layout => Verify(layout, null, isPortable: false), HostLayout, _cancellation)
            .Add(plan, result, verified?.Memory);

    /// <summary>Holds what stands in for the model to its promises, where a run of the model itself is too much work. What does not hold there is not trusted here.</summary>
    private OptimizationResult ConcludeInstead(ExecutorPlan plan)
    {
        _request.Progress?.Invoke(PipelineStage.Verify);
        string limit = WorkText;
        string? refusal = null;
        int tries = 0;
        foreach (VerificationStandIn standIn in VerificationStandIn.For(_source, _request, _cancellation))
        {
            if (tries++ == MostStandIns)
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
        string[] guilty = [.. seen.LeftOut.Select(r => r.Nodes[0])];
        bool isNamed = plan.Rewrites.Any(r => !r.Exact && r.Nodes.Any(guilty.Contains)), isInexact = plan.Rewrites.Any(r => !r.Exact);
        // What was left out there may be in no plan of this size.
        if (plan.Rewrites.Count == 0 || (guilty.Length > 0 && !isNamed))
            return null;
        _warnings.Add(warning);
        if (isNamed)
            _leftOut = seen.LeftOut;
        return isNamed ? _planner.Replan(plan, RewriteLevel.All, new RewriteRestriction { LeftOut = new HashSet<string>(guilty, StringComparer.Ordinal) })
            : isInexact ? _planner.Replan(plan, RewriteLevel.Exact, RewriteRestriction.None) : _planner.AsItIs(plan);
    }

    /// <summary>A plan without the rewrites at fault; with exact ones alone where these are not found.</summary>
    private ExecutorPlan WithoutGuilty(ExecutorPlan plan, SerenityException fault)
    {
        GuiltyRewrites search = new(
            restriction => _planner.Replan(plan, RewriteLevel.All, restriction) is var found && found.Whole is { } whole ? whole : found, found => Verify(found, null));
        if (search.TryWithout(plan, fault, out ExecutorPlan held))
        {
            _warnings.Add(PipelineWarnings.LeftOut(_source, search.LeftOut));
            _leftOut = search.LeftOut;
            return _planner.Replan(plan, RewriteLevel.All, search.Restriction) is { Whole: not null } partitioned ? partitioned : held;
        }
        _warnings.Add(PipelineWarnings.RewrittenExactly(_source, fault));
        return _planner.Replan(plan, RewriteLevel.Exact, RewriteRestriction.None);
    }

    private OptimizationResult PassThrough(ExecutorPlan plan, SerenityException fault)
    {
        int before = _warnings.Count;
        ExecutorPlan unchanged = _planner.AsItIs(plan);
        VerificationOutcome verified;
        try
        {
            verified = Verify(unchanged, null);
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

    /// <param name="plan">The plan.</param>
    /// <param name="ahead">The source's half, if it was begun.</param>
    /// <param name="isPortable">False for a layout, in which every sum is in another order: outputs alone are compared, since the rewrites in it held in the portable plan.</param>
    private VerificationOutcome Verify(ExecutorPlan plan, SourceAhead? ahead, bool isPortable = true)
    {
        _request.Progress?.Invoke(PipelineStage.Verify);
        VerificationRequest asked = new()
        {
            Source = plan.Reference,
            Optimized = plan.Model,
            ExternalFolder = _source.File.ExternalFolder,
            File = _source.File.Path,
            Fused = plan.Start.Fused,
            Signed = plan.Start.Signed,
            Start = isPortable ? plan.Start.Model : null,
            StartShapes = plan.Shapes,
            Samples = SampleInputs.Read(_request.SamplePaths, _source.Reference.Graph),
            Exact = isPortable && !_widensAtRun && plan.Rewrites.All(r => r.Exact),
            Work = _work,
            Shapes = _source.Shapes.Main,
            Assumed = _source.Shapes.Assumed,
            Ahead = ahead,
            Threads = _planner.Threads,
            Prepack = _request.Prepack,
            Written = _form.Runnable(plan),
            MeasuresPlain = isPortable && _request.Executor.Traits().RunsInSession,
        };
        if (_source.Shapes.Main.Formulas is not { } formulas)
            return _planner.Prove(plan, Verifier(_planner.Promise(plan, asked), _cancellation));
        RangeFacts facts = RangeProof.Of(plan, formulas.Space, _source.File.Path);
        RangeProof proof = new(plan, _planner.Promise(plan, asked with { Shapes = _source.Shapes.Main.At(formulas.Space.Planned) }), _source.Shapes.Main, request => Verifier(request, _cancellation));
        string why = WorkText;
        VerificationOutcome? outcome = null;
        if (_work <= _request.VerifyLimit)
        {
            outcome = _planner.Prove(plan, Verifier(proof.Asked, _cancellation));
            (_range, _) = proof.Hold(facts, formulas.Space, outcome);
            if (outcome.Facts.Status != "skipped")
                return outcome;
            why = outcome.Facts.Reason!.TrimEnd('.');
        }
        // One plan is for all sizes of the range, so smaller ones hold it to what it promises too.
        foreach (SmallerSizes smaller in SmallerRuns().Where(s => facts.PeakBytes(s.Sizes) <= asked.Limits.Bytes / 8).Take(MostStandIns))
        {
            (RangeFacts held, VerificationOutcome first) = proof.Within(facts, formulas.Space, smaller);
            if (first.Facts.Status == "skipped")
                continue;
            _range = held;
            string upTo = string.Join(", ", smaller.Sizes.Where(s => formulas.Space.Ranges.ContainsKey(s.Key)).Select(s => FormattableString.Invariant($"{s.Key}={formulas.Space.Ranges[s.Key].From}..{s.Value}")));
            return new VerificationOutcome(
                first.Facts with
                {
                    Status = "partial",
                    Reason = $"At the largest sizes: {why}. So the plan was verified with {upTo}.{(first.Facts.Reason is { } reason ? " " + reason : "")}",
                    MeasuredBytes = null,
                    Instead = new VerifiedInstead(smaller.Sizes, null),
                }, null);
        }
        _range ??= facts;
        return outcome ?? new VerificationOutcome(ModelVerifier.NotRun($"{why}, and no smaller sizes of the range could be verified in their place."), null);
    }

    /// <summary>Sizes of the range that are little enough work to be verified, the largest first.</summary>
    private IEnumerable<SmallerSizes> SmallerRuns() => SmallerSizes.Of(_source, _request, withinRanges: true, _cancellation).Where(s => s.Work <= _request.VerifyLimit);

    /// <summary>True if the plan itself can be verified, at smaller sizes of its range.</summary>
    private bool VerifiesSmallerSizes => _verifiesSmallerSizes ??= _source.Shapes.Main.Formulas is not null && SmallerRuns().Any();

    private string WorkText => string.Create(CultureInfo.InvariantCulture, $"One run takes {_work:N0} multiply-accumulates, more than VerifyLimit ({_request.VerifyLimit:N0})");

    private OptimizationResult Facts(ExecutorPlan plan, VerificationOutcome? verified)
    {
        // No order needs less than the bound. Where one seems to, two sources say different things of a shape.
        if (plan.Bytes < plan.LowerBoundBytes)
        {
            throw new SerenityException(SerenityCodes.UnknownSize, _source.File.Path,
                "The file states shapes that contradict each other, an initializer's and its input's for example, so no size can be trusted. Export the model again.");
        }
        if (plan.LiveBytes != plan.LowerBoundBytes)
            _warnings.Add(PipelineWarnings.NotProven(_source, plan.LiveBytes, plan.LowerBoundBytes));
        if (verified is { Facts.Status: not "passed" })
            _warnings.Add(PipelineWarnings.NotVerified(_source, verified.Facts));
        if (verified?.Plain is { } plain && plain.OptimizedBytes > plain.SourceBytes)
            _warnings.Add(PipelineWarnings.MoreWithoutOptions(_source, plain, plan.Bytes, _request.Format));
        if (_source.Shapes.Main.Formulas is { } formulas && (verified is null || (verified.Facts.Instead is not null && !VerifiesSmallerSizes) || _range is null))
            _range = RangeProof.Of(plan, formulas.Space, _source.File.Path);
        long bytes = _range?.PeakBytes(_range.PeakAt) ?? plan.Bytes;
        // What allocates the same each time here, and is of one size, does so elsewhere.
        IReadOnlyList<RunBlock> others = verified?.Block is null || _range is not null ? [] : _planner.OnOtherTargets(plan, verified.Memory);
        IReadOnlyList<PlanFacts> plans = Placed(_planner.Account(plan, verified?.Memory), verified?.Block is { } own ? [own, .. others] : []);
        if (_range is not null)
            plans = [.. plans.Select(entry => RangeProof.Over(_range, entry, bytes - plan.Bytes))];
        return new OptimizationResult
        {
            Model = plan.Written,
            Format = _request.Format,
            Content = _form.Content(plan),
            Range = _range,
            Peak = new PeakFacts(
                _planner.Original.Bytes, bytes, plan.LiveBytes, plan.LowerBoundBytes, bytes == plan.LowerBoundBytes,
                ScheduledValues.InputBytes(_source.Model.Graph, _source.Shapes.Main), plans.Max(p => p.Account.Find(MemoryPool.Workspace)?.Bytes),
                plan.SumsInPlace, _source.Shapes.Main.Varies.Count > 0)
            {
                Formula = _range is null ? null : _range.Peaks is [var only] ? only.ToString() : $"max({string.Join(", ", _range.Peaks)})",
                Runs = _request.Concurrency,
                PlainSessionBytes = verified?.Plain?.OptimizedBytes,
                OriginalPlainSessionBytes = verified?.Plain?.SourceBytes,
                ProcessBytes = plans.All(p => p.Layout != PlanLayout.Portable || p.Account.ProcessBytes is not null)
                    ? plans.Where(p => p.Layout == PlanLayout.Portable).Max(p => p.Account.ProcessBytes) : null,
            },
            Plans = plans,
            WeightBytes = ModelTensors.WeightBytes(plan.Written),
            Memories = plan.Memories,
            Traffic = _request.OnChip is { } onChip ? TrafficAccount.Of(_source, plan, onChip, _cancellation) : null,
            Rewrites = plan.Rewrites,
            LeftOut = _leftOut,
            Work = plan.Work,
            Program = plan.Program with { Buffers = [.. plan.Program.Buffers.Select(b => OpenShapes.Tell(b, _source.Shapes.Main))] },
            Profile = plan.Profile,
            OriginalProfile = _planner.Original.Profile,
            PeakStep = plan.PeakStep,
            OriginalPeakStep = _planner.Original.PeakStep,
            UnplannedBodies = plan.UnplannedBodies,
            Block = verified?.Block,
            OtherBlocks = others,
            Kernels = _planner.Kernels(plan, verified?.Memory),
            Bounds = _source.Shapes.Bounds,
            Verification = verified?.Facts ?? (_request.Verify ? PipelineWarnings.NotRun : null),
            Warnings = _warnings,
        };
    }

    /// <summary>The entries, with a block where one was proven for just that way of running the model.</summary>
    private static IReadOnlyList<PlanFacts> Placed(IReadOnlyList<PlanFacts> plans, IReadOnlyList<RunBlock> blocks) =>
        [.. plans.Select(p => p is { Layout: PlanLayout.Portable, Sizes: null } && blocks.FirstOrDefault(b => b.Architecture == p.Architecture && b.Threads == p.Threads) is { } block
            ? p with { BlockBytes = block.Bytes } : p)];
}
