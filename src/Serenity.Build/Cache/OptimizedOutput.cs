using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Cache;

/// <summary>An optimized model, as it is to be written: fresh from the optimizer or from the plan cache.</summary>
/// <param name="Manifest">The manifest; paths and budget are filled in where it is written.</param>
/// <param name="Model">Content of the .onnx file.</param>
/// <param name="DataFile">Name of the external data file beside it, or null.</param>
/// <param name="WriteData">Writes the content of the data file; null if there is none.</param>
public sealed record OptimizedOutput(MemoryManifest Manifest, byte[] Model, string? DataFile, Action<Stream>? WriteData)
{
    /// <summary>The model in other layouts: those of the manifest, in its order.</summary>
    public IReadOnlyList<OptimizedVariant> Variants { get; init; } = [];

    /// <summary>True if it was planned where ONNX Runtime does not load: neither fused nor verified.</summary>
    public bool WithoutRuntime => Manifest.Warnings.Any(w => w.Code == SerenityCodes.PlannedWithoutRuntime);
}

/// <summary>An optimized model in another layout.</summary>
/// <param name="Layout">The layout.</param>
/// <param name="Model">Content of the .onnx file; it has no external data.</param>
/// <param name="Plan">Content of its plan file.</param>
public sealed record OptimizedVariant(PlanLayout Layout, byte[] Model, byte[] Plan);
