using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

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

    /// <summary>What is to be said of each layout that does not fit; no full stop, since what follows from it depends on whether it was named.</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    public static IEnumerable<string> Over(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.Budget.MemoryBytes is not { } budget)
            yield break;
        foreach (VariantEntry variant in manifest.Variants)
        {
            if (RequiredBytes(manifest, variant.Layout) is { } bytes && bytes > budget)
                yield return $"Layout {variant.Layout} needs {ByteSize.Format(bytes)}, {ByteSize.Format(bytes - budget)} more than the memory budget of {ByteSize.Format(budget)}";
        }
    }
}
