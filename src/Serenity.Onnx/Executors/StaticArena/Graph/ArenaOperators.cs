using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Graph;

/// <summary>What a static arena may do with an operator; each set is stated and argued in docs/executors.md.</summary>
internal static class ArenaOperators
{
    // One element of the output depends on that element of the input alone, or (Softmax) on elements that are read before it is written.
    private static readonly HashSet<string> _unary = new(StringComparer.Ordinal)
    {
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Cast", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp",
        "Floor", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "LogSoftmax", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu",
        "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
    };

    private static readonly HashSet<string> _microsoftUnary = new(StringComparer.Ordinal)
    {
        "Gelu", "QuickGelu", "QLinearSigmoid", "QLinearLeakyRelu",
    };

    // With all operands but one weights, and that one of the output's shape, these are unary.
    private static readonly HashSet<string> _withWeights = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "PRelu", "Mod", "And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BatchNormalization",
    };

    // Their results depend on how many random numbers were drawn before.
    private static readonly HashSet<string> _random = new(StringComparer.Ordinal)
    {
        "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli", "Dropout",
    };

    /// <summary>True for the standard operators' domain.</summary>
    public static bool IsStandard(NodeProto node) => node.Domain is "" or "ai.onnx";

    /// <summary>True if the node only gives its first input another shape or name. A further output (Dropout's mask) is a value of its own.</summary>
    /// <param name="node">The node.</param>
    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="constant">The constant value of a name, or null.</param>
    public static bool IsAlias(NodeProto node, long opset, Func<string, TensorProto?> constant) =>
        IsStandard(node) && node.Input.Count > 0 && node.Input[0].Length > 0 && node.Output.Count > 0 && node.Output[0].Length > 0
        && node.OpType switch
        {
            "Identity" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" => true,
            "Dropout" => DropoutMode.IsOff(node, opset, constant),
            _ => false,
        };

    /// <summary>True if the node puts tensors behind each other.</summary>
    public static bool IsConcat(NodeProto node) => IsStandard(node) && node.OpType == "Concat";

    /// <summary>The input whose buffer the node's one output may take, by position; -1 if it may take none.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isWeight">Tells weights from activations.</param>
    public static int InPlaceInput(NodeProto node, Func<string, bool> isWeight)
    {
        if (node.Output.Count(o => o.Length > 0) != 1 || node.Output[0].Length == 0 || node.Input.Count == 0)
            return -1;
        if (IsStandard(node) ? _unary.Contains(node.OpType) : node.Domain == "com.microsoft" && _microsoftUnary.Contains(node.OpType))
            return node.Input.Skip(1).All(i => i.Length == 0 || isWeight(i)) ? 0 : -1;
        if (!IsStandard(node) || !_withWeights.Contains(node.OpType))
            return -1;
        int only = -1;
        for (int i = 0; i < node.Input.Count; i++)
        {
            if (node.Input[i].Length == 0 || isWeight(node.Input[i]))
                continue;
            if (only >= 0)
                return -1;
            only = i;
        }
        return node.OpType == "BatchNormalization" && only != 0 ? -1 : only;
    }

    /// <summary>True if the node must keep its place among others of its kind: it draws random numbers, or holds a node that does.</summary>
    /// <param name="node">The node.</param>
    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="constant">The constant value of a name, or null.</param>
    public static bool IsStateful(NodeProto node, long opset, Func<string, TensorProto?> constant) =>
        (IsStandard(node) && _random.Contains(node.OpType) && !(node.OpType == "Dropout" && DropoutMode.IsOff(node, opset, constant)))
        || SubgraphCaptures.SubgraphsOf(node).Any(g => g.Node.Any(n => IsStateful(n, opset, constant)));
}
