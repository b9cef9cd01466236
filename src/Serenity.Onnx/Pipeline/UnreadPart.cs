using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// Nodes that lead to no output are left out of every plan (<see cref="UnreadNodes"/>), after all of the model was looked at. Where one of them stands in the way of planning, proof or a block (a
/// size that depends on data, a generator of random numbers, a subgraph over a range of sizes), the model is planned without them from the start.
/// </summary>
internal static class UnreadPart
{
    /// <summary>Plans a model, whole where that serves.</summary>
    /// <param name="file">The model.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="plan">Plans one.</param>
    /// <exception cref="SerenityException">What the whole was refused for, where the rest is refused too.</exception>
    public static OptimizationResult Plan(LoadedModel file, OptimizeRequest request, Func<LoadedModel, OptimizationResult> plan)
    {
        OptimizationResult? whole = null;
        IReadOnlyList<string> unread = [];
        SerenityException? refusal = null;
        try
        {
            whole = plan(file);
        }
        catch (SerenityException fault) when (fault.Code is SerenityCodes.UnknownSize or SerenityCodes.RangeNotPlanned && request.Rewrite != RewriteLevel.None)
        {
            refusal = fault;
        }
        if (whole is not null && (request.Rewrite == RewriteLevel.None || !IsHeldUp(whole)))
            return whole;
        if (ModelCut.WithoutUnread(file, out unread) is not { } rest)
            return whole ?? throw refusal!;
        OptimizationResult less;
        try
        {
            less = plan(rest);
        }
        catch (SerenityException)
        {
            return whole ?? throw refusal!;
        }
        AppliedRewrite[] gone = [.. whole?.Rewrites.Where(r => r.Kind == UnreadNodes.Kind) ?? []];
        if (gone.Length == 0)
            gone = [new AppliedRewrite(UnreadNodes.Kind, unread, Exact: true, whole is null ? 0 : Math.Max(0, whole.Peak.OriginalBytes - less.Peak.OriginalBytes))];
        less = less with { Rewrites = [.. gone, .. less.Rewrites] };
        if (whole is null)
            return less;
        // What the model costs as it is, is the whole model's.
        return !IsBetter(less, whole) ? whole : less with
        {
            Peak = less.Peak with { OriginalBytes = whole.Peak.OriginalBytes, OriginalPlainSessionBytes = whole.Peak.OriginalPlainSessionBytes },
            OriginalProfile = whole.OriginalProfile,
            OriginalPeakStep = whole.OriginalPeakStep,
        };
    }

    /// <summary>True if something kept a plan from being proven, or from a block, that nodes nobody reads can be.</summary>
    private static bool IsHeldUp(OptimizationResult result) =>
        result.Verification is { Status: not "passed" } || (result.Range is null && result.Peak.AtMost) || result.UnplannedBodies.Count > 0;

    private static bool IsBetter(OptimizationResult less, OptimizationResult whole) => Standing(less) > Standing(whole);

    private static int Standing(OptimizationResult result) =>
        (result.Verification is { Status: "passed" } ? 4 : 0) + (result.Peak.AtMost ? 0 : 2) + (result.UnplannedBodies.Count > 0 ? 0 : 1);
}
