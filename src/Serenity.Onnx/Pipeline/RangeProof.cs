using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Pipeline;

/// <summary>What a plan says of a whole range of sizes: the formula of its peak, its proven maximum, and runs at some sizes that hold it to the formula.</summary>
/// <param name="plan">A plan with formulas.</param>
/// <param name="asked">What is asked of it at the sizes that it was made at.</param>
/// <param name="source">Shapes of the source's values, with their formulas.</param>
/// <param name="verify">Verifies at one combination of sizes.</param>
internal sealed class RangeProof(ExecutorPlan plan, VerificationRequest asked, ShapeTable source, Func<IReadOnlyDictionary<string, long>, VerificationRequest, VerificationOutcome> verify)
{
    /// <summary>Cases of inputs at each of the sizes besides those that are planned for.</summary>
    private const int CasesEach = 2;

    /// <summary>How many sizes inside the range are run.</summary>
    private const int Inside = 6;

    /// <summary>States the formula and its maximum.</summary>
    /// <param name="plan">A plan with formulas.</param>
    /// <param name="space">The sizes that occur.</param>
    /// <param name="path">The model's file, for errors.</param>
    /// <exception cref="SerenityException">SER1305: there is no proof of a maximum.</exception>
    public static RangeFacts Of(ExecutorPlan plan, SizeSpace space, string path)
    {
        IReadOnlyList<SizeExpression> peaks = PeakFormulas.Largest(plan.StepFormulas is { Count: > 0 } steps ? steps : [SizeExpression.Of(plan.Bytes)], space);
        if (SizeMaximum.Find(peaks, space) is not { } maximum)
        {
            throw new SerenityException(SerenityCodes.RangeNotPlanned, path,
                $"The largest peak over the range cannot be proven: bytes of the kind of {peaks.FirstOrDefault(p => !p.IsMonotone)} rise and fall with the sizes in too many ways. Give a smaller range.");
        }
        return new RangeFacts(new SortedDictionary<string, SizeRange>(space.Ranges.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal), peaks, Where(peaks, space, maximum), []);
    }

    /// <summary>Sizes at which the largest of some formulas is largest; of several, the largest.</summary>
    private static IReadOnlyDictionary<string, long> Where(
        IReadOnlyList<SizeExpression> formulas, SizeSpace space, (long Value, IReadOnlyDictionary<string, long> At, SizeExpression Formula) maximum) =>
        formulas.Max(f => f.Evaluate(space.Most)) == maximum.Value ? space.Most : maximum.At;

    private static IReadOnlyDictionary<string, long>? Where(IReadOnlyList<SizeExpression> formulas, SizeSpace space) =>
        formulas.Count > 0 && SizeMaximum.Find(formulas, space) is { } maximum ? Where(formulas, space, maximum) : null;

    /// <summary>Every run so far of which it is known what it took.</summary>
    public List<SizedRun> Runs { get; } = [];

    /// <summary>What is asked of the plan at the sizes that it was made at.</summary>
    public VerificationRequest Asked => asked;

    /// <summary>Holds the plan to outputs, order and formula in all of the range.</summary>
    /// <param name="facts">The formula.</param>
    /// <param name="space">The range.</param>
    /// <param name="verified">What was found at the sizes that the plan was made at.</param>
    /// <returns>The facts with all sizes that were looked at, and what was found first, with the block of the run at the sizes of the largest peak.</returns>
    /// <exception cref="SerenityException">What was promised does not hold at some sizes; SER1305: the source model itself does not run at some.</exception>
    public (RangeFacts Facts, VerificationOutcome First) Hold(RangeFacts facts, SizeSpace space, VerificationOutcome verified) => Hold(facts, space, verified, asked.Work);

    /// <summary>Holds the plan to them in the part of the range up to some sizes.</summary>
    /// <param name="facts">The formula.</param>
    /// <param name="space">The range.</param>
    /// <param name="most">The largest sizes of that part.</param>
    /// <returns>The facts with all sizes that were looked at, and what was found at the largest: if that was skipped, nothing else was run.</returns>
    /// <exception cref="SerenityException">As <see cref="Hold(RangeFacts, SizeSpace, VerificationOutcome)"/>.</exception>
    public (RangeFacts Facts, VerificationOutcome First) Within(RangeFacts facts, SizeSpace space, SmallerSizes most) =>
        Hold(facts, new SizeSpace(space.Ranges.Select(r => KeyValuePair.Create(r.Key, r.Value with { To = most.Sizes[r.Key] }))), null, most.Work);

    private (RangeFacts Facts, VerificationOutcome First) Hold(RangeFacts facts, SizeSpace space, VerificationOutcome? verified, long work)
    {
        List<RangePoint> points = [];
        VerificationOutcome? first = verified;
        if (verified?.Memory is { ActivationBytes: not null } planned)
            Runs.Add(new SizedRun(space.Planned, planned));
        // What was held there is the plan's own figure, so it has to be the formula's too.
        if (verified is not null && asked.PredictedBytes is { } predicted && facts.PeakBytes(space.Planned) is var stated && stated != predicted)
        {
            throw new SerenityException(SerenityCodes.MemoryDiffers, asked.File,
                $"With {RangeRefusal.Text(space.Planned)}: {predicted} bytes were planned, and the formula gives {stated}. This is a fault of Serenity.Build: please report it with the model.");
        }
        IEnumerable<SizeExpression> rounded = plan.Shapes.Formulas!.Dims.Values.SelectMany(d => d).Concat(facts.Peaks).Distinct();
        IReadOnlyDictionary<string, long>? peakAt = Where(facts.Peaks, space);
        RunBlock? block = null;
        foreach (IReadOnlyDictionary<string, long> sizes in RangeSamples.Of(space, rounded, work > ModelVerifier.WorkForAllCases ? Inside / 2 : Inside, peakAt, facts.Peaks))
        {
            VerificationOutcome? found = verified is not null && Same(sizes, space.Planned) ? verified : null;
            if (found is null && first?.Facts.Status != "skipped")
            {
                found = Run(facts, sizes, work, isPlaced: verified is not null && Same(sizes, facts.PeakAt), mayBeSkipped: first is null);
                block ??= found.Block;
                first ??= found;
            }
            points.Add(PointOf(facts, sizes, found));
        }
        return (facts with { Points = points }, block is null ? first! : first! with { Block = block });
    }

    /// <summary>Runs the plan at the sizes too at which it requires most, where it was not.</summary>
    /// <param name="facts">The range, with what it requires.</param>
    /// <param name="space">The same as a box.</param>
    /// <returns>The range with these sizes; null if they are among those that ran.</returns>
    public RangeFacts? HoldMost(RangeFacts facts, SizeSpace space) =>
        Where(facts.Required, space) is not { } sizes || facts.Points.Any(point => Same(point.Sizes, sizes)) ? null
            : facts with { Points = [.. facts.Points, PointOf(facts, sizes, Run(facts, sizes, asked.Work, isPlaced: false, mayBeSkipped: false))] };

    private static RangePoint PointOf(RangeFacts facts, IReadOnlyDictionary<string, long> sizes, VerificationOutcome? found) =>
        new(sizes, facts.PeakBytes(sizes), found?.Facts.MeasuredBytes, found?.Memory?.WorkspaceBytes);

    /// <summary>Verifies at some sizes, and keeps what the run took.</summary>
    private VerificationOutcome Run(RangeFacts facts, IReadOnlyDictionary<string, long> sizes, long work, bool isPlaced, bool mayBeSkipped)
    {
        VerificationOutcome found = Verify(sizes, facts.PeakBytes(sizes), work, isPlaced);
        if (found.Facts.Status == "skipped" && !mayBeSkipped)
            throw RangeRefusal.DoesNotRun(sizes, found.Facts.Reason!, null, asked.File!);
        if (found.Memory is { ActivationBytes: not null } memory)
            Runs.Add(new SizedRun(sizes, memory));
        return found;
    }

    private VerificationOutcome Verify(IReadOnlyDictionary<string, long> sizes, long bytes, long work, bool isPlaced)
    {
        try
        {
            return verify(sizes, asked with
            {
                Shapes = source.At(sizes),
                PredictedBytes = asked.PredictedBytes is null ? null : bytes,
                LeastBytes = null,
                Ahead = null,
                Start = null,
                StartShapes = null,
                Samples = [],
                PlaceRun = isPlaced ? asked.PlaceRun : null,
                Sizes = sizes,
                MostCases = CasesEach,
                Work = work,
                HeldBytes = bytes,
                MeasuresPlain = false,
            });
        }
        catch (SerenityException fault)
        {
            throw new SerenityException(fault.Code, fault.File, $"With {RangeRefusal.Text(sizes)}: {fault.Message}", fault) { Settings = fault.Settings, WhatHappened = fault.WhatHappened, Values = fault.Values };
        }
    }

    /// <summary>The range with what a run requires at each of its sizes.</summary>
    /// <param name="facts">The range.</param>
    /// <param name="space">The same as a box.</param>
    /// <param name="required">Formulas for each architecture; none where they are not known.</param>
    public static RangeFacts With(RangeFacts facts, SizeSpace space, IReadOnlyList<RequiredBytes> required)
    {
        if (required.Count == 0)
            return facts;
        facts = facts with { Required = PeakFormulas.Largest(required.SelectMany(r => r.Formulas), space) };
        return facts with { Points = [.. facts.Points.Select(p => p with { RequiredBytes = facts.RequiredBytes(p.Sizes) })] };
    }

    /// <summary>An entry of the account as it holds over the range.</summary>
    /// <param name="facts">The range, with what runs took.</param>
    /// <param name="entry">The entry for the sizes that the plan was made at.</param>
    /// <param name="peak">Bytes at the peak, at most.</param>
    /// <param name="more">Bytes that it is higher than at the sizes that the plan was made at.</param>
    /// <param name="required">What a run requires on each architecture, as formulas; none where they are not known.</param>
    public static PlanFacts Over(RangeFacts facts, PlanFacts entry, long peak, long more, IReadOnlyList<RequiredBytes> required)
    {
        MemoryAccount account = entry.Account;
        if (more > 0 && account.Find(MemoryPool.Activations) is { } activations)
            account = account.With(activations with { Parts = [.. activations.Parts, new MemoryPart("atOtherSizes", more, FigureBasis.Planned)] });
        if (account.Find(MemoryPool.Workspace) is { Bytes: { } workspace } pool)
        {
            // Scratch need not grow with sizes: a kernel may choose another way for smaller ones. What counts is the most that tensors and scratch are together.
            long most = required.FirstOrDefault(r => r.Architecture == entry.Architecture) is { } known ? known.Most - peak : Math.Max(workspace, facts.Points.Max(p => p.WorkspaceBytes) ?? 0);
            IEnumerable<MemoryPart> parts = pool.Parts is [{ Bytes: { } kernels } only] ? [only with { Bytes = Math.Min(kernels, most) }] : pool.Parts;
            if (most > workspace)
                parts = parts.Append(new MemoryPart("atOtherSizes", most - workspace, FigureBasis.Measured));
            account = account.With(pool with { Parts = [.. parts] });
        }
        return entry with { Sizes = facts.Ranges, Account = account.Find(MemoryPool.HeapGaps) is null ? account : HeapGaps.AddTo(account) };
    }

    private static bool Same(IReadOnlyDictionary<string, long> a, IReadOnlyDictionary<string, long> b) => a.All(size => b[size.Key] == size.Value);
}
