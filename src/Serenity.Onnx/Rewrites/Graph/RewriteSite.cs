namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>A place where a rewrite applies.</summary>
/// <param name="Kind">The rewrite's name, as in docs/rewrites.md.</param>
/// <param name="Nodes">Names of the nodes it replaces; the first is where it is anchored.</param>
/// <param name="Values">Values it does away with or makes smaller: where none of them is live at the peak, it cannot help there.</param>
/// <param name="IsExact">True if outputs stay bit for bit.</param>
/// <param name="Detail">What distinguishes it from other sites at the same node, or "".</param>
internal sealed record RewriteSite(string Kind, IReadOnlyList<string> Nodes, IReadOnlyList<string> Values, bool IsExact, string Detail = "")
{
    /// <summary>The same for the same site, whatever else was applied.</summary>
    public string Key { get; } = $"{Kind}|{Nodes[0]}|{Detail}";
}

/// <summary>A rewrite: finds its sites in a graph, and carries one out.</summary>
internal interface IRewrite
{
    /// <summary>What it says of itself: one description for each kind that its sites may be of.</summary>
    IReadOnlyList<RewriteDescription> Descriptions { get; }

    /// <summary>Sites in the graph, in the order of its nodes. Changes nothing.</summary>
    IEnumerable<RewriteSite> Match(RewriteGraph graph);

    /// <summary>Those of them that a choice wants. A rewrite that takes long to look whether a node is a site need not look at any other node.</summary>
    IEnumerable<RewriteSite> Match(RewriteGraph graph, ISiteChoice choice) => Match(graph).Where(choice.Wants);

    /// <summary>Carries a site out, if it still is one: what was applied before may have changed it.</summary>
    /// <returns>False, and nothing changed, if it is none any more.</returns>
    bool TryApply(RewriteGraph graph, RewriteSite site);
}
