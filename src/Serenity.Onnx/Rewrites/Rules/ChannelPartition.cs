using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// Channel partition (SERENITY, section on identity graph rewriting): a convolution over a concat of channels is the sum of convolutions
/// over the parts, each with its slice of the kernel. The partial results accumulate in one buffer, so no part need wait for the others.
/// Changes the order of a floating-point sum.
/// </summary>
/// <remarks>float32 only: no ONNX operator adds a convolution of another type in place.</remarks>
internal sealed class ChannelPartition : IConcatRewrite
{
    public RewriteDescription Description { get; } = new("ChannelPartition", RewriteSubject.Concats, RewriteExactness.Never) { EndsConcat = true };

    public bool IsExactFor(NodeProto reader) => false;

    public ConcatEffect Match(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        if (ConvNode.Parse(graph, reader) is not { Group: 1, Type: DataType.Float } conv)
            return ConcatEffect.None;
        return conv.Input == concat.Value && conv.Weight.Name != concat.Value && concat.Axis == 1 && conv.InputChannels == concat.Total
            && (graph.Executor.Traits().FusesActivations || conv.ActivationCanStandAlone(graph))
            ? ConcatEffect.Absorbs : ConcatEffect.None;
    }

    public void Apply(RewriteGraph graph, ConcatParts concat, NodeProto reader)
    {
        ConvNode conv = ConvNode.Parse(graph, reader)!;
        string sum = conv.Output;
        List<NodeProto> nodes = [];
        AttributeProto[]? activation = null;
        if (conv.Activation.Length > 0 && graph.Executor.Traits().FusesActivations)
        {
            // The last writer of the chain applies it.
            activation = [.. reader.Attribute.Where(a => a.Name is "activation" or "activation_params")];
        }
        else if (conv.Activation.Length > 0)
        {
            sum = graph.NewValue(conv.Output + "/sum", graph.TypeOf(conv.Output)!);
            nodes.Add(conv.ActivationNode(graph, sum, conv.Output)!);
        }
        List<AccumulationWriter> writers = [];
        long start = 0;
        for (int i = 0; i < concat.Parts.Count; i++)
        {
            string kernel = TensorSlice.Add(graph, conv.Weight, 1, start, concat.Sizes[i], $"{reader.Input[1]}/part{i + 1}");
            string name = graph.NewNodeName($"{reader.Name}/part{i + 1}");
            string[] inputs = i == 0 && conv.Bias.Length > 0 ? [concat.Parts[i], kernel, conv.Bias] : [concat.Parts[i], kernel];
            writers.Add(AccumulationWriters.Convolution(reader, name, inputs));
            start += concat.Sizes[i];
        }
        if (conv.Sum.Length > 0)
            writers.Add(AccumulationWriters.InPlace(graph, graph.NewNodeName($"{reader.Name}/sum"), graph.TypeOf(sum)!, conv.Sum));
        AccumulationGroup group = new(sum, writers) { Activation = activation };
        graph.AddGroup(group);
        graph.Replace([reader], [.. AccumulationWriters.Chain(graph, group), .. nodes]);
    }
}
