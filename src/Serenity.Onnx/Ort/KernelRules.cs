using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Ort;

/// <summary>
/// Which kernels of ONNX Runtime's CPU provider share buffers between inputs and outputs. Operators that are not named give every
/// output a buffer of its own.
/// </summary>
public static class KernelRules
{
    private static readonly KernelRule s_alias = new([new BufferShare(0, 0)], []);
    private static readonly KernelRule s_inPlace = new([], [new BufferShare(0, 0)]);
    private static readonly KernelRule s_addsInPlace = new([], [new BufferShare(3, 0)]);

    private static readonly Dictionary<(string Domain, string Operator), KernelRule> s_rules = Build();

    /// <summary>The rule of a node's kernel.</summary>
    public static KernelRule Find(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return s_rules.GetValueOrDefault((OperatorDomain.Normalize(node.Domain), node.OpType), KernelRule.None);
    }

    private static Dictionary<(string, string), KernelRule> Build()
    {
        Dictionary<(string, string), KernelRule> rules = [];
        foreach (string name in new[] { "Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze" })
            rules.Add((OperatorDomain.Onnx, name), s_alias);
        foreach (string name in new[]
        {
            "Relu", "Elu", "Selu", "Celu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid", "Sigmoid", "Softplus", "Softsign", "Tanh",
            "Softmax", "LogSoftmax", "Shrink", "Trilu", "Clip", "Cast",
        })
        {
            rules.Add((OperatorDomain.Onnx, name), s_inPlace);
        }
        rules.Add((OperatorDomain.Microsoft, "FusedConv"), s_addsInPlace);
        rules.Add((OperatorDomain.Nchwc, "Conv"), s_addsInPlace);
        return rules;
    }
}
