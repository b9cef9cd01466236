using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Concat sinking: an operator that treats every slice along the concat's axis on its own is applied to the parts, and the concat moves
/// behind it, towards an operator that can absorb it. Which operators do so, and what becomes of their other inputs, is in
/// <see cref="PartwiseOperators"/>. Exact, but for InstanceNormalization.
/// </summary>
internal sealed class ConcatSinking : IConcatRewrite
{
    public RewriteDescription Description { get; } = new("ConcatSinking", RewriteSubject.Concats, RewriteExactness.BySite);

    /// <remarks>ONNX Runtime's InstanceNormalization sums a channel in another order when it begins at another address.</remarks>
    public bool IsExactFor(NodeProto reader) => !reader.Is("InstanceNormalization");

    public ConcatEffect Match(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        if (reader.Output.Count != 1 || graph.TypeOf(reader.Output[0]) is not { } type || type.Dims.Length <= concat.Axis)
            return ConcatEffect.None;
        if (type.Dims.Length != graph.TypeOf(concat.Value)!.Dims.Length && !PartwiseOperators.IsReduction(reader))
            return ConcatEffect.None;
        return type.Dims[concat.Axis] == concat.Total && PartwiseOperators.Applies(graph, concat, reader) ? ConcatEffect.Sinks : ConcatEffect.None;
    }

    public void Apply(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        TensorType whole = graph.TypeOf(reader.Output[0])!;
        List<NodeProto> nodes = [];
        List<string> results = [];
        for (int i = 0; i < concat.Parts.Count; i++)
        {
            NodeProto node = PartwiseOperators.ForPart(graph, concat, reader, i);
            node.Name = graph.NewNodeName($"{reader.Name}/part{i + 1}");
            string result = graph.NewValue($"{reader.Output[0]}/part{i + 1}", concat.PartType(whole, i));
            node.Output.Clear();
            node.Output.Add(result);
            nodes.Add(node);
            results.Add(result);
        }
        nodes.Add(Join(graph, reader, results, concat.Axis));
        graph.Replace([reader], nodes);
    }

    /// <summary>The Concat behind the parts, which makes the value the reader made.</summary>
    public static NodeProto Join(RewriteGraph graph, NodeProto reader, IReadOnlyList<string> parts, int axis) =>
        NodeForms.Concat(graph.NewNodeName(reader.Name + "/concat"), parts, reader.Output[0], axis);
}
