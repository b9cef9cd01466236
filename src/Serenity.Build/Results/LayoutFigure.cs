using Serenity.Build.Checks;
using Serenity.Build.Manifest;

namespace Serenity.Build.Results;

/// <summary>What a run needs in a layout besides the portable one, or in several that need the same.</summary>
/// <param name="Layouts">Their names as a manifest has them: <c>blocked16</c>, or <c>blocked8 or blocked16</c>.</param>
/// <param name="RequiredBytes">Bytes that a memory budget is held against.</param>
public sealed record LayoutFigure(string Layouts, long RequiredBytes)
{
    /// <summary>That of the layouts that need the most of those that fit, where that is more than the portable file needs; else null.</summary>
    /// <param name="manifest">A manifest with its verdict.</param>
    public static LayoutFigure? Largest(MemoryManifest manifest) =>
        LayoutCheck.Largest(manifest) is { Count: > 0 } layouts && LayoutCheck.RequiredBytes(manifest, layouts[0]) is { } bytes
            ? new LayoutFigure(string.Join(" or ", layouts.Select(layout => ManifestNames.Of(layout))), bytes) : null;
}
