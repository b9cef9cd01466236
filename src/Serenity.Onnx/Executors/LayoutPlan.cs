using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Executors;

/// <summary>A plan of the model in another layout.</summary>
/// <param name="Layout">The layout.</param>
/// <param name="Plan">The plan.</param>
/// <param name="WorkRatio">Predicted time of a run as a multiple of the portable plan's.</param>
/// <param name="Convolutions">Convolutions in blocks.</param>
/// <param name="Reorders">Nodes that put an image into blocks or take it out of them.</param>
internal sealed record LayoutPlan(PlanLayout Layout, ExecutorPlan Plan, double WorkRatio, int Convolutions, int Reorders);
