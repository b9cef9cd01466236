using Serenity.Onnx.Rewrites.Graph;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>The sites that a test wants.</summary>
/// <param name="isWanted">True for a site that it wants.</param>
internal sealed class TestedSites(Func<RewriteSite, bool> isWanted) : ISiteChoice
{
    public bool MayWant(string kind) => true;

    public bool Wants(RewriteSite site) => isWanted(site);
}
