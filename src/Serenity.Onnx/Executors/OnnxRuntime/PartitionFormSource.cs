using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>Sets of rewrites carried out on a model that may be cut then.</summary>
/// <param name="unchanged">The model without rewrites.</param>
/// <param name="options">Which rewrites are allowed.</param>
/// <param name="costs">What candidates cost.</param>
/// <param name="cancellation">Ends the work at once.</param>
internal sealed class PartitionFormSource(RewriteCandidate unchanged, RewriteOptions options, OnnxRuntimeCosts costs, CancellationToken cancellation)
{
    private readonly double _work = unchanged.PredictedNanoseconds;

    /// <summary>The model without rewrites.</summary>
    public RewriteCandidate Unchanged => unchanged;

    /// <summary>What candidates cost.</summary>
    public OnnxRuntimeCosts Costs => costs;

    /// <summary>Names of nodes that no region in pieces may have.</summary>
    public IReadOnlySet<string> KeptWhole => options.Restriction.KeptWhole;

    /// <summary>A set of rewrites, carried out.</summary>
    /// <param name="Candidate">What comes of it.</param>
    /// <param name="Sites">The rewrites, in the order applied.</param>
    public sealed record Applied(RewriteCandidate Candidate, IReadOnlyList<RewriteSite> Sites)
    {
        /// <summary>The same for the same rewrites, in whatever order.</summary>
        public string Key => PartitionFormSource.Key(Sites.Select(s => (s.Kind, s.Nodes)));
    }

    /// <summary>The same for the same rewrites, in whatever order.</summary>
    public static string Key(IEnumerable<(string Kind, IReadOnlyList<string> Nodes)> sites) => string.Join('\n', sites.Select(s => $"{s.Kind} {string.Join(' ', s.Nodes)}").Order(StringComparer.Ordinal));

    /// <summary>Carries a set out.</summary>
    /// <returns>Null where the executor would change what comes of it.</returns>
    public Applied? Apply(ISiteChoice choice)
    {
        RewriteGraph graph = new(unchanged, options.Executor, options.ModelPath) { LeftOut = options.Restriction.LeftOut };
        List<RewriteSite> sites = RewriteSequence.Apply(graph, options.Level, choice);
        RewriteCandidate candidate = graph.ToCandidate();
        return costs.IsKept(candidate) ? new Applied(candidate, sites) : null;
    }

    /// <summary>What comes of a set, scheduled as candidates are, with its peak as a whole. What each rewrite saved is left open.</summary>
    /// <returns>Null where no time is left for pieces.</returns>
    public (PartitionForm Form, long Peak)? TryForm(Applied applied)
    {
        RewriteCost cost = costs.Find(applied.Candidate, CostEffort.Compare, cancellation);
        // How long it takes depends on the order in which sums are added up.
        ModelProto model = AccumulationChain.Settle(cost.Written);
        double ratio = KernelTime.Of(model.Graph, cost.Written.Shapes) / _work;
        return ratio < options.WorkLimit ? (new PartitionForm(model, cost.Written.Shapes, [.. cost.Order.Names], ratio, []), cost.PeakBytes) : null;
    }
}
