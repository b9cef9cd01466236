using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Graph;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>
/// Sets of rewrites that pay in pieces, whatever they do to the whole. The search over rewrites (<see cref="RewriteSearch"/>) asks what lowers the peak of the model as a whole; where the tensors at that
/// peak are cut, the next ones are at another place, which it had no reason to look at.
/// </summary>
internal static class RewriteSets
{
    /// <summary>The sets, the most promising first.</summary>
    /// <param name="applied">What was applied to lower the peak of the whole.</param>
    public static IEnumerable<ISiteChoice> ForPieces(IReadOnlyList<AppliedRewrite> applied)
    {
        yield return new KindChoice(kind => RewriteSequence.Of(kind).JoinsOperators);
        yield return new KindChoice(kind => RewriteSequence.Of(kind) is { HasParameter: false, RepeatsWork: false });
        if (applied.Count > 0)
            yield return new WithJoins(new AppliedSites(applied));
    }

    /// <summary>Some sites, and all that join operators.</summary>
    private sealed class WithJoins(AppliedSites sites) : ISiteChoice
    {
        public bool MayWant(string kind) => RewriteSequence.Of(kind).JoinsOperators || sites.MayWant(kind);

        public bool Wants(RewriteSite site) => RewriteSequence.Of(site.Kind).JoinsOperators || sites.Wants(site);
    }
}
