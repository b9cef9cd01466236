using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// An optional output that nobody reads is not asked for. Exporters name all outputs of a recurrent layer, though mostly one is used: ONNX Runtime
/// holds the others, the hidden state of every step among them, to the end of the run (without the name it makes none: <see cref="Contract.RuntimeRules.UnnamedOutputs"/>).
/// </summary>
internal sealed class UnreadOutputs : IRewrite
{
    private const string Kind = "UnreadOutputs";

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Outputs, RewriteExactness.Always)];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            string[] unread = [.. Of(graph, node)];
            if (unread.Length > 0)
                yield return new RewriteSite(Kind, [node.Name], unread, true);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } node || Of(graph, node).ToHashSet(StringComparer.Ordinal) is not { Count: > 0 } unread)
            return false;
        NodeProto fewer = node.Clone();
        for (int i = 0; i < fewer.Output.Count; i++)
        {
            if (unread.Contains(fewer.Output[i]))
                fewer.Output[i] = "";
        }
        while (fewer.Output[^1].Length == 0)
            fewer.Output.RemoveAt(fewer.Output.Count - 1);
        graph.Replace([node], [fewer]);
        return true;
    }

    /// <summary>The outputs of a node that may be left out; none where nobody reads any of them, since the node is then left as it is.</summary>
    private static IEnumerable<string> Of(RewriteGraph graph, NodeProto node)
    {
        bool IsRead(string output) => graph.IsOutput(output) || graph.ConsumerCount(output) > 0;
        return node.Kind() == OperatorKind.Recurrent && node.Output.Any(o => o.Length > 0 && IsRead(o))
            ? node.Output.Where(o => o.Length > 0 && !IsRead(o)) : [];
    }
}
