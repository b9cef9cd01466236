using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>A model that may be cut.</summary>
/// <param name="Model">The model.</param>
/// <param name="Shapes">Types of its values.</param>
/// <param name="Order">Names of its nodes in the order of its schedule.</param>
/// <param name="Ratio">Its predicted time, as a multiple of the unchanged model's.</param>
/// <param name="Applied">Rewrites applied before.</param>
internal sealed record PartitionForm(ModelProto Model, ShapeTable Shapes, IReadOnlyList<string> Order, double Ratio, IReadOnlyList<AppliedRewrite> Applied)
{
    /// <summary>Its regions, and what is known of them; null before the first search.</summary>
    public PartitionSearch? Search { get; set; }

    /// <summary>
    /// The unchanged model after sets of rewrites that pay in pieces (<see cref="RewriteSets"/>), scheduled as candidates are. None whose sites are those of an earlier one, and none that leaves no
    /// time for pieces.
    /// </summary>
    /// <param name="unchanged">The model without rewrites.</param>
    /// <param name="peak">Its peak.</param>
    /// <param name="applied">What was applied to lower the peak of the whole.</param>
    /// <param name="options">Which rewrites are allowed.</param>
    /// <param name="costs">What candidates cost.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    public static IEnumerable<PartitionForm> Rewritten(
        RewriteCandidate unchanged, long peak, IReadOnlyList<AppliedRewrite> applied, RewriteOptions options, OnnxRuntimeCosts costs, CancellationToken cancellation)
    {
        double work = unchanged.PredictedNanoseconds;
        HashSet<string> known = [Key(applied.Select(a => (a.Kind, a.Nodes))), ""];
        foreach (ISiteChoice choice in RewriteSets.ForPieces(applied))
        {
            RewriteGraph graph = new(unchanged, options.Executor, options.ModelPath) { LeftOut = options.Restriction.LeftOut };
            List<RewriteSite> sites = RewriteSequence.Apply(graph, options.Level, choice);
            RewriteCandidate candidate = graph.ToCandidate();
            if (!known.Add(Key(sites.Select(s => (s.Kind, s.Nodes)))) || !costs.IsKept(candidate))
                continue;
            // How long it takes depends on the order in which sums are added up.
            RewriteCost cost = costs.Find(candidate, CostEffort.Compare, cancellation);
            ModelProto model = AccumulationChain.Settle(cost.Written);
            double ratio = KernelTime.Of(model.Graph, cost.Written.Shapes) / work;
            if (ratio >= options.WorkLimit)
                continue;
            // What they save together, and what time they take, is told of the last.
            long saved = Math.Max(0, peak - cost.PeakBytes);
            yield return new PartitionForm(model, cost.Written.Shapes, [.. cost.Order.Names], ratio,
                [.. sites.Select((site, i) => new AppliedRewrite(site.Kind, site.Nodes, site.IsExact, i == sites.Count - 1 ? saved : 0) { AddedTime = i == sites.Count - 1 ? Math.Round(ratio - 1, 3) : 0 })]);
        }

        static string Key(IEnumerable<(string Kind, IReadOnlyList<string> Nodes)> sites) => string.Join('\n', sites.Select(s => $"{s.Kind} {string.Join(' ', s.Nodes)}").Order(StringComparer.Ordinal));
    }
}
