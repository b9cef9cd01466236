using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Pipeline;

/// <summary>Holds plans of one model to what they promise, by running them; at smaller sizes of a range, where the largest are too much work.</summary>
/// <param name="task">The model, and what is asked.</param>
/// <param name="planner">Whose plans they are.</param>
/// <param name="form">What is written of a plan.</param>
/// <param name="verifier">Runs one.</param>
internal sealed class PlanVerification(PlanningTask task, IExecutorPlanner planner, WrittenForm form, Func<VerificationRequest, CancellationToken, VerificationOutcome> verifier)
{
    /// <summary>Stand-ins, and smaller sizes, that are tried before a model counts as not verified.</summary>
    public const int MostStandIns = 3;

    private bool? _verifiesSmallerSizes;

    /// <summary>True where verification is wanted and can be.</summary>
    public bool IsWanted => task.Request.Verify && NativeRuntime.IsAvailable;

    /// <summary>Multiply-accumulates of a run of the source.</summary>
    public long Work { get; } = WorkEstimate.Of(task.Source.Model.Graph, task.Source.Shapes.Main);

    /// <summary>True if a run is more work than verification may take.</summary>
    public bool IsTooMuchWork => Work > task.Request.VerifyLimit;

    /// <summary>For a range of sizes, what was found of the last plan; null for one size of each dimension, or before.</summary>
    public RangeFacts? Range { get; private set; }

    /// <summary>For a range of sizes, what the last plan requires on each architecture, as formulas; empty where that is not known.</summary>
    public IReadOnlyList<RequiredBytes> Required { get; private set; } = [];

    /// <summary>Begins to run the source while plans are looked for. Not beside a search where it would hold much: verification itself first looks whether it may.</summary>
    /// <param name="start">Where the search starts.</param>
    /// <param name="bytes">What the source costs today.</param>
    public SourceAhead? Begin(PlanStart start, long bytes) => !IsWanted || bytes > ModelVerifier.BytesForManyCases ? null : SourceAhead.Start(
        task.Source.Reference, task.Source.File.ExternalFolder, task.Source.File.Path, start.Fused, Work, planner.Threads, task.Source.Shapes.Main, task.Request.Prepack, start.Signed,
        task.Request.Executor.Traits().RunsInSession && start.Shapes.Shared.Count == 0 && PlainRuns.MayBeOf(task.Source.Reference, task.Source.Shapes.Main, start.Fused,
            task.Request.Prepack, start.Signed));

    /// <summary>Runs a plan beside the source, and holds what is seen to what the plan promises.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="ahead">The source's half, if it was begun.</param>
    /// <param name="isPortable">False for a layout, in which every sum is in another order: outputs alone are compared, since the rewrites in it held in the portable plan.</param>
    /// <exception cref="SerenityException">A promise does not hold, or the source itself does not run.</exception>
    public VerificationOutcome Verify(ExecutorPlan plan, SourceAhead? ahead, bool isPortable = true)
    {
        task.Request.Progress?.Invoke(PipelineStage.Verify);
        VerificationRequest asked = new()
        {
            Source = plan.Reference,
            Optimized = plan.Model,
            ExternalFolder = task.Source.File.ExternalFolder,
            File = task.Source.File.Path,
            Fused = plan.Start.Fused,
            Signed = plan.Start.Signed,
            Start = isPortable ? plan.Start.Model : null,
            StartShapes = plan.Shapes,
            Samples = SampleInputs.Read(task.Request.SamplePaths, task.Source.Reference.Graph),
            Exact = isPortable && !task.WidensAtRun && plan.Rewrites.All(r => r.Exact),
            IsRewritten = !isPortable || plan.Rewrites.Count > 0,
            Work = Work,
            Shapes = task.Source.Shapes.Main,
            Assumed = task.Source.Shapes.Assumed,
            Ahead = ahead,
            Threads = planner.Threads,
            Prepack = task.Request.Prepack,
            Written = form.Runnable(plan),
            MeasuresPlain = isPortable && task.Request.Executor.Traits().RunsInSession,
            KeepsGraph = task.Request.Executor.Traits().RunsInSession && task.Request.Format == ModelFormat.Ort,
        };
        if (task.Source.Shapes.Main.Formulas is not { } formulas)
            return planner.Prove(plan, verifier(planner.Promise(plan, asked), task.Cancellation));
        RangeFacts facts = RangeProof.Of(plan, formulas.Space, task.Source.File.Path);
        RangeGuardProof.Hold(plan.Model, task.Source.File.Model, facts.Ranges, task.Source.File.Path);
        Required = [];
        RangeProof proof = new(
            plan, planner.Promise(plan, asked with { Shapes = task.Source.Shapes.Main.At(formulas.Space.Planned), TakesEveryBranch = true }), task.Source.Shapes.Main,
            (sizes, request) => planner.ProveAt(plan, sizes, verifier(request, task.Cancellation)));
        string why = WorkText;
        VerificationOutcome? outcome = null;
        if (Work <= task.Request.VerifyLimit)
        {
            outcome = planner.Prove(plan, verifier(proof.Asked, task.Cancellation));
            (Range, outcome) = proof.Hold(facts, formulas.Space, outcome);
            // What scratch is at the sizes of the most that a run requires is seen by running it there; then the most may be elsewhere.
            for (RangeFacts? next = Range; next is not null; next = proof.HoldMost(Range, formulas.Space))
            {
                Required = proof.Runs.Count >= next.Points.Count ? planner.Required(plan, proof.Runs) : [];
                Range = RangeProof.With(next with { Required = [] }, formulas.Space, Required);
            }
            if (outcome.Facts.Status != "skipped" || outcome.RefusedFused is not null)
                return outcome;
            why = outcome.Facts.Reason!.TrimEnd('.');
        }
        // One plan is for all sizes of the range, so smaller ones hold it to what it promises too.
        foreach (SmallerSizes smaller in SmallerRuns().Where(s => facts.PeakBytes(s.Sizes) <= asked.Limits.Bytes / 8).Take(MostStandIns))
        {
            (RangeFacts held, VerificationOutcome first) = proof.Within(facts, formulas.Space, smaller);
            if (first.RefusedFused is not null)
                return first;
            if (first.Facts.Status == "skipped")
                continue;
            Range = held;
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
        Range ??= facts;
        return outcome ?? new VerificationOutcome(ModelVerifier.NotRun($"{why}, and no smaller sizes of the range could be verified in their place."), null);
    }

    /// <summary>Runs a plan when it is first asked for, and says the same whenever it is asked again, whatever was run meanwhile.</summary>
    /// <param name="plan">The plan.</param>
    public Func<VerificationOutcome> Once(ExecutorPlan plan)
    {
        Lazy<(VerificationOutcome Outcome, RangeFacts? Range, IReadOnlyList<RequiredBytes> Required)> found = new(() => (Verify(plan, null), Range, Required));
        return () =>
        {
            (VerificationOutcome outcome, Range, Required) = found.Value;
            return outcome;
        };
    }

    /// <summary>For a range of sizes, the formula of a plan and its maximum, with the runs that held it; null for one size of each dimension.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="verified">What was found of it.</param>
    public RangeFacts? RangeOf(ExecutorPlan plan, VerificationOutcome? verified)
    {
        if (task.Source.Shapes.Main.Formulas is { } formulas && (verified is null || (verified.Facts.Instead is not null && !VerifiesSmallerSizes) || Range is null))
            (Range, Required) = (RangeProof.Of(plan, formulas.Space, task.Source.File.Path), []);
        return Range;
    }

    /// <summary>Sizes of the range that are little enough work to be verified, the largest first.</summary>
    private IEnumerable<SmallerSizes> SmallerRuns() => SmallerSizes.Of(task.Source, task.Request, withinRanges: true, task.Cancellation).Where(s => s.Work <= task.Request.VerifyLimit);

    /// <summary>True if the plan itself can be verified, at smaller sizes of its range.</summary>
    public bool VerifiesSmallerSizes => _verifiesSmallerSizes ??= task.Source.Shapes.Main.Formulas is not null && SmallerRuns().Any();

    /// <summary>That one run is more work than verification may take, in words.</summary>
    public string WorkText => string.Create(CultureInfo.InvariantCulture, $"One run takes {Work:N0} multiply-accumulates, more than VerifyLimit ({task.Request.VerifyLimit:N0})");
}
