using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>
/// The activation behind an accumulation group goes into the group's last convolution, as ONNX Runtime's own fusion does for a single
/// convolution: one pass over the tensor less. Exact; follows every other rewrite for <c>OnnxRuntime</c>, and is no site of its own.
/// </summary>
internal static class ActivationFusion
{
    /// <summary>Fuses wherever it can.</summary>
    public static void Apply(RewriteGraph graph)
    {
        if (!graph.Executor.Traits().FusesActivations)
            return;
        foreach (AccumulationGroup group in graph.Groups.ToArray())
        {
            // Whatever comes last must be a convolution, so all must.
            if (group.Activation is not null || !group.Parts.All(p => p.Further.IsMicrosoft("FusedConv")))
                continue;
            if (graph.OnlyConsumer(group.Result) is not { Output.Count: 1 } node || graph.IsWriter(node.Name) || AttributesOf(node) is not { } attributes)
                continue;
            NodeProto[] writers = [.. group.Writers.Select(w => graph.Find(w)!)];
            string[] between = [.. writers.SkipLast(1).Select(w => w.Output[0])];
            AccumulationGroup fused = new(node.Output[0], group.Parts) { Activation = attributes };
            graph.RemoveGroup(group);
            graph.AddGroup(fused);
            graph.Replace([.. writers, node], AccumulationWriters.Chain(fused, between));
        }
    }

    /// <summary>The attributes of a FusedConv that do what an activation does, or null.</summary>
    private static AttributeProto[]? AttributesOf(NodeProto node) => node switch
    {
        _ when node.Is("Relu") || node.Is("Sigmoid") || node.Is("Tanh") => [Name(node.OpType)],
        _ when node.Is("LeakyRelu") => [Name("LeakyRelu"), Parameters(node.Float("alpha", 0.01f))],
        _ when node.Is("HardSigmoid") => [Name("HardSigmoid"), Parameters(node.Float("alpha", 0.2f), node.Float("beta", 0.5f))],
        _ => null,
    };

    private static AttributeProto Name(string activation) =>
        new() { Name = "activation", Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(activation) };

    private static AttributeProto Parameters(params float[] values)
    {
        AttributeProto attribute = new() { Name = "activation_params", Type = AttributeProto.Types.AttributeType.Floats };
        attribute.Floats.AddRange(values);
        return attribute;
    }
}
