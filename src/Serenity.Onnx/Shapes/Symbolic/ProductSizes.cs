using Serenity.Onnx.Operators;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Shapes.Symbolic;

/// <summary>Products of matrices, attention, recurrent networks.</summary>
internal static class ProductSizes
{
    private const string Onnx = "", Microsoft = OperatorDomain.Microsoft;

    public static void AddTo(AddRule add)
    {
        add(Onnx, n => [Product(n, n.Dims(0), n.Dims(1))], "MatMul", "MatMulInteger");
        add(Onnx, n => [Product(n, n.Dims(0), n.Dims(3))], "QLinearMatMul");
        add(Microsoft, n => [Product(n, n.Dims(0), n.Dims(1))], "DynamicQuantizeMatMul", "MatMulIntegerToFloat");
        add(Microsoft, n => [Product(n, Turned(Rolled(n.Dims(0), n.Node.Int("transBatchA", 0)), n.Node.Int("transA", 0)), Turned(Rolled(n.Dims(1), n.Node.Int("transBatchB", 0)), n.Node.Int("transB", 0)))],
            "FusedMatMul", "FusedMatMulActivation");
        add(Microsoft, n => n.Dims(0) is { Length: > 0 } a ? [[.. a[..^1], SizeExpression.Of(n.Node.Int("N", 0))]] : [null], "MatMulNBits");
        add(Onnx, Gemm, "Gemm");
        add(Microsoft, Gemm, "FusedGemm");
        add(Microsoft, n => n.Dims(0) is [var a, var b] && n.Dims(3) is [var c, var d] ? [[n.Node.Int("transA", 0) != 0 ? b : a, n.Node.Int("transB", 0) != 0 ? c : d]] : [null], "QGemm");
        add(Onnx, n => [Einsum(n)], "Einsum");
        add(Onnx, n => Recurrent(n, 3), "GRU", "RNN", "LSTM");
        add(Microsoft, n => Recurrent(n, 3), "DynamicQuantizeLSTM");
        add(Microsoft, Attention, "Attention");
        add(Microsoft, MultiHead, "MultiHeadAttention");
        add(Microsoft, GroupQuery, "GroupQueryAttention");
        add(Onnx, StandardAttention, "Attention");
    }

    // The first dimension stands behind the others of the batch.
    private static SizeExpression[]? Rolled(SizeExpression[]? dims, long rolls) => rolls == 0 || dims is not { Length: > 2 } ? dims : [.. dims[1..^1], dims[0], dims[^1]];

    private static SizeExpression[]? Turned(SizeExpression[]? dims, long turns) => turns == 0 || dims is not { Length: > 1 } ? dims : [.. dims[..^2], dims[^1], dims[^2]];

    private static SizeExpression[]? Product(SizedInputs n, SizeExpression[]? a, SizeExpression[]? b)
    {
        if (a is not { Length: > 0 } || b is not { Length: > 0 } || n.Broadcast(a.Length > 2 ? a[..^2] : [], b.Length > 2 ? b[..^2] : []) is not { } batch)
            return null;
        return [.. batch, .. a.Length > 1 ? [a[^2]] : Array.Empty<SizeExpression>(), .. b.Length > 1 ? [b[^1]] : Array.Empty<SizeExpression>()];
    }

    private static SizeExpression[]?[] Gemm(SizedInputs n) => n.Dims(0) is [var a, var b] && n.Dims(1) is [var c, var d]
        ? [[n.Node.Int("transA", 0) != 0 ? b : a, n.Node.Int("transB", 0) != 0 ? c : d]] : [null];

    private static SizeExpression[]? Einsum(SizedInputs n)
    {
        string equation = n.Node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        string[] sides = equation.Split("->");
        string[] terms = sides[0].Split(',');
        if (sides.Length != 2 || equation.Contains('.', StringComparison.Ordinal) || terms.Length != n.Inputs.Length)
            return null;
        Dictionary<char, SizeExpression> size = [];
        for (int i = 0; i < terms.Length; i++)
        {
            if (n.Dims(i) is not { } dims || dims.Length != terms[i].Length)
                return null;
            for (int d = 0; d < dims.Length; d++)
            {
                if (size.TryGetValue(terms[i][d], out SizeExpression? known) && n.Broadcast([known], [dims[d]]) is not [_])
                    return null;
                size[terms[i][d]] = known is null ? dims[d] : n.Broadcast([known], [dims[d]])![0];
            }
        }
        return sides[1].All(size.ContainsKey) ? [.. sides[1].Select(c => size[c])] : null;
    }

    // X is [sequence, batch, input], or with layout 1 [batch, sequence, input]; the weights say how many directions, and hidden_size how wide.
    private static SizeExpression[]?[] Recurrent(SizedInputs n, int outputs)
    {
        if (n.Dims(0) is not [var first, var second, _] || n.Node.Find("hidden_size") is not { I: > 0 and var width })
            return [null];
        SizeExpression hidden = SizeExpression.Of(width), directions = SizeExpression.Of(n.Node.Text("direction", "forward") == "bidirectional" ? 2 : 1);
        bool batchFirst = n.Node.Int("layout", 0) != 0;
        SizeExpression[] state = batchFirst ? [first, directions, hidden] : [directions, second, hidden];
        return [.. new SizeExpression[]?[] { batchFirst ? [first, second, directions, hidden] : [first, directions, second, hidden], state, state }.Take(outputs)];
    }

    // The packed weight gives queries, keys and values of one width each, unless sizes of the three are stated.
    private static SizeExpression[]?[] Attention(SizedInputs n)
    {
        // Caches of their full length are told by a further input.
        if (n.Dims(0) is not [var batch, var tokens, _] || n.Dims(1) is not [_, { Constant: { } packed }] || n.Has(6))
            return [null];
        long width = n.Node.Ints("qkv_hidden_sizes") is [_, _, var values] ? values : packed / 3;
        // Keys and values are one cache.
        return [[batch, tokens, SizeExpression.Of(width)], n.Dims(4) is [var two, _, var heads, var past, var size] ? [two, batch, heads, past + tokens, size] : null];
    }

    private static SizeExpression[]?[] MultiHead(SizedInputs n)
    {
        if (n.Dims(0) is not [var batch, var tokens, var width] || n.Dims(1) is { Length: > 3 } || n.Has(8))
            return [null];
        SizeExpression[] output = [batch, tokens, n.Dims(2) is [_, _, var values] ? values : width];
        return n.Has(6) ? [output, Appended(n.Dims(6), n.Dims(1)), Appended(n.Dims(7), n.Dims(2))] : [output];

        static SizeExpression[]? Appended(SizeExpression[]? cache, SizeExpression[]? now) => cache is [var images, var heads, var past, var size] && now is [_, var more, _]
            ? [images, heads, past + more, size] : null;
    }

    // With heads as an axis of their own, or as a part of the last one.
    private static SizeExpression[]?[] StandardAttention(SizedInputs n)
    {
        SizeExpression heads = SizeExpression.Of(n.Node.Int("q_num_heads", 0)), groups = SizeExpression.Of(n.Node.Int("kv_num_heads", 0));
        if (ByHead(n.Dims(0), heads) is not [var batch, var asking, var tokens, _] || ByHead(n.Dims(1), groups) is not [_, var keyHeads, var keys, var size]
            || ByHead(n.Dims(2), groups) is not [_, _, _, var valueSize])
        {
            return [null];
        }
        SizeExpression[] output = n.Dims(0)!.Length == 3 ? [batch, tokens, asking * valueSize] : [batch, asking, tokens, valueSize];
        SizeExpression? all = !n.Has(4) ? keys : n.Dims(4) is [_, _, var past, _] ? past + keys : null;
        return all is null ? [output] : [output, [batch, keyHeads, all, size], [batch, keyHeads, all, valueSize], [batch, asking, tokens, all]];

        static SizeExpression[]? ByHead(SizeExpression[]? dims, SizeExpression heads) => dims switch
        {
            { Length: 4 } => dims,
            [var batch, var tokens, var width] when heads.Constant > 0 => [batch, heads, tokens, SizeExpression.FloorDivide(width, heads)],
            _ => null,
        };
    }

    // The caches grow by the tokens of this step; where past and present share a buffer, the runtime is told so by other means.
    private static SizeExpression[]?[] GroupQuery(SizedInputs n)
    {
        long heads = n.Node.Int("num_heads", 0), groups = n.Node.Int("kv_num_heads", 0);
        if (n.Dims(0) is not [var batch, var tokens, var width] || heads <= 0 || groups <= 0)
            return [null];
        // Without keys the first input holds all three, packed.
        SizeExpression head = n.Has(1) ? SizeExpression.FloorDivide(width, SizeExpression.Of(heads)) : SizeExpression.FloorDivide(width, SizeExpression.Of(heads + (2 * groups)));
        SizeExpression[] output = [batch, tokens, head * heads];
        if (n.Dims(3) is not [_, var cached, var past, var size])
            return [output];
        // The cache has room for the whole sequence, of which the sixth input tells the length.
        SizeExpression[]? present = n.Elements(6) is [var total] ? [batch, cached, SizeExpression.Max(past, total, n.Space), size] : null;
        return [output, present, present];
    }
}
