using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Kernel partition (SERENITY): a depthwise convolution over a concat of channels becomes one per part, and the concat moves behind them.
/// Holds for every grouped convolution whose groups do not straddle two parts, and for <c>QLinearConv</c>. Exact.
/// </summary>
internal sealed class KernelPartition : IConcatRewrite
{
    public RewriteDescription Description { get; } = new("KernelPartition", RewriteSubject.Concats, RewriteExactness.Always) { EndsConcat = true };

    public bool IsExactFor(NodeProto reader) => true;

    public ConcatEffect Match(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        if (concat.Axis != 1 || reader.Input[0] != concat.Value || reader.Input.Skip(1).Contains(concat.Value))
            return ConcatEffect.None;
        Shape? shape = Shape.Of(graph, reader);
        if (shape is null || shape.Group <= 1 || shape.InputsPerGroup * shape.Group != concat.Total)
            return ConcatEffect.None;
        return concat.Sizes.All(size => size % shape.InputsPerGroup == 0) ? ConcatEffect.Sinks : ConcatEffect.None;
    }

    public void Apply(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        Shape shape = Shape.Of(graph, reader)!;
        TensorType whole = graph.TypeOf(reader.Output[0])!;
        List<NodeProto> nodes = [];
        List<string> results = [];
        long firstGroup = 0;
        for (int i = 0; i < concat.Parts.Count; i++)
        {
            long groups = concat.Sizes[i] / shape.InputsPerGroup;
            long start = firstGroup * shape.OutputsPerGroup, count = groups * shape.OutputsPerGroup;
            NodeProto node = reader.Clone();
            node.Name = graph.NewNodeName($"{reader.Name}/part{i + 1}");
            node.Input[0] = concat.Parts[i];
            foreach (int index in shape.PerOutput)
            {
                if (reader.In(index) is { Length: > 0 } rows)
                    node.Input[index] = ConstantRows.Cut(graph, rows, shape.OutputsPerGroup * shape.Group, start, count, $"{rows}/part{i + 1}", nodes);
            }
            if (groups == 1)
                node.Remove("group");
            else
                node.Set("group", groups);
            long[] dims = [.. whole.Dims];
            dims[1] = count;
            string result = graph.NewValue($"{reader.Output[0]}/part{i + 1}", whole with { Dims = dims });
            node.Output.Clear();
            node.Output.Add(result);
            nodes.Add(node);
            results.Add(result);
            firstGroup += groups;
        }
        nodes.Add(ConcatSinking.Join(graph, reader, results, 1));
        graph.Replace([reader], nodes);
    }

    /// <summary>The grouping of a Conv, FusedConv or QLinearConv, and which of its inputs have one row per output channel.</summary>
    private sealed record Shape(long Group, long InputsPerGroup, long OutputsPerGroup, int[] PerOutput)
    {
        public static Shape? Of(RewriteGraph graph, NodeProto node)
        {
            int kernel = node.Is("QLinearConv") ? 3 : 1;
            int[] perOutput = kernel == 3 ? [3, 4, 5, 8] : [1, 2];
            if (kernel == 1 && !(node.Is("Conv") || node.IsMicrosoft("FusedConv") && node.In(3).Length == 0) || node.Output.Count != 1)
                return null;
            if (graph.TypeOf(node.In(0)) is not { } x || graph.TypeOf(node.Output[0]) is null || graph.TypeOf(node.In(kernel)) is not { Dims.Length: >= 3 } weight)
                return null;
            long group = node.Int("group", 1);
            if (group < 1 || weight.Dims[0] % group != 0 || weight.Dims.Length != x.Dims.Length || weight.Dims[1] * group != x.Dims[1])
                return null;
            // Everything that has a row per output channel must be a constant that can be cut.
            if (perOutput.Any(index => node.In(index) is { Length: > 0 } input && !ConstantRows.CanCut(graph, input)))
                return null;
            return new Shape(group, weight.Dims[1], weight.Dims[0] / group, perOutput);
        }
    }
}
