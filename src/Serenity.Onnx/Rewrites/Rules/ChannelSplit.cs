using System.Globalization;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Channel split: a convolution whose result is wanted only channel by channel, up to convolutions that sum over the channels, is made in
/// slices of channels, one after the other. So an expanded tensor between two convolutions (an inverted bottleneck) never exists as a
/// whole: each slice goes through the operators between, is added to the second convolution's result, and is gone. No arithmetic is
/// added; the input is read once per slice. What follows is a concat taken apart (<see cref="ConcatDissolution"/>). Changes the order of
/// a floating-point sum.
/// </summary>
internal sealed class ChannelSplit : IRewrite
{
    private const string Kind = "ChannelSplit";

    private static readonly int[] _slices = [2, 4, 8];

    public IReadOnlyList<RewriteDescription> Descriptions { get; } = [new(Kind, RewriteSubject.Tensors, RewriteExactness.Never) { RepeatsWork = true, HasParameter = true }];

    public IEnumerable<RewriteSite> Match(RewriteGraph graph) => Match(graph, new KindChoice(_ => true));

    public IEnumerable<RewriteSite> Match(RewriteGraph graph, ISiteChoice choice)
    {
        foreach (NodeProto node in graph.Nodes)
        {
            if (!choice.MayWant(Kind, node.Name))
                continue;
            foreach (int slices in _slices)
            {
                ConcatDissolution.Way way = new();
                if (Parts(graph, node, slices) is not { } parts || !DissolvesWholly(graph, parts, way))
                    continue;
                RewriteSite site = new(Kind, [node.Name, .. way.Nodes], [node.Output[0], .. way.Values], false, Detail(slices));
                if (choice.Wants(site))
                    yield return site;
            }
        }
    }

    public bool TryApply(RewriteGraph graph, RewriteSite site)
    {
        int slices = int.Parse(site.Detail, CultureInfo.InvariantCulture);
        if (graph.Find(site.Nodes[0]) is not { } node || Parts(graph, node, slices) is not { } parts || !DissolvesWholly(graph, parts, new()))
            return false;
        ConvNode conv = ConvNode.Parse(graph, node)!;
        TensorType type = graph.TypeOf(node.Output[0])!;
        List<NodeProto> nodes = [];
        List<string> values = [];
        long start = 0;
        for (int i = 0; i < slices; i++)
        {
            NodeProto slice = node.Clone();
            slice.Name = graph.NewNodeName($"{node.Name}/slice{i + 1}");
            slice.Input[1] = TensorSlice.Add(graph, conv.Weight, 0, start, parts.Sizes[i], $"{node.Input[1]}/slice{i + 1}");
            if (conv.Bias.Length > 0)
                slice.Input[2] = TensorSlice.Add(graph, graph.Constant(conv.Bias)!, 0, start, parts.Sizes[i], $"{conv.Bias}/slice{i + 1}");
            string value = graph.NewValue($"{node.Output[0]}/slice{i + 1}", parts.PartType(type, i));
            slice.Output.Clear();
            slice.Output.Add(value);
            nodes.Add(slice);
            values.Add(value);
            start += parts.Sizes[i];
        }
        nodes.Add(ConcatSinking.Join(graph, node, values, 1));
        graph.Replace([node], nodes);
        foreach (NodeProto reader in graph.Consumers(parts.Value).ToArray())
        {
            if (ConcatParts.Of(graph, parts.Value) is { } whole)
                ConcatDissolution.Dissolve(graph, whole, reader);
        }
        return true;
    }

    private static string Detail(int slices) => slices.ToString(CultureInfo.InvariantCulture);

    /// <summary>The slices of a convolution's result, as if a Concat had made it; null where it cannot be cut.</summary>
    private static ConcatParts? Parts(RewriteGraph graph, NodeProto node, int slices)
    {
        if (graph.IsWriter(node.Name) || ConvNode.Parse(graph, node) is not { Group: 1, Sum: "" } conv || graph.IsOutput(conv.Output))
            return null;
        long channels = conv.OutputChannels;
        if (channels < 2 * slices || conv.Bias.Length > 0 && graph.Constant(conv.Bias) is not { Dims.Count: 1 })
            return null;
        long[] sizes = new long[slices];
        for (int i = 0; i < slices; i++)
            sizes[i] = channels * (i + 1) / slices - channels * i / slices;
        return new ConcatParts(conv.Output, 1, Enumerable.Repeat("", slices).ToArray(), sizes);
    }

    /// <summary>True if nothing needs the whole: every reader, through what works part by part, ends in one that absorbs.</summary>
    private static bool DissolvesWholly(RewriteGraph graph, ConcatParts parts, ConcatDissolution.Way way) =>
        graph.ConsumerCount(parts.Value) > 0 && graph.Consumers(parts.Value).All(reader => ConcatDissolution.FollowsWholly(graph, parts, reader, way));
}
