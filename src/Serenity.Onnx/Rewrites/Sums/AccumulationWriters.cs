using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Sums;

/// <summary>Makes the writers of accumulation groups, and chains them.</summary>
internal static class AccumulationWriters
{
    /// <summary>A convolution that adds its result: <c>Conv</c>, then <c>com.microsoft.FusedConv</c> with Z, which ONNX Runtime adds in place.</summary>
    /// <param name="like">The convolution whose attributes it takes, without its activation.</param>
    /// <param name="name">Name of the writer.</param>
    /// <param name="inputs">X, W and, where there is one, the bias.</param>
    public static AccumulationWriter Convolution(NodeProto like, string name, params string[] inputs)
    {
        NodeProto first = new() { Name = name, OpType = "Conv" };
        if (like.HasDocString)
            first.DocString = like.DocString;
        first.MetadataProps.Add(like.MetadataProps);
        first.Attribute.AddRange(like.Attribute.Where(a => a.Name is not ("activation" or "activation_params")));
        first.Input.AddRange(inputs);
        NodeProto further = Copy(first);
        further.OpType = "FusedConv";
        further.Domain = OperatorDomain.Microsoft;
        while (further.Input.Count < 4)
            further.Input.Add("");
        return new AccumulationWriter(name, first, further, 3);
    }

    /// <summary>A plain value that is added: <c>Identity</c>, then <c>Add</c>.</summary>
    public static AccumulationWriter Value(string name, string value)
    {
        NodeProto first = new() { Name = name, OpType = "Identity" };
        first.Input.Add(value);
        NodeProto further = new() { Name = name, OpType = "Add" };
        further.Input.Add(["", value]);
        return new AccumulationWriter(name, first, further, 0);
    }

    /// <summary>A plain value that is added in place on the executor: by <c>Add</c>, or where that copies, by a depthwise 1x1 convolution with ones.</summary>
    public static AccumulationWriter InPlace(RewriteGraph graph, string name, TensorType type, string value)
    {
        AccumulationWriter writer = Value(name, value);
        return graph.Executor.Traits().SumsInPlace || !CanConvolve(type) ? writer
            : writer with { Further = Scaled(graph, name, type, value, 1f).Further, Accumulator = 3 };
    }

    /// <summary>What FusedConv takes: float32, batch and channels, of which the kernel has one each, and one to three spatial axes.</summary>
    public static bool CanConvolve(TensorType type) => type.ElementType == TensorProto.Types.DataType.Float && type.Dims.Length is >= 3 and <= 5 && !OpenSizes.IsOpen(type.Dims[1]);

    /// <summary>A value times a constant, one or one per channel: <c>Mul</c>, then a depthwise 1x1 <c>FusedConv</c>.</summary>
    /// <param name="graph">Where the constants go.</param>
    /// <param name="name">Name of the writer.</param>
    /// <param name="type">Type of the value: float, batch, channels, spatial axes.</param>
    /// <param name="value">The value.</param>
    /// <param name="factors">The factors.</param>
    public static AccumulationWriter Scaled(RewriteGraph graph, string name, TensorType type, string value, params float[] factors)
    {
        int rank = type.Dims.Length;
        long channels = type.Dims[1];
        float[] kernel = new float[channels];
        for (int i = 0; i < kernel.Length; i++)
            kernel[i] = factors[factors.Length == 1 ? 0 : i];
        long[] ones = new long[rank - 2], kernelDims = new long[rank];
        Array.Fill(ones, 1);
        Array.Fill(kernelDims, 1);
        kernelDims[0] = channels;

        NodeProto first = new() { Name = name, OpType = "Mul" };
        long[] factorDims = factors.Length == 1 ? [] : [channels, .. ones];
        first.Input.Add([value, graph.NewConstant($"{name}/factor", TensorProto.Types.DataType.Float, factorDims, Bytes(factors))]);
        NodeProto further = new() { Name = name, OpType = "FusedConv", Domain = OperatorDomain.Microsoft };
        further.Input.Add([value, graph.NewConstant($"{name}/kernel", TensorProto.Types.DataType.Float, kernelDims, Bytes(kernel)), "", ""]);
        further.Set("kernel_shape", ones);
        further.Set("group", channels);
        return new AccumulationWriter(name, first, further, 3);
    }

    /// <summary>A copy of a writer's form that shares its attributes: those do not change, and to copy them takes longer than all the rest.</summary>
    private static NodeProto Copy(NodeProto form)
    {
        NodeProto copy = new() { Name = form.Name, OpType = form.OpType };
        if (form.HasDomain)
            copy.Domain = form.Domain;
        if (form.HasDocString)
            copy.DocString = form.DocString;
        copy.MetadataProps.Add(form.MetadataProps);
        copy.Attribute.Add(form.Attribute);
        copy.Input.Add(form.Input);
        return copy;
    }

    private static byte[] Bytes(float[] values)
    {
        byte[] bytes = new byte[4 * values.Length];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }

    /// <summary>The nodes of a chain.</summary>
    /// <param name="graph">Where new values are named.</param>
    /// <param name="group">The writers, in the order wanted, and the result.</param>
    public static IReadOnlyList<NodeProto> Chain(RewriteGraph graph, AccumulationGroup group)
    {
        string[] between = new string[group.Parts.Count - 1];
        for (int i = 0; i < between.Length; i++)
            between[i] = graph.NewValue($"{group.Result}/sum{i + 1}", graph.TypeOf(group.Result)!);
        return Chain(group, between);
    }

    /// <summary>The nodes of a chain over given values between them.</summary>
    public static IReadOnlyList<NodeProto> Chain(AccumulationGroup group, IReadOnlyList<string> between)
    {
        List<NodeProto> nodes = [];
        for (int i = 0; i < group.Parts.Count; i++)
        {
            AccumulationWriter writer = group.Parts[i];
            NodeProto node = Copy(i == 0 ? writer.First : writer.Further);
            if (i > 0)
                node.Input[writer.Accumulator] = between[i - 1];
            node.Output.Add(i == between.Count ? group.Result : between[i]);
            if (i == between.Count && group.Activation is not null)
                node.Attribute.AddRange(group.Activation);
            nodes.Add(node);
        }
        return nodes;
    }
}
