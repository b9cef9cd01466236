using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Rewrites;

/// <summary>Finds the set of rewrites with the lowest peak, and among those the smallest.</summary>
public static class RewriteSearch
{
    /// <summary>Searches.</summary>
    /// <param name="model">The source model; not changed.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="options">What may be done.</param>
    /// <param name="evaluate">Costs a candidate: schedules it and gives the peak. Must be deterministic.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public static RewriteOutcome Run(
        ModelProto model, ShapeTable shapes, RewriteOptions options,
        Func<RewriteCandidate, CancellationToken, RewriteCost> evaluate, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(evaluate);
        RewriteCost original = evaluate(RewriteCandidate.Unchanged(model, shapes), cancellation);
        return new RewriteOutcome(original, original, [], 1);
    }
}
