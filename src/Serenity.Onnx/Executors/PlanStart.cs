using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors;

/// <summary>A model whose nodes are the ones that the executor will execute: what rewrites and orders begin from.</summary>
/// <param name="Model">The model; all its nodes have names of their own.</param>
/// <param name="Shapes">Types of all its values.</param>
/// <param name="Fused">True if ONNX Runtime's fusions are applied in it.</param>
internal sealed record PlanStart(ModelProto Model, ShapeTable Shapes, bool Fused)
{
    /// <summary>True if signed integers are fused as they are, <see cref="Runtime.SignedIntegers"/>.</summary>
    public bool Signed { get; init; }
}
