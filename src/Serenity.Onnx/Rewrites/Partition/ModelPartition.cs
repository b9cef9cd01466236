using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Partition, the rewrite: regions of a scheduled model run in pieces, so that their large tensors never exist whole. See docs/partition.md.</summary>
internal static class ModelPartition
{
    /// <summary>The rewrite's name, as in docs/rewrites.md.</summary>
    public const string Kind = "Partition";

    /// <summary>Cuts a model for the lowest peak that some work buys.</summary>
    /// <param name="model">The model, its accumulation groups settled; not changed.</param>
    /// <param name="shapes">Types of all its values.</param>
    /// <param name="order">Names of its nodes in the order of its schedule.</param>
    /// <param name="modelPath">Path of the source model, beside which external data lies.</param>
    /// <param name="sharing">What the executor's kernels share.</param>
    /// <param name="work">Work that may be added, in the unit of <see cref="RewriteWork"/>.</param>
    /// <param name="isLimited">True if more work may buy a lower peak.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Null where no region in pieces lowers the peak.</returns>
    public static PartitionedModel? TryCut(
        ModelProto model, ShapeTable shapes, IEnumerable<string> order, string modelPath, IBufferSharing sharing, double work, out bool isLimited, CancellationToken cancellation)
    {
        isLimited = work <= 0;
        if (isLimited)
            return null;
        PartitionGraph graph = new(model, shapes, order, modelPath, sharing);
        PartitionSearch search = new(graph, cancellation);
        IReadOnlyList<Cut>? cuts = search.Lowest(work);
        isLimited = search.IsLimited;
        return cuts is null ? null : PartitionWriter.Write(graph, cuts) with { PeakBytes = search.PeakOf(cuts), Added = cuts.Sum(cut => cut.Added) };
    }
}
