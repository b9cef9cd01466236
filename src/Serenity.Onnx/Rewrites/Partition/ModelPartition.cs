using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Partition, the rewrite: regions of a scheduled model run in pieces, so that their large tensors never exist whole. See docs/partition.md.</summary>
internal static class ModelPartition
{
    /// <summary>The rewrite's name, as in docs/rewrites.md.</summary>
    public const string Kind = "Partition";

    /// <summary>How often pieces are cut again: images into rows, heads into blocks of queries.</summary>
    private const int MostRounds = 3;

    /// <summary>Steps that the cuts costed may have together, in the first search and in each further one.</summary>
    private const long StepsAtFirst = 4_000_000, StepsAgain = 500_000;

    /// <summary>A model with more nodes is not cut again.</summary>
    private const int MostNodes = 1_500;

    /// <summary>Begins with a model: what is found out about its regions serves all searches.</summary>
    /// <param name="model">The model, its accumulation groups settled; not changed.</param>
    /// <param name="shapes">Types of all its values.</param>
    /// <param name="order">Names of its nodes in the order of its schedule.</param>
    /// <param name="modelPath">Path of the source model, beside which external data lies.</param>
    /// <param name="sharing">What the executor's kernels share.</param>
    /// <param name="threads">Threads within operators that the model runs with.</param>
    /// <param name="keptWhole">Names of nodes that no region may have.</param>
    /// <param name="techniques">What makes the search fast.</param>
    /// <param name="cancellation">Ends every search at once.</param>
    public static PartitionSearch Begin(
        ModelProto model, ShapeTable shapes, IEnumerable<string> order, string modelPath, IBufferSharing sharing, int threads, IReadOnlySet<string> keptWhole,
        RewriteTechniques techniques, CancellationToken cancellation) =>
        new(new PartitionGraph(model, shapes, order, modelPath, sharing, threads) { CutsOpen = true, KeptWhole = keptWhole }, cancellation, techniques, StepsAtFirst);

    /// <summary>Cuts a model for the lowest peak that some time buys.</summary>
    /// <param name="whole">The model.</param>
    /// <param name="modelPath">Path of the source model, beside which external data lies.</param>
    /// <param name="nanoseconds">Predicted time that may be added.</param>
    /// <param name="wanted">Required bytes that another form of the model was cut to first; one that comes to more is passed over.</param>
    /// <param name="techniques">What makes the search fast.</param>
    /// <param name="isLimited">True if more time may buy a lower peak.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Null where no region in pieces lowers the peak.</returns>
    public static PartitionedModel? TryCut(
        PartitionSearch whole, string modelPath, double nanoseconds, long wanted, RewriteTechniques techniques, out bool isLimited, CancellationToken cancellation) =>
        TryCut(whole, search => search.Lowest(nanoseconds, wanted), modelPath, nanoseconds, techniques, out isLimited, cancellation);

    /// <summary>Cuts a model with regions that end where those of another form of it do: which of the two forms is the better is known soon then.</summary>
    /// <param name="form">The model, from <see cref="Begin"/>.</param>
    /// <param name="like">The other form in pieces.</param>
    /// <param name="reach">True to come as low as that one in the least time, and not lower.</param>
    /// <param name="modelPath">Path of the source model, beside which external data lies.</param>
    /// <param name="nanoseconds">Predicted time that may be added.</param>
    /// <param name="techniques">What makes the search fast.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Null where no such region lowers the peak, or not as far as that.</returns>
    public static PartitionedModel? TryCutLike(
        PartitionGraph form, PartitionedModel like, bool reach, string modelPath, double nanoseconds, RewriteTechniques techniques, CancellationToken cancellation)
    {
        PartitionSearch search = new(form, cancellation, techniques, StepsAtFirst) { Ends = like.Regions.Select(r => r.Value).ToHashSet(StringComparer.Ordinal) };
        return TryCut(search, s => reach ? s.Within(nanoseconds, like.PeakAtFirst, like.RequiredAtFirst) : s.Lowest(nanoseconds), modelPath, nanoseconds, techniques, out _, cancellation);
    }

    private static PartitionedModel? TryCut(PartitionSearch whole, Func<PartitionSearch, IReadOnlyList<Cut>?> first, string modelPath, double nanoseconds, RewriteTechniques techniques,
        out bool isLimited, CancellationToken cancellation)
    {
        isLimited = nanoseconds <= 0;
        PartitionedModel? found = null;
        for (int round = 0; round < MostRounds && nanoseconds > 0; round++)
        {
            PartitionSearch search = found is null ? whole : new(
                new PartitionGraph(found.Model, found.Shapes, found.Order, modelPath, whole.Graph.Sharing, whole.Graph.Values.Threads)
                { OpenLengths = found.OpenLengths, CutsOpen = true, Origins = found.Origins, KeptWhole = whole.Graph.KeptWhole },
                cancellation, techniques, StepsAgain)
            { Ends = whole.Ends };
            IReadOnlyList<Cut>? cuts = found is null ? first(search) : search.Lowest(nanoseconds);
            isLimited |= search.IsLimited;
            if (cuts is null)
                break;
            PartitionedModel written = PartitionWriter.Write(search.Graph, cuts);
            PartitionedRegion[] regions = [.. written.Regions.Select((region, i) => region with { SavedBytes = search.PeakOf([.. cuts.Take(i)]) - search.PeakOf([.. cuts.Take(i + 1)]) })];
            double added = cuts.Sum(cut => cut.Added);
            found = written with
            {
                Regions = [.. found?.Regions ?? [], .. Alike(regions)],
                PeakBytes = search.PeakOf(cuts),
                RequiredBytes = search.RequiredOf(cuts),
                RequiredAtFirst = found?.RequiredAtFirst ?? search.RequiredOf(cuts),
                PeakAtFirst = found?.PeakAtFirst ?? search.PeakOf(cuts),
                Added = (found?.Added ?? 0) + added,
            };
            nanoseconds -= Math.Max(0, added);
            if (!search.PeakIsInPieces(cuts) || found.Model.Graph.Node.Count > MostNodes)
                break;
        }
        return found;
    }

    /// <summary>Pieces of one region that were cut again in the same way are told once.</summary>
    private static IEnumerable<PartitionedRegion> Alike(IEnumerable<PartitionedRegion> regions) =>
        regions.GroupBy(r => (string.Join('\n', r.Nodes), r.Pieces, r.Axis)).Select(g => g.First() with { SavedBytes = g.Sum(r => r.SavedBytes), Added = g.Sum(r => r.Added) });
}
