using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>What is the same for all candidates of one model that are planned in an arena.</summary>
/// <param name="Shapes">Types of the source's values, subgraphs included, which no rewrite changes.</param>
/// <param name="Request">What is asked.</param>
/// <param name="Path">The model's file, for errors.</param>
/// <param name="Cancellation">Ends the work at once.</param>
internal sealed record ArenaTask(ModelShapes Shapes, OptimizeRequest Request, string? Path = null, CancellationToken Cancellation = default)
{
    /// <summary>A model in its arena.</summary>
    /// <param name="model">A checked model whose nodes have unique names.</param>
    /// <param name="shapes">Types of the values of its main graph.</param>
    /// <param name="groups">Accumulation groups; null for none.</param>
    /// <exception cref="Diagnostics.SerenityException">SER1301: the model has values that no fixed block of memory can hold.</exception>
    public StaticArenaGraph GraphOf(ModelProto model, ShapeTable shapes, IReadOnlyList<AccumulationGroup>? groups = null) =>
        StaticArenaGraph.Build(model, Shapes with { Main = shapes }, groups, Path, Request);

    /// <summary>A candidate in its arena.</summary>
    /// <inheritdoc cref="GraphOf(ModelProto, ShapeTable, IReadOnlyList{AccumulationGroup}?)"/>
    public StaticArenaGraph GraphOf(RewriteCandidate candidate) => GraphOf(candidate.Model, candidate.Shapes, candidate.Groups);
}
