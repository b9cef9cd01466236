using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>Carries out sets of rewrites, in stages: what makes sites for another stage comes before it.</summary>
internal static class RewriteSequence
{
    private const int Rounds = 4;

    /// <summary>All rewrites, by stage. This is the one place that names them.</summary>
    private static readonly IRewrite[] _stages =
    [
        new UnreadNodes(), new UnreadOutputs(), new DuplicateMerging(), new StrideIntoSlice(), new CheapRecompute(), new ChannelSplit(),
        new ConcatDissolution(), new ConcatLifting(), new StackedSum(), new SumReassociation(),
    ];

    /// <summary>What all of them say of themselves, by stage.</summary>
    public static IReadOnlyList<RewriteDescription> Descriptions { get; } = [.. _stages.SelectMany(rewrite => rewrite.Descriptions)];

    /// <summary>What the rewrite of a kind says of itself.</summary>
    /// <param name="kind">A kind that a site has.</param>
    public static RewriteDescription Of(string kind)
    {
        foreach (RewriteDescription description in Descriptions)
        {
            if (description.Kind == kind)
                return description;
        }
        throw new ArgumentException($"There is no rewrite '{kind}'.", nameof(kind));
    }

    /// <summary>Sites of rewrites with a parameter; those that a level does not allow too.</summary>
    public static IEnumerable<RewriteSite> WithParameter(RewriteGraph graph) =>
        _stages.Where(rewrite => rewrite.Descriptions.Any(d => d.HasParameter)).SelectMany(rewrite => rewrite.Match(graph));

    /// <summary>All sites in a graph that a level allows, stage by stage; those of a choice alone, where one is given.</summary>
    public static List<RewriteSite> Sites(RewriteGraph graph, RewriteLevel level, ISiteChoice? choice = null)
    {
        List<RewriteSite> sites = [];
        foreach (IRewrite rewrite in _stages)
        {
            if (choice is null || rewrite.Descriptions.Any(d => choice.MayWant(d.Kind)))
                sites.AddRange(Match(rewrite, graph, level, choice));
        }
        return sites;
    }

    /// <summary>Applies every site that is wanted, those that arise on the way included.</summary>
    /// <returns>The sites applied, in order.</returns>
    public static List<RewriteSite> Apply(RewriteGraph graph, RewriteLevel level, ISiteChoice choice)
    {
        List<RewriteSite> applied = [];
        foreach (IRewrite rewrite in _stages)
        {
            bool more = rewrite.Descriptions.Any(d => choice.MayWant(d.Kind));
            for (int round = 0; more && round < Rounds; round++)
            {
                more = false;
                foreach (RewriteSite site in Match(rewrite, graph, level, choice).ToArray())
                {
                    if (!HoldsAtAllSizes(rewrite, graph, site) || !rewrite.TryApply(graph, site))
                        continue;
                    applied.Add(site);
                    more = true;
                }
            }
        }
        ActivationFusion.Apply(graph);
        return applied;
    }

    /// <summary>
    /// The sites of one rewrite that a level allows and a choice, where one is given, wants. None is exact in float16: ONNX Runtime has float32 kernels for most operators, and rounds between two of
    /// them only where they are not neighbours. One that is not exact stays away from what is rounded further on (<see cref="RoundedValues"/>).
    /// </summary>
    private static IEnumerable<RewriteSite> Match(IRewrite rewrite, RewriteGraph graph, RewriteLevel level, ISiteChoice? choice)
    {
        IEnumerable<RewriteSite> sites = (choice is null ? rewrite.Match(graph) : rewrite.Match(graph, choice))
            .Select(s => s.IsExact && s.Values.Any(v => graph.TypeOf(v)?.ElementType is DataType.Float16 or DataType.Bfloat16) ? s with { IsExact = false } : s)
            .Where(s => Allowed(graph, s, level));
        if (graph.HasOpenSizes)
            sites = sites.Where(s => !Of(s.Kind).StatesSizes || s.Values.All(v => graph.FixedTypeOf(v) is not null));
        return graph.Rounded is { } rounded ? sites.Where(s => s.IsExact || !ChangesRounded(graph, s, rounded)) : sites;
    }

    /// <summary>False if what a rewrite writes would state a size that has a range: found out on a copy, which is then as it may be.</summary>
    private static bool HoldsAtAllSizes(IRewrite rewrite, RewriteGraph graph, RewriteSite site)
    {
        if (!graph.HasOpenSizes)
            return true;
        try
        {
            return rewrite.TryApply(graph.Copy(), site);
        }
        catch (BakedSizeException)
        {
            return false;
        }
    }

    /// <summary>True if the result of one of a site's sums is rounded further on; in float16, of any of its nodes.</summary>
    private static bool ChangesRounded(RewriteGraph graph, RewriteSite site, IReadOnlySet<string> rounded) => site.Nodes.Any(name =>
        graph.Find(name) is { } node && node.Output.Any(rounded.Contains)
        && (RoundedValues.Sums(node) || node.Output.Any(v => graph.TypeOf(v)?.ElementType is DataType.Float16 or DataType.Bfloat16)));

    /// <summary>True if a level allows a rewrite, and it is not to be left out.</summary>
    public static bool Allowed(RewriteGraph graph, RewriteSite site, RewriteLevel level) =>
        site.IsExact ? level != RewriteLevel.None : level == RewriteLevel.All && !graph.LeftOut.Contains(site.Nodes[0]);
}
