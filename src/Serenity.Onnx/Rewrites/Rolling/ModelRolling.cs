using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rolling;

/// <summary>
/// Partition for an executor that reads the parts of a concat where they lie: regions run row by row, every row computed once and there until its last reader has run. See docs/partition.md.
/// </summary>
internal static class ModelRolling
{
    /// <summary>Finds the groups of least peak and writes them.</summary>
    /// <param name="model">The model, its accumulation groups settled; not changed.</param>
    /// <param name="shapes">Types of all its values.</param>
    /// <param name="order">Names of its nodes in the order of its schedule.</param>
    /// <param name="modelPath">Path of the source model, beside which external data lies.</param>
    /// <param name="sharing">What its nodes share in the arena.</param>
    /// <param name="keptWhole">Names of nodes that are not run row by row.</param>
    /// <param name="exact">Only what rounds as the whole does.</param>
    /// <param name="isExact">True if all of it does.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Null where rows lower no peak.</returns>
    public static PartitionedModel? TryRoll(
        ModelProto model, ShapeTable shapes, IEnumerable<string> order, string modelPath, IArenaSharing sharing, IReadOnlySet<string> keptWhole, bool exact, out bool isExact,
        CancellationToken cancellation)
    {
        isExact = true;
        PartitionGraph graph = new(model, shapes, order, modelPath, sharing) { KeptWhole = keptWhole };
        RowRules rules = new(graph, exact);
        RollingSearch search = new(graph, rules, cancellation);
        if (search.Lowest() is not { } found || exact && !found.Program.IsExact)
            return null;
        isExact = found.Program.IsExact;
        return RollingWriter.Write(graph, rules, found.Program) with { PeakBytes = found.Peak, RequiredBytes = found.Peak };
    }
}
