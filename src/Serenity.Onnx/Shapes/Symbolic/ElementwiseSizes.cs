using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>Operators whose outputs are as large as an input, or as their inputs broadcast; and reductions. What the operator table says of an operator's kind tells most of them.</summary>
internal static class ElementwiseSizes
{
    private const string Onnx = "", Microsoft = OperatorDomain.Microsoft;

    public static void AddTo(AddRule add)
    {
        add(Onnx, AsFirst,
            "BatchNormalization", "Bernoulli", "CastLike", "CumSum", "GroupNormalization", "InstanceNormalization", "LpNormalization", "LRN", "MeanVarianceNormalization", "RMSNormalization",
            "RandomNormalLike", "RandomUniformLike", "ReverseSequence", "RotaryEmbedding", "Scatter", "ScatterElements", "ScatterND", "SimplifiedLayerNormalization", "Trilu");
        add(Microsoft, AsFirst, "BiasSoftmax", "QLinearLeakyRelu", "QLinearSigmoid", "QLinearSoftmax", "RotaryEmbedding", "GroupNorm");
        add(Onnx, n => [n.Dims(0), n.Dims(0)], "Dropout");
        add(Onnx, n => [n.Dims(0), [], []], "DynamicQuantizeLinear");
        add(Onnx, Normalized, "LayerNormalization");
        add(Microsoft, n => [n.Dims(0), null, null, n.Dims(0)], "SkipLayerNormalization", "SkipSimplifiedLayerNormalization");
        add(Microsoft, Embedded, "EmbedLayerNormalization");
        add(Microsoft, n => [n.Broadcast(n.Dims(0), n.Dims(3))], "QLinearAdd", "QLinearMul");
        add(Microsoft, n => [n.Broadcast(n.Dims(0), n.Dims(3), n.Dims(6))], "QLinearWhere");
        add(Onnx, n => [Without(n, n.Node.Int("axis", 0))], "ArgMax", "ArgMin");
    }

    /// <summary>What the kind of an operator tells; null for a kind that does not tell it.</summary>
    public static SizeExpression[]?[]? ByKind(SizedInputs n)
    {
        Operator known = OperatorTable.Of(n.Node);
        if (known.Has(OperatorTraits.KeepsShape))
            return [.. n.Node.Output.Select(_ => n.Dims(0))];
        return known.Kind switch
        {
            OperatorKind.Elementwise or OperatorKind.Softmax or OperatorKind.Quantization or OperatorKind.Dequantization => AsFirst(n),
            // Where an attribute says along which axes, the others are made to fit the first.
            OperatorKind.Broadcast when n.Node.Find("broadcast") is not null => AsFirst(n),
            OperatorKind.Broadcast => [n.Broadcast([.. n.Inputs.Where(i => i is not null).Select(i => i!.Dims)])],
            OperatorKind.Reduction => Reduced(n),
            _ => null,
        };
    }

    private static SizeExpression[]?[] AsFirst(SizedInputs n) => [n.Dims(0)];

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
