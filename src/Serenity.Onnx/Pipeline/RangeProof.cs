using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>What a plan says of a whole range of sizes: the formula of its peak, its proven maximum, and runs at some sizes that hold it to the formula.</summary>
internal static class RangeProof
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
        // Of several sizes with the same peak, the largest.
        IReadOnlyDictionary<string, long> at = peaks.Max(p => p.Evaluate(space.Most)) == maximum.Value ? space.Most : maximum.At;
        return new RangeFacts(new SortedDictionary<string, SizeRange>(space.Ranges.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal), peaks, at, []);
    }

    /// <summary>Runs the plan at other sizes than those that it was made at, and holds it to outputs, order and formula.</summary>
    /// <param name="facts">The formula.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="asked">What was asked at the sizes that it was made at, where it held.</param>
    /// <param name="verified">What was found there.</param>
    /// <param name="source">Shapes of the source's values, with their formulas.</param>
    /// <param name="verify">Verifies at one combination of sizes.</param>
    /// <returns>The facts with all sizes that were looked at.</returns>
    /// <exception cref="SerenityException">What was promised does not hold at some sizes; SER1305: the source model itself does not run at some.</exception>
    public static RangeFacts Hold(
        RangeFacts facts, ExecutorPlan plan, VerificationRequest asked, VerificationOutcome verified, ShapeTable source, Func<VerificationRequest, VerificationOutcome> verify)
    {
        SizeSpace space = source.Formulas!.Space;
        List<RangePoint> points = [];
        bool runs = verified.Facts.Status != "skipped";
        IEnumerable<SizeExpression> rounded = plan.Shapes.Formulas!.Dims.Values.SelectMany(d => d).Concat(facts.Peaks).Distinct();
        foreach (IReadOnlyDictionary<string, long> sizes in RangeSamples.Of(space, rounded, asked.Work > ModelVerifier.WorkForAllCases ? Inside / 2 : Inside))
        {
            long bytes = facts.PeakBytes(sizes);
            VerificationOutcome? found = Same(sizes, space.Planned) ? verified : null;
            if (found is null && runs)
            {
                VerificationRequest there = asked with
                {
                    Shapes = source.At(sizes),
                    PredictedBytes = asked.PredictedBytes is null ? null : bytes,
                    LeastBytes = null,
                    Ahead = null,
                    Start = null,
                    StartShapes = null,
                    Samples = [],
                    PlaceRun = null,
                    MostCases = CasesEach,
                };
                try
                {
                    found = verify(there);
                }
                catch (SerenityException fault)
                {
                    throw new SerenityException(fault.Code, fault.File, $"With {Text(sizes)}: {fault.Message}", fault) { Settings = fault.Settings, WhatHappened = fault.WhatHappened, Values = fault.Values };
                }
                if (found.Facts.Status == "skipped")
                {
                    throw new SerenityException(SerenityCodes.RangeNotPlanned, asked.File,
                        $"The model does not run at all sizes of the range. With {Text(sizes)}: {found.Facts.Reason} Leave such sizes out of the range.");
                }
            }
            points.Add(new RangePoint(sizes, bytes, found?.Facts.MeasuredBytes, found?.Memory?.WorkspaceBytes));
        }
        return facts with { Points = points };
    }

    /// <summary>An entry of the account as it holds over the range.</summary>
    /// <param name="facts">The range, with what runs took.</param>
    /// <param name="entry">The entry for the sizes that the plan was made at.</param>
    /// <param name="more">Bytes that the peak is higher at other sizes.</param>
    public static PlanFacts Over(RangeFacts facts, PlanFacts entry, long more)
    {
        MemoryAccount account = entry.Account;
        if (more > 0 && account.Find(MemoryPool.Activations) is { } activations)
            account = account.With(activations with { Parts = [.. activations.Parts, new MemoryPart("atOtherSizes", more, FigureBasis.Planned)] });
        // Scratch need not grow with sizes: a kernel may choose another way for smaller ones.
        long? measured = facts.Points.Max(p => p.WorkspaceBytes);
        if (account.Find(MemoryPool.Workspace) is { Bytes: { } workspace } pool && measured - workspace is > 0 and { } scratch)
            account = account.With(pool with { Parts = [.. pool.Parts, new MemoryPart("atOtherSizes", scratch, FigureBasis.Measured)] });
        return entry with { Sizes = facts.Ranges, Account = account };
    }

    private static bool Same(IReadOnlyDictionary<string, long> a, IReadOnlyDictionary<string, long> b) => a.All(size => b[size.Key] == size.Value);

    private static string Text(IReadOnlyDictionary<string, long> sizes) =>
        string.Join(", ", sizes.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}={s.Value}")));
}
