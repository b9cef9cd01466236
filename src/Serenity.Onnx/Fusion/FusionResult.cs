using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Fusion;

/// <summary>What preparing a model for planning gave.</summary>
/// <param name="Model">The model whose nodes are the ones ONNX Runtime will execute: the source itself where that is so already, else a new one.</param>
/// <param name="Fused">True if ONNX Runtime's fusions are applied in it.</param>
/// <param name="Reason">Why fusions that were asked for are not applied, a full sentence; else null.</param>
internal sealed record FusionResult(ModelProto Model, bool Fused, string? Reason);
