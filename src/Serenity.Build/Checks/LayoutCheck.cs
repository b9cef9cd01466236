using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Checks;

/// <summary>Holds the layouts besides the portable one against the memory budget: the portable file decides the verdict, and a layout over budget is left out.</summary>
public static class LayoutCheck
{
    /// <summary>What a layout takes; null if the manifest does not say.</summary>
    public static long? RequiredBytes(MemoryManifest manifest, PlanLayout layout)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return manifest.Plans.FirstOrDefault(p => p.Layout == layout)?.Account.RequiredBytes;
    }

    /// <summary>The layouts that fit.</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    public static IReadOnlyList<PlanLayout> Within(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return [.. manifest.Variants.Select(v => v.Layout).Where(layout => RequiredBytes(manifest, layout) <= (manifest.Budget.MemoryBytes ?? long.MaxValue))];
    }

    /// <summary>The layouts that need the most of those that fit, where that is more than the portable file needs; else none. Several where they need the same.</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    public static IReadOnlyList<PlanLayout> Largest(MemoryManifest manifest)
    {
        PlanLayout[] larger = [.. Within(manifest).Where(layout => RequiredBytes(manifest, layout) > manifest.Peak.RequiredBytes)];
        return [.. larger.Where(layout => RequiredBytes(manifest, layout) == larger.Max(other => RequiredBytes(manifest, other)))];
    }

    /// <summary>One error (SER1001) for each layout that was named and does not fit; none where nobody named any.</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    /// <param name="file">The model as the user named it.</param>
    public static IEnumerable<SerenityDiagnostic> Errors(MemoryManifest manifest, string file) => !AreNamed(manifest) ? [] : Over(manifest).Select(over =>
    {
        MessageText text = $"{over}. Raise the budget, or set {ModelSetting.Layout.Of("Auto")}, which leaves out what does not fit.";
        return new SerenityDiagnostic(SerenityCodes.OverMemoryBudget, DiagnosticSeverity.Error, file, text);
    });

    /// <summary>A line for each layout that is left out since it does not fit, none where layouts were named, which then have to fit; and one for each that has no plan of a block.</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    public static IEnumerable<string> Notes(MemoryManifest manifest) =>
        [.. AreNamed(manifest) ? [] : Over(manifest).Select(over => $"{over}, and is left out; the portable file runs in its place."), .. WithoutBlock(manifest)];

    /// <summary>Where the portable file has a block and a layout has none, that is not what one expects of it. Without verification none has any.</summary>
    private static IEnumerable<string> WithoutBlock(MemoryManifest manifest)
    {
        if (!manifest.Plans.Any(p => p.Layout == PlanLayout.Portable && p.BlockBytes is not null))
            return [];
        IEnumerable<PlanLayout> byRule = Within(manifest).Where(layout => manifest.Variants.Any(v => v.Layout == layout && v.Basis == FigureBasis.ByRule));
        return byRule.Where(layout => manifest.Plans.Any(p => p.Layout == layout && p.BlockBytes is null)).Select(layout =>
            $"Layout {ManifestNames.Of(layout)} comes without a plan of a run's block: what its kernels allocate could not be foreseen on this machine, whose processor has another layout. Where it is picked, runs take"
            + " their memory from the heap, as much as is stated. Build on a machine that has the layout, or leave it out, for a block.");
    }

    /// <summary>Whether the layouts are those that somebody named, and not those that are of use.</summary>
    public static bool AreNamed(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return manifest.Options.Get(ModelOptions.Layout).Count > 0;
    }

    /// <summary>What is to be said of each layout that does not fit; no full stop, since what follows from it depends on whether it was named.</summary>
    private static IEnumerable<string> Over(MemoryManifest manifest)
    {
        if (manifest.Budget.MemoryBytes is not { } budget)
            yield break;
        foreach (VariantEntry variant in manifest.Variants)
        {
            if (RequiredBytes(manifest, variant.Layout) is { } bytes && bytes > budget)
                yield return $"Layout {ManifestNames.Of(variant.Layout)} needs {ByteSize.Format(bytes)}, {ByteSize.Format(bytes - budget)} more than the memory budget of {ByteSize.Format(budget)}";
        }
    }
}
