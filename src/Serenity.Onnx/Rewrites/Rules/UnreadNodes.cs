using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Nodes that lead to no output of the model are left out. Cells cut from a larger network have them, and exporters leave them: ONNX Runtime runs every node of a file,
/// and holds what nobody reads to the end of the run. Those that hang together are one site.
/// </summary>
internal sealed class UnreadNodes : IRewrite
{
    /// <summary>Its name in manifests.</summary>
    public const string Kind = "UnreadNodes";

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Outputs, RewriteExactness.Always)];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        HashSet<string> unread = Of(graph);
        if (unread.Count == 0)
            yield break;
        HashSet<string> told = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Nodes)
        {
            if (!unread.Contains(node.Name) || told.Contains(node.Name))
                continue;
            NodeProto[] together = [.. Together(graph, node, unread, told)];
            yield return new RewriteSite(Kind, [.. together.Select(n => n.Name)], [.. together.SelectMany(n => n.Output).Where(o => o.Length > 0)], true);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        HashSet<string> unread = Of(graph);
        NodeProto[] nodes = [.. site.Nodes.Where(unread.Contains).Select(graph.Find).OfType<NodeProto>()];
        if (nodes.Length == 0)
            return false;
        // From the last to the first, so that no node is ever left without what it reads; what nobody reads any more goes along.
        foreach (NodeProto node in Enumerable.Reverse(nodes))
        {
            if (graph.Find(node.Name) is not null)
                graph.Replace([node], []);
        }
        return true;
    }

    /// <summary>Nodes of which no output of the model depends; those that write into a sum belong to it.</summary>
    private static HashSet<string> Of(RewriteGraph graph)
    {
        HashSet<string> unread = new(StringComparer.Ordinal);
        // ONNX Runtime loads a model without outputs, but not one without nodes besides.
        if (!graph.HasOutputs)
            return unread;
        foreach (NodeProto node in graph.Nodes.Reverse())
        {
            // What refuses a size outside of a range is there to fail.
            if (!ConstantNode.Is(node) && !graph.IsWriter(node.Name) && !(graph.HasOpenSizes && RangeGuard.Is(node))
                && node.Output.All(value => value.Length == 0 || (!graph.IsOutput(value) && graph.Consumers(value).All(reader => unread.Contains(reader.Name)))))
                unread.Add(node.Name);
        }
        return unread;
    }

    /// <summary>A node and the unread ones that read what it makes, or make what those read, in the order of the graph.</summary>
    private static IEnumerable<NodeProto> Together(RewriteGraph graph, NodeProto first, HashSet<string> unread, HashSet<string> told)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        Stack<NodeProto> open = new([first]);
        while (open.TryPop(out NodeProto? node))
        {
            if (!unread.Contains(node.Name) || !found.Add(node.Name))
                continue;
            foreach (string value in node.Output)
            {
                foreach (NodeProto reader in value.Length > 0 ? graph.Consumers(value) : [])
                    open.Push(reader);
            }
            foreach (string value in node.Input.Concat(SubgraphCaptures.Of(node)))
            {
                if (graph.Producer(value) is { } producer)
                    open.Push(producer);
            }
        }
        told.UnionWith(found);
        return graph.Nodes.Where(node => found.Contains(node.Name));
    }
}
