using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// A sum written as a stack: Unsqueeze of each term, Concat along the new axis, and there a MatMul with a constant vector (RandWire's aggregation in some exporters), a
/// ReduceSum or a ReduceMean (<c>stack(…).sum(0)</c>, as in FPN decoders). It becomes terms, scaled or plain, that add up in one accumulation group; the stacked copy of all
/// terms goes. Changes the order of a floating-point sum.
/// </summary>
internal sealed class StackedSum : IRewrite
{
    private const string Kind = "StackedSum";

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Sums, RewriteExactness.Never) { MayHinder = true }];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (Stack.Of(graph, node) is { } stack)
                yield return new RewriteSite(Kind, [node.Name, graph.Producer(node.Input[0])!.Name], [node.Input[0], .. stack.Terms], false);
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        if (graph.Find(site.Nodes[0]) is not { } node || Stack.Of(graph, node) is not { } stack)
            return false;
        AccumulationWriter[] writers = [.. stack.Terms.Select((term, i) => graph.NewNodeName($"{node.Name}/add{i + 1}") is var name && stack.Factors is { } factors
            ? AccumulationWriters.Scaled(graph, name, stack.Type, term, factors[i])
            : AccumulationWriters.InPlace(graph, name, stack.Type, term))];
        AccumulationGroup group = new(node.Output[0], writers);
        graph.AddGroup(group);
        graph.Replace([node], AccumulationWriters.Chain(graph, group));
        return true;
    }

    /// <summary>What a node sums.</summary>
    /// <param name="Terms">The terms.</param>
    /// <param name="Type">Type of each of them, and of the sum.</param>
    /// <param name="Factors">What each is scaled by; null for nothing.</param>
    private sealed record Stack(string[] Terms, TensorType Type, float[]? Factors)
    {
        /// <summary>Reads it off a node; null where that is no such sum.</summary>
        public static Stack? Of(RewriteGraph graph, NodeProto node)
        {
            if (node.Output.Count == 0 || graph.TypeOf(node.Output[0]) is not { ElementType: DataType.Float } type)
                return null;
            if (node.Is("MatMul"))
            {
                return AccumulationWriters.CanConvolve(type) && graph.Constant(node.Input[1]) is { Dims.Count: 1 } weights && TermsOf(graph, node, type, type.Dims.Length) is { } scaled
                    && weights.Dims[0] == scaled.Length && graph.Weights.ReadFloats(weights) is { } factors ? new Stack(scaled, type, factors) : null;
            }
            bool mean = node.Is("ReduceMean");
            if (!mean && !node.Is("ReduceSum") || node.Int("keepdims", 1) != 0 || mean && !AccumulationWriters.CanConvolve(type))
                return null;
            if ((node.In(1).Length > 0 ? PartwiseOperators.Integers(graph, node.In(1)) : node.Ints("axes")) is not [var axis])
                return null;
            return TermsOf(graph, node, type, (int)(axis < 0 ? axis + type.Dims.Length + 1 : axis)) is { } terms
                ? new Stack(terms, type, mean ? [.. terms.Select(_ => 1f / terms.Length)] : null) : null;
        }

        private static string[]? TermsOf(RewriteGraph graph, NodeProto node, TensorType type, int axis)
        {
            if (ConcatParts.Of(graph, node.Input[0]) is not { } stack || stack.Axis != axis || stack.Total != stack.Parts.Count)
                return null;
            string[] terms = new string[stack.Parts.Count];
            for (int i = 0; i < terms.Length; i++)
            {
                // A part of size one along the axis is its term, whatever the place of the other axes of size one.
                if (graph.Producer(stack.Parts[i]) is not { } unsqueeze || !unsqueeze.Is("Unsqueeze")
                    || !type.Equals(graph.TypeOf(unsqueeze.Input[0])) || graph.Constant(unsqueeze.Input[0]) is not null)
                    return null;
                terms[i] = unsqueeze.Input[0];
            }
            return terms;
        }
    }
}
