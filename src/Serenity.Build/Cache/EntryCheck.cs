using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Cache;

/// <summary>
/// Holds what an entry of the plan cache says to what this tool can have written, value by value. A sound signature tells who wrote an entry; this tells that
/// nothing in it can do harm further on: leave the folder, forge a line of the log, or state a figure that no plan has.
/// </summary>
internal static class EntryCheck
{
    private static readonly string[] _statuses = ["passed", "partial", "skipped"];

    /// <summary>True if an entry may be used.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="modelFile">Name of the file that the model will have, without a folder.</param>
    public static bool IsSound(OptimizedOutput entry, string modelFile)
    {
        MemoryManifest manifest = entry.Manifest;
        return (entry.DataFile is null || entry.DataFile == modelFile + ".data")
            && entry.Model.Length > 0
            && entry.Variants.All(v => v.Layout != PlanLayout.Portable && v.Model.Length > 0 && v.Plan.Length > 0) && entry.Variants.Select(v => v.Layout).Distinct().Count() == entry.Variants.Count
            && manifest.Variants.All(v => double.IsFinite(v.WorkRatio) && v.Convolutions >= 0 && v.Reorders >= 0)
            && manifest.Version == 1 && manifest.Tool == ToolIdentity.Tool && manifest.Budget.Verdict == BudgetVerdict.None
            && IsSound(manifest.Peak) && manifest.Plans.All(IsSound) && manifest.Weights.Bytes >= 0
            && double.IsFinite(manifest.Work.Limit) && double.IsFinite(manifest.Work.Ratio)
            && manifest.Warnings.All(w => IsCode(w.Code) && IsLine(w.Message) && (w.Settings ?? []).All(s => s.Value is null || IsLine(s.Value)))
            && (manifest.Verification is not { } facts || _statuses.Contains(facts.Status) && IsLine(facts.Reason) && IsLine(facts.RuntimeVersion) && IsLine(facts.Architecture)
                && facts.MeasuredBytes is not < 0)
            && (manifest.SessionOptions?.All(o => IsLine(o.Key) && IsLine(o.Value)) ?? true)
            && manifest.Rewrites.All(r => r.Kind.Length > 0 && IsLine(r.Kind) && r.Pieces is null or { Count: > 1, Axis: >= 0 })
            && (manifest.LeftOut?.All(r => r.Kind.Length > 0 && IsLine(r.Kind)) ?? true)
            && manifest.Profile.Count == manifest.Program.Steps.Count && manifest.Profile.All(bytes => bytes >= 0) && manifest.OriginalProfile.All(bytes => bytes >= 0)
            && manifest.Program.Buffers.All(t => IsSound(t, manifest.Program.Steps.Count))
            && IsSound(manifest.PeakStep, manifest.Program.Steps.Count) && IsSound(manifest.OriginalPeakStep, manifest.OriginalProfile.Count);
    }

    private static bool IsSound(PeakStep? step, int steps) =>
        step is null || step.Index >= 0 && step.Index < steps && step.Live.All(live => live.Bytes >= 0);

    private static bool IsSound(PeakFacts peak) =>
        peak.OriginalBytes >= 0 && peak.Bytes >= 0 && peak.LiveBytes >= 0 && peak.LowerBoundBytes >= 0 && peak.InputBytes >= 0 && peak.WorkspaceBytes is not < 0 && peak.PlainSessionBytes is not < 0
        && peak.OriginalPlainSessionBytes is not < 0
        && peak.LiveBytes >= peak.LowerBoundBytes;

    private static bool IsSound(PlanFacts plan) =>
        IsLine(plan.Architecture) && plan.Threads > 0 && plan.BlockBytes is not < 0 && (plan.Sizes?.Values.All(s => s.From >= 0 && s.To >= s.From) ?? true)
        && plan.Account.Pools.All(pool => pool.Parts.All(part => IsLine(part.Name) && part.Bytes is not < 0));

    private static bool IsSound(ProgramBuffer tensor, int steps) =>
        tensor.Bytes >= 0 && tensor.Offset is not < 0 && tensor.FirstStep >= 0 && tensor.LastStep >= tensor.FirstStep && tensor.LastStep < Math.Max(1, steps)
        && IsWithin(tensor.Writers, steps) && IsWithin(tensor.Readers, steps);

    private static bool IsWithin(IReadOnlyList<int>? list, int steps) => list is null || list.All(step => step >= 0 && step < steps);

    private static bool IsCode(string code) => code.Length == 7 && code.StartsWith("SER", StringComparison.Ordinal) && code.AsSpan(3).IndexOfAnyExceptInRange('0', '9') < 0;

    private static bool IsLine(string? text) => text is null || !text.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029');
}
