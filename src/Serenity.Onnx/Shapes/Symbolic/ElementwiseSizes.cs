using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>Operators whose outputs are as large as an input, or as their inputs broadcast; and reductions.</summary>
internal static class ElementwiseSizes
{
    private const string Onnx = "", Microsoft = OperatorDomain.Microsoft;

    public static void AddTo(AddRule add)
    {
        add(Onnx, AsFirst,
            "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BatchNormalization", "Bernoulli", "BitwiseNot", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Cos", "Cosh",
            "CumSum", "DequantizeLinear", "Elu", "Erf", "Exp", "Floor", "Gelu", "GroupNormalization", "HardSigmoid", "HardSwish", "Hardmax", "Identity", "InstanceNormalization", "IsInf", "IsNaN",
            "LeakyRelu", "Log", "LogSoftmax", "LpNormalization", "LRN", "MeanVarianceNormalization", "Mish", "Neg", "Not", "PRelu", "QuantizeLinear", "RMSNormalization",
            "RandomNormalLike", "RandomUniformLike", "Reciprocal", "Relu", "ReverseSequence", "RotaryEmbedding", "Round", "Scatter", "ScatterElements", "ScatterND", "Selu", "Shrink", "Sigmoid", "Sign",
            "SimplifiedLayerNormalization", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Trilu");
        add(Microsoft, AsFirst,
            "BiasGelu", "BiasSoftmax", "DequantizeLinear", "FastGelu", "Gelu", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", "QuantizeLinear", "QuickGelu", "RotaryEmbedding",
            "BiasAdd", "GroupNorm");
        add(Onnx, n => [n.Dims(0), n.Dims(0)], "Dropout");
        add(Onnx, n => [n.Dims(0), [], []], "DynamicQuantizeLinear");
        add(Onnx, Normalized, "LayerNormalization");
        add(Microsoft, n => [n.Dims(0), null, null, n.Dims(0)], "SkipLayerNormalization", "SkipSimplifiedLayerNormalization");
        add(Microsoft, Embedded, "EmbedLayerNormalization");
        add(Onnx, Broadcast,
            "Add", "And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum",
            "Where", "Xor");
        add(Microsoft, n => [n.Broadcast(n.Dims(0), n.Dims(3))], "QLinearAdd", "QLinearMul");
        add(Microsoft, n => [n.Broadcast(n.Dims(0), n.Dims(3), n.Dims(6))], "QLinearWhere");
        add(Onnx, Reduced,
            "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare");
        add(Onnx, n => [Without(n, n.Node.Int("axis", 0))], "ArgMax", "ArgMin");
    }

    private static SizeExpression[]?[] AsFirst(SizedInputs n) => [n.Dims(0)];

    private static SizeExpression[]?[] Broadcast(SizedInputs n) => [n.Broadcast([.. n.Inputs.Select(i => i?.Dims)])];

    // Mean and deviation have one element for each that is normalized over.
    private static SizeExpression[]?[] Normalized(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || SizedInputs.Axis(n.Node.Int("axis", -1), x.Length) is not { } axis)
            return [null];
        SizeExpression[] statistics = [.. x.Select((dim, i) => i < axis ? dim : SizeExpression.One)];
        return [x, statistics, statistics];
    }

    // Ids of [batch, tokens] become [batch, tokens, width], and a mask of [batch, tokens] the count of [batch].
    private static SizeExpression[]?[] Embedded(SizedInputs n) =>
        n.Dims(0) is [var batch, var tokens] && n.Dims(2) is [_, var width] ? [[batch, tokens, width], [batch], [batch, tokens, width]] : [null];

    private static SizeExpression[]?[] Reduced(SizedInputs n)
    {
        if (n.Dims(0) is not { } x || n.List("axes", 1) is not { } axes)
            return [null];
        if (axes.Length == 0 && n.Node.Int("noop_with_empty_axes", 0) != 0)
            return [x];
        HashSet<int> gone = [.. axes.Length == 0 ? Enumerable.Range(0, x.Length) : axes.Select(a => SizedInputs.Axis(a, x.Length) ?? -1)];
        if (gone.Contains(-1))
            return [null];
        bool keeps = n.Node.Int("keepdims", 1) != 0;
        return [[.. x.Select((dim, i) => gone.Contains(i) ? SizeExpression.One : dim).Where((_, i) => keeps || !gone.Contains(i))]];
    }

    private static SizeExpression[]? Without(SizedInputs n, long at)
    {
        if (n.Dims(0) is not { } x || SizedInputs.Axis(at, x.Length) is not { } axis)
            return null;
        bool keeps = n.Node.Int("keepdims", 1) != 0;
        return [.. x.Select((dim, i) => i == axis ? SizeExpression.One : dim).Where((_, i) => keeps || i != axis)];
    }
}
