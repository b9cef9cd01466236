using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Results;

/// <summary>What a run needs in a layout besides the portable one.</summary>
/// <param name="Layout">The layout.</param>
/// <param name="RequiredBytes">Bytes that a memory budget is held against.</param>
public sealed record LayoutFigure(PlanLayout Layout, long RequiredBytes)
{
    /// <summary>That of the layout that needs the most of those that fit, where that is more than the portable file needs; else null.</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    public static LayoutFigure? Largest(MemoryManifest manifest) =>
        LayoutCheck.Largest(manifest) is { } layout && LayoutCheck.RequiredBytes(manifest, layout) is { } bytes ? new LayoutFigure(layout, bytes) : null;
}
