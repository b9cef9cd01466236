using System.Text;
using Google.Protobuf;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Nodes that compute the same from the same inputs become one (a Relu in front of each reader of a value, as search networks are
/// written). Where all readers of a value were such copies, the one that is left works in place. Exact, and less work; not always less
/// memory, since the shared result lives longer.
/// </summary>
internal sealed class DuplicateMerging : IRewrite
{
    private const string Kind = "DuplicateMerging";

    /// <summary>
    /// True for an operator whose result depends on its inputs and attributes alone, and costs little to hold on to. Not DequantizeLinear, which ONNX Runtime wants one of
    /// for each reader.
    /// </summary>
    private static bool IsMergeable(NodeProto node) => OperatorTable.Of(node) is
    {
        Kind: OperatorKind.Elementwise or OperatorKind.Broadcast or OperatorKind.Pool or OperatorKind.GlobalPool or OperatorKind.Softmax
            or OperatorKind.View or OperatorKind.Movement or OperatorKind.Concat or OperatorKind.Quantization,
    } or { Kind: OperatorKind.Normalization, Randomness: Randomness.None };

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Copies, RewriteExactness.Always) { MayHinder = true }];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            NodeProto[] copies = CopiesOf(graph, node);
            if (copies.Length > 0)
                yield return new RewriteSite(Kind, [node.Name, .. copies.Select(c => c.Name)], [node.Output[0], .. copies.Select(c => c.Output[0])], true);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } node)
            return false;
        NodeProto[] copies = CopiesOf(graph, node);
        foreach (NodeProto copy in copies)
        {
            foreach (NodeProto reader in graph.Consumers(copy.Output[0]).ToArray())
                graph.Replace([reader], [RewriteGraph.Redirected(reader, copy.Output[0], node.Output[0])]);
        }
        return copies.Length > 0;
    }

    /// <summary>Later nodes that compute what a node computes and could be read from it; empty where there are none, or the node itself is one.</summary>
    private static NodeProto[] CopiesOf(RewriteGraph graph, NodeProto node)
    {
        if (!IsMergeable(node) || node.Input.Count == 0 || node.Output.Count != 1 || graph.IsWriter(node.Name))
            return [];
        string? data = node.Input.FirstOrDefault(i => graph.Constant(i) is null);
        if (data is null || data.Length == 0 || graph.ConsumerCount(data) < 2)
            return [];
        string key = Key(graph, node);
        NodeProto[] same = [.. graph.Consumers(data).Where(n => n.OpType == node.OpType && n.Output.Count == 1 && !graph.IsWriter(n.Name) && Key(graph, n) == key)];
        if (same.Length < 2 || same[0] != node)
            return [];
        return [.. same.Skip(1).Where(n => !graph.IsOutput(n.Output[0]) && graph.Consumers(n.Output[0]).All(r => graph.MayRedirect(r, n.Output[0])))];
    }

    /// <summary>The same for nodes that compute the same: operator, attributes, inputs (constants by their content).</summary>
    private static string Key(RewriteGraph graph, NodeProto node)
    {
        StringBuilder key = new();
        key.Append(node.Domain).Append('|').Append(node.OpType);
        foreach (string input in node.Input)
        {
            key.Append('|');
            if (graph.Constant(input) is { } constant && WeightReader.CanRead(constant) && constant.Dims.Aggregate(1L, (a, b) => a * b) <= 64)
                key.Append(constant.DataType).Append('[').AppendJoin(',', constant.Dims).Append(']').Append(Convert.ToHexString(graph.Weights.Read(constant)));
            else
                key.Append('"').Append(input);
        }
        foreach (AttributeProto attribute in node.Attribute.OrderBy(a => a.Name, StringComparer.Ordinal))
            key.Append('|').Append(attribute.ToByteString().ToBase64());
        return key.ToString();
    }
}
