using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// An activation whose result several nodes read, and whose input is held for others anyway, is computed again for each reader: then the
/// input alone is held, not both. Exact; costs one pass over the tensor per further reader.
/// </summary>
internal sealed class CheapRecompute : IRewrite
{
    private const string Kind = "CheapRecompute";

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Copies, RewriteExactness.Always) { RepeatsWork = true }];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (Readers(graph, node) is not null)
                yield return new RewriteSite(Kind, [node.Name], [node.Output[0]], true);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } node || Readers(graph, node) is not { } readers)
            return false;
        for (int i = 1; i < readers.Length; i++)
        {
            NodeProto copy = node.Clone();
            copy.Name = graph.NewNodeName($"{node.Name}/again{i}");
            string value = graph.NewValue($"{node.Output[0]}/again{i}", graph.TypeOf(node.Output[0])!);
            copy.Output[0] = value;
            graph.Replace([readers[i]], [copy, RewriteGraph.Redirected(readers[i], node.Output[0], value)]);
        }
        return true;
    }

    /// <summary>The nodes that read an activation, two at least, where the input is held for another node; else null.</summary>
    private static NodeProto[]? Readers(RewriteGraph graph, NodeProto node)
    {
        if (!node.Has(OperatorTraits.Cheap) || graph.IsOutput(node.Output[0]) || graph.TypeOf(node.Output[0]) is null)
            return null;
        NodeProto[] readers = [.. graph.Consumers(node.Output[0])];
        bool held = graph.IsOutput(node.Input[0]) || graph.ConsumerCount(node.Input[0]) > 1;
        bool free = readers.All(r => graph.MayRedirect(r, node.Output[0]));
        return readers.Length > 1 && held && free ? readers : null;
    }
}
