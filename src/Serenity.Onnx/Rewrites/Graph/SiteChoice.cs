using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>Which sites are to be carried out, and so which need not be looked for.</summary>
internal interface ISiteChoice
{
    /// <summary>False if no site of a kind is wanted.</summary>
    bool MayWant(string kind);

    /// <summary>False if no site of a kind is wanted that a node anchors.</summary>
    bool MayWant(string kind, string node) => MayWant(kind);

    /// <summary>True for a site to carry out.</summary>
    bool Wants(RewriteSite site);
}

/// <summary>All sites of some kinds.</summary>
/// <param name="isWanted">True for a kind that is wanted.</param>
internal sealed class KindChoice(Func<string, bool> isWanted) : ISiteChoice
{
    /// <inheritdoc/>
    public bool MayWant(string kind) => isWanted(kind);

    /// <inheritdoc/>
    public bool Wants(RewriteSite site) => isWanted(site.Kind);
}

/// <summary>The sites of rewrites that were applied before.</summary>
internal sealed class AppliedSites(IReadOnlyList<AppliedRewrite> applied) : ISiteChoice
{
    /// <inheritdoc/>
    public bool MayWant(string kind) => applied.Any(a => a.Kind == kind);

    /// <inheritdoc/>
    public bool Wants(RewriteSite site) => applied.Any(a => a.Kind == site.Kind && a.Nodes.SequenceEqual(site.Nodes, StringComparer.Ordinal));
}

/// <summary>Sites one by one.</summary>
internal sealed class SiteSet : ISiteChoice
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal), _kinds = new(StringComparer.Ordinal), _nodes = new(StringComparer.Ordinal);

    /// <summary>A set of sites.</summary>
    public SiteSet(params IEnumerable<RewriteSite> sites)
    {
        foreach (RewriteSite site in sites)
            Add(site);
    }

    /// <summary>How many there are.</summary>
    public int Count => _keys.Count;

    /// <summary>Adds a site, if it is not there yet.</summary>
    public void Add(RewriteSite site)
    {
        _keys.Add(site.Key);
        _kinds.Add(site.Kind);
        _nodes.Add(site.Nodes[0]);
    }

    /// <inheritdoc/>
    public bool MayWant(string kind) => _kinds.Contains(kind);

    /// <inheritdoc/>
    public bool MayWant(string kind, string node) => _kinds.Contains(kind) && _nodes.Contains(node);

    /// <inheritdoc/>
    public bool Wants(RewriteSite site) => _keys.Contains(site.Key);
}
