using Serenity.Onnx.Contract;

namespace Serenity.Build.Manifest;

/// <summary>The model in another layout; what it takes is in the plan of that layout.</summary>
/// <param name="Layout">The layout.</param>
/// <param name="Output">Its file; path relative to the manifest's folder.</param>
/// <param name="Basis">Measured if it was run on the build machine and compared with the source; by rule if that machine's processor cannot run it.</param>
/// <param name="WorkRatio">Work of a run as a multiple of the portable model's, counted and not timed.</param>
/// <param name="Convolutions">Convolutions in blocks.</param>
/// <param name="Reorders">Nodes that put an image into blocks or take it out of them.</param>
public sealed record VariantEntry(PlanLayout Layout, FileInfoEntry Output, FigureBasis Basis, double WorkRatio, int Convolutions, int Reorders);
