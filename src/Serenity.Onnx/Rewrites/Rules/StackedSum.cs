using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// A weighted sum written as a stack: Unsqueeze of each term at the end, Concat there, MatMul with a constant vector (RandWire's
/// aggregation in some exporters). It becomes scaled terms that add up in one accumulation group; the stacked copy of all terms goes.
/// Changes the order of a floating-point sum.
/// </summary>
internal sealed class StackedSum : IRewrite
{
    private const string Kind = "StackedSum";

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Sums, RewriteExactness.Never) { MayHinder = true }];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (Terms(graph, node) is { } terms)
                yield return new RewriteSite(Kind, [node.Name, graph.Producer(node.Input[0])!.Name], [node.Input[0], .. terms], false);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } node || Terms(graph, node) is not { } terms)
            return false;
        float[] weights = graph.Weights.ReadFloats(graph.Constant(node.Input[1])!)!;
        TensorType type = graph.TypeOf(node.Output[0])!;
        AccumulationWriter[] writers = [.. terms.Select((term, i) =>
            AccumulationWriters.Scaled(graph, graph.NewNodeName($"{node.Name}/add{i + 1}"), type, term, weights[i]))];
        AccumulationGroup group = new(node.Output[0], writers);
        graph.AddGroup(group);
        graph.Replace([node], AccumulationWriters.Chain(graph, group));
        return true;
    }

    /// <summary>The terms, or null where the node is no such sum.</summary>
    private static string[]? Terms(RewriteGraph graph, NodeProto node)
    {
        if (!node.Is("MatMul") || graph.TypeOf(node.Output[0]) is not { ElementType: DataType.Float } type || type.Dims.Length is < 3 or > 5)
            return null;
        if (graph.Constant(node.Input[1]) is not { Dims.Count: 1 } weights || ConcatParts.Of(graph, node.Input[0]) is not { } stack)
            return null;
        if (stack.Axis != type.Dims.Length || weights.Dims[0] != stack.Parts.Count)
            return null;
        string[] terms = new string[stack.Parts.Count];
        for (int i = 0; i < terms.Length; i++)
        {
            // A part of size one behind all others is its term, whatever operator put the axis there.
            if (graph.Producer(stack.Parts[i]) is not { } unsqueeze || !unsqueeze.Is("Unsqueeze") || !type.Equals(graph.TypeOf(unsqueeze.Input[0])))
                return null;
            terms[i] = unsqueeze.Input[0];
        }
        return terms;
    }
}
