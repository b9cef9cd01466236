using Serenity.Onnx.Pipeline;

namespace Serenity.Onnx.Rewrites;

/// <summary>Carries out sets of rewrites, in stages: what makes sites for another stage comes before it.</summary>
internal static class RewriteSequence
{
    private const int Rounds = 4;

    /// <summary>All rewrites, by stage.</summary>
    private static readonly IRewrite[] Stages = [new DuplicateMerging(), new StrideIntoSlice(), new CheapRecompute(), new ChannelSplit(), new ConcatDissolution(), new StackedSum(), new SumReassociation()];

    /// <summary>All sites in a graph that a level allows, stage by stage.</summary>
    public static List<RewriteSite> Sites(RewriteGraph graph, RewriteLevel level)
    {
        List<RewriteSite> sites = [];
        foreach (IRewrite rewrite in Stages)
            sites.AddRange(rewrite.Match(graph).Where(s => Allowed(s, level)));
        return sites;
    }

    /// <summary>Applies every site that is wanted, those that arise on the way included.</summary>
    /// <returns>The sites applied, in order.</returns>
    public static List<RewriteSite> Apply(RewriteGraph graph, RewriteLevel level, Func<RewriteSite, bool> wanted)
    {
        List<RewriteSite> applied = [];
        foreach (IRewrite rewrite in Stages)
        {
            bool more = true;
            for (int round = 0; more && round < Rounds; round++)
            {
                more = false;
                foreach (RewriteSite site in rewrite.Match(graph).Where(s => Allowed(s, level) && wanted(s)).ToArray())
                {
                    if (!rewrite.TryApply(graph, site))
                        continue;
                    applied.Add(site);
                    more = true;
                }
            }
        }
        ActivationFusion.Apply(graph);
        return applied;
    }

    /// <summary>True if a level allows a rewrite.</summary>
    public static bool Allowed(RewriteSite site, RewriteLevel level) =>
        level == RewriteLevel.All || level == RewriteLevel.Exact && site.IsExact;
}
