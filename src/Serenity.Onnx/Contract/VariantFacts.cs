namespace Serenity.Onnx.Contract;

/// <summary>The model in another layout, which is a file of its own.</summary>
/// <param name="Layout">The layout.</param>
/// <param name="Basis"><see cref="FigureBasis.Measured"/> if it was run on the build machine and compared with the source; <see cref="FigureBasis.ByRule"/> if that machine's processor cannot run it.</param>
/// <param name="WorkRatio">Work of a run as a multiple of the portable model's, counted and not timed, rounded to thousandths.</param>
/// <param name="Convolutions">Convolutions in blocks.</param>
/// <param name="Reorders">Nodes that put an image into blocks or take it out of them.</param>
/// <param name="Block">A block in which a run takes place: seen where it is measured, foreseen where it is by rule; null if there is none.</param>
public sealed record VariantFacts(PlanLayout Layout, FigureBasis Basis, double WorkRatio, int Convolutions, int Reorders, RunBlock? Block);
