using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>A convolution with a constant, readable kernel: <c>Conv</c>, or ONNX Runtime's <c>FusedConv</c> (float, with an activation or a sum).</summary>
/// <param name="Node">The node.</param>
/// <param name="Weight">Its kernel, [output channels, input channels / group, spatial…].</param>
/// <param name="Group">Number of groups.</param>
/// <param name="Type">Element type of data and kernel.</param>
internal sealed record ConvNode(NodeProto Node, TensorProto Weight, long Group, DataType Type)
{
    public string Input => Node.Input[0];

    public string Bias => Node.In(2);

    /// <summary>The value that a FusedConv adds, or "".</summary>
    public string Sum => Node.In(3);

    public string Output => Node.Output[0];

    public long OutputChannels => Weight.Dims[0];

    public long InputChannels => Weight.Dims[1] * Group;

    public bool IsPointwise => Weight.Dims.Skip(2).All(k => k == 1);

    /// <summary>The activation of a FusedConv, or "".</summary>
    public string Activation => Node.Text("activation", "");

    public static ConvNode? Parse(RewriteGraph graph, NodeProto node)
    {
        if (!node.IsPlainConvolution() || node.Output.Count != 1)
            return null;
        if (graph.TypeOf(node.Input[0]) is not { } x || graph.TypeOf(node.Output[0]) is null)
            return null;
        if (graph.Constant(node.Input[1]) is not { } weight || !WeightReader.CanRead(weight))
            return null;
        long group = node.Int("group", 1);
        if (weight.Dims.Count < 3 || weight.Dims.Count != x.Dims.Length || group < 1 || weight.Dims[1] * group != x.Dims[1])
            return null;
        if ((int)x.ElementType != weight.DataType || !node.Is("Conv") && x.ElementType != DataType.Float)
            return null;
        return new ConvNode(node, weight, group, x.ElementType);
    }

    /// <summary>The activation as a node of its own, from one value to another.</summary>
    public NodeProto? ActivationNode(RewriteGraph graph, string from, string to)
    {
        NodeProto node = new() { Name = graph.NewNodeName(Node.Name + "/activation"), OpType = Activation };
        node.Input.Add(from);
        node.Output.Add(to);
        float[] parameters = [.. Node.Find("activation_params")?.Floats ?? []];
        switch (Activation)
        {
            case "Relu" or "Sigmoid" or "Tanh":
                return node;
            case "LeakyRelu" when parameters.Length == 1:
                node.Attribute.Add(Float("alpha", parameters[0]));
                return node;
            case "HardSigmoid" when parameters.Length == 2:
                node.Attribute.Add(Float("alpha", parameters[0]));
                node.Attribute.Add(Float("beta", parameters[1]));
                return node;
            case "Clip" when parameters.Length == 2 && graph.Opset >= 11:
                node.Input.Add(graph.NewConstant(Output + "/min", DataType.Float, [], BitConverter.GetBytes(parameters[0])));
                node.Input.Add(graph.NewConstant(Output + "/max", DataType.Float, [], BitConverter.GetBytes(parameters[1])));
                return node;
            default:
                return null;
        }
    }

    /// <summary>True if the activation, where there is one, can stand as a node of its own.</summary>
    public bool ActivationCanStandAlone(RewriteGraph graph) => Activation switch
    {
        "" or "Relu" or "Sigmoid" or "Tanh" or "LeakyRelu" or "HardSigmoid" => true,
        "Clip" => graph.Opset >= 11,
        _ => false,
    };

    private static AttributeProto Float(string name, float value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };
}
