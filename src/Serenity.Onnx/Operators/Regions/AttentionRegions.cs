using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>
/// Region rules of attention as one operator: images of the batch, heads, and query tokens. ONNX Runtime's kernels (multihead_attention.cc, attention.cc and attention_cpu_base.h of the contributed
/// operators, llm/attention.cc of the standard's) multiply head by head, image by image, so these keep their bits whatever else is computed beside them; rows of a head's two products, and of its
/// softmax, do as those of any computed product (<see cref="ProductRegions"/>).
/// </summary>
internal static class AttentionRegions
{
    /// <summary>com.microsoft.MultiHeadAttention: queries [batch, tokens, heads x size], keys and values the same, or [batch, heads, tokens, size].</summary>
    public static NodeRegion? MultiHead(RegionQuery q)
    {
        long heads = q.Node.Int("num_heads", 0);
        // Beyond the mask and the summand there are only caches. Without keys, the first input holds all three.
        if (q.Rank != 3 || !q.HasOneOutput || q.Node.Input.Skip(6).Any(i => i.Length > 0) || q.In(0) is not { Length: 3 } query || q.In(1) is not { } key || q.In(2) is not { } value
            || heads <= 0 || query[2] % heads != 0 || q.Dims[2] % heads != 0 || key.Length is not (3 or 4) || value.Length != key.Length)
        {
            return null;
        }
        bool masked = q.Node.In(4).Length > 0, added = q.Node.In(5).Length > 0;
        switch (q.Axis)
        {
            case 0:
                return Masked(q, 4, [(0, InputPart.Same(0)), (1, InputPart.Same(0)), (2, InputPart.Same(0))]) is { } images ? Added(q, 5, 0, images) is { } all ? q.Rule([.. all]) : null : null;
            case 1:
                List<(int, InputPart)> rows = [(0, InputPart.Same(1))];
                // Which keys a query may look at depends on its place among all queries.
                if (q.Node.Int("unidirectional", 0) != 0 || (masked && q.In(4) is not { Length: 1 or 2 }) || (added && q.In(5) is not { Length: 4 }))
                    return null;
                if (added)
                    rows.Add((5, InputPart.Same(2)));
                // Without a mask and a summand, it goes by blocks that the processor's cache is asked for; what is left over may be a single row.
                return q.Rule([.. rows]) with { Stable = masked || added ? part => part.Length > 1 : _ => false };
            default:
                long size = q.Dims[2] / heads, querySize = query[2] / heads;
                List<(int, InputPart)> parts = [(0, new InputPart(2, AxisMap.Blocks(querySize, size)))];
                parts.AddRange(key.Length == 4 ? [(1, new InputPart(1, AxisMap.Blocks(1, size))), (2, new InputPart(1, AxisMap.Blocks(1, size)))]
                    : [(1, new InputPart(2, AxisMap.Blocks(querySize, size))), (2, new InputPart(2, AxisMap.Same))]);
                if (added)
                {
                    if (q.In(5) is not { Length: 4 } summand)
                        return null;
                    if (summand[1] != 1)
                        parts.Add((5, new InputPart(1, AxisMap.Blocks(1, size))));
                }
                long[] widths = [query[2], query[2], q.Dims[2]];
                if (q.Node.In(3).Length > 0 && (q.Values.Constant(q.Node.In(3)) is not { DataType: (int)DataType.Float } || q.In(3) is not [var biases] || biases != widths.Sum()))
                    return null;
                return q.Rule([.. parts]) with
                {
                    Multiple = size,
                    Sized = (piece, made) => piece.Set("num_heads", made.Length / size),
                    Write = (piece, form) =>
                    {
                        piece.Set("num_heads", form.Output.Length / size);
                        if (q.Node.In(3).Length > 0)
                            piece.Input[3] = Columns(q, 3, 1, widths, [querySize, querySize, size], Heads(form.Output, size), form, $"{piece.Name}/bias");
                    },
                };
        }
    }

    /// <summary>com.microsoft.Attention: the projections of queries, keys and values are its own, of weights [width, all three widths].</summary>
    public static NodeRegion? Projected(RegionQuery q)
    {
        long heads = q.Node.Int("num_heads", 0);
        if (q.Rank != 3 || !q.HasOneOutput || q.In(0) is not { Length: 3 } tokens || q.In(1) is not { Length: 2 } weights || heads <= 0 || q.Node.In(4).Length > 0
            || q.Node.Input.Skip(6).Any(i => i.Length > 0))
        {
            return null;
        }
        long[] widths = q.Node.Ints("qkv_hidden_sizes") ?? [weights[1] / 3, weights[1] / 3, weights[1] / 3];
        if (widths.Length != 3 || widths.Sum() != weights[1] || widths[2] != q.Dims[2] || Array.Exists(widths, w => w % heads != 0))
            return null;
        if (q.Axis == 0)
            return Masked(q, 3, [(0, InputPart.Same(0))]) is { } images ? Added(q, 5, 0, images) is { } all ? q.Rule([.. all]) : null : null;
        // Each query looks at the keys of all tokens, which are made here.
        if (q.Axis == 1)
            return null;
        long size = q.Dims[2] / heads;
        long[] sizes = [.. widths.Select(w => w / heads)];
        List<(int, InputPart)> parts = [];
        if (q.Node.In(5).Length > 0)
        {
            if (q.In(5) is not { Length: 4 } summand)
                return null;
            if (summand[1] != 1)
                parts.Add((5, new InputPart(1, AxisMap.Blocks(1, size))));
        }
        if (!q.Values.CanCut(q.Node.In(1)) || q.Values.Constant(q.Node.In(1))!.DataType != (int)DataType.Float || q.Values.Constant(q.Node.In(2))?.DataType != (int)DataType.Float)
            return null;
        return q.Rule([.. parts]) with
        {
            Multiple = size,
            Sized = Stated,
            Write = (piece, form) =>
            {
                Stated(piece, form.Output);
                piece.Input[1] = Columns(q, 1, weights[0], widths, sizes, Heads(form.Output, size), form, $"{piece.Name}/weights");
                piece.Input[2] = Columns(q, 2, 1, widths, sizes, Heads(form.Output, size), form, $"{piece.Name}/bias");
            },
        };

        void Stated(NodeProto piece, Interval made)
        {
            piece.Set("num_heads", made.Length / size);
            if (q.Node.Ints("qkv_hidden_sizes") is not null)
                piece.Set("qkv_hidden_sizes", [.. sizes.Select(s => s * made.Length / size)]);
        }
    }

    /// <summary>The standard's Attention: [batch, heads, tokens, size], or [batch, tokens, heads x size]; several heads of queries may share one of keys and values.</summary>
    public static NodeRegion? Standard(RegionQuery q)
    {
        if (!q.HasOneOutput || q.Node.Input.Skip(4).Any(i => i.Length > 0) || q.In(0) is not { } query || q.In(1) is not { } key || q.In(2) is not { } value || query.Length != q.Rank
            || key.Length != q.Rank || value.Length != q.Rank || q.Rank is not (3 or 4))
        {
            return null;
        }
        bool packed = q.Rank == 3;
        long heads = packed ? q.Node.Int("q_num_heads", 0) : query[1], shared = packed ? q.Node.Int("kv_num_heads", 0) : key[1];
        if (heads <= 0 || shared <= 0 || heads % shared != 0)
            return null;
        long group = heads / shared, size = packed ? q.Dims[2] / heads : 1, querySize = packed ? query[2] / heads : 1;
        long[]? mask = q.In(3);
        if (q.Node.In(3).Length > 0 && mask is not { Length: >= 2 and <= 4 })
            return null;
        int headAxis = packed ? 2 : 1, rowAxis = packed ? 1 : 2;
        if (q.Axis == 0)
            return q.Rule([(0, InputPart.Same(0)), (1, InputPart.Same(0)), (2, InputPart.Same(0)), .. mask is [not 1, _, _, _] ? [(3, InputPart.Same(0))] : Array.Empty<(int, InputPart)>()]);
        if (q.Axis == rowAxis)
        {
            // A cap on scores is computed over all rows in one stretch.
            if (q.Node.Int("is_causal", 0) != 0 || (q.Node.Find("softcap")?.F ?? 0) != 0 || (mask is not null && mask[^2] != q.Extent))
                return null;
            return q.Rule([(0, InputPart.Same(rowAxis)), .. mask is null ? Array.Empty<(int, InputPart)>() : [(3, InputPart.Same(mask.Length - 2))]]) with { Stable = part => part.Length > 1 };
        }
        if (q.Axis != headAxis)
            return null;
        List<(int, InputPart)> parts =
        [
            (0, new InputPart(headAxis, AxisMap.Blocks(querySize, size))), (1, new InputPart(headAxis, AxisMap.Blocks(querySize, size * group))),
            (2, new InputPart(headAxis, AxisMap.Blocks(size, size * group))),
        ];
        if (mask is { Length: >= 3 } && mask[^3] != 1)
            parts.Add((3, new InputPart(mask.Length - 3, AxisMap.Blocks(1, size))));
        return q.Rule([.. parts]) with { Multiple = size * group, Sized = packed ? Stated : null, Write = packed ? (piece, form) => Stated(piece, form.Output) : null };

        void Stated(NodeProto piece, Interval made)
        {
            piece.Set("q_num_heads", made.Length / size);
            piece.Set("kv_num_heads", made.Length / size / group);
        }
    }

    /// <summary>Adds the mask's images: [batch], [batch, keys] or [batch, queries, keys]; null for another form, such as places where sequences begin and end.</summary>
    private static List<(int, InputPart)>? Masked(RegionQuery q, int mask, List<(int, InputPart)> parts)
    {
        if (q.Node.In(mask).Length == 0)
            return parts;
        if (q.In(mask) is not { Length: >= 1 and <= 3 } dims || dims[0] != q.Dims[0])
            return null;
        parts.Add((mask, InputPart.Same(0)));
        return parts;
    }

    /// <summary>Adds the summand's part along an axis of [batch or 1, heads or 1, queries, keys]; null where it has another form.</summary>
    private static List<(int, InputPart)>? Added(RegionQuery q, int summand, int axis, List<(int, InputPart)> parts)
    {
        if (q.Node.In(summand).Length == 0)
            return parts;
        if (q.In(summand) is not { Length: 4 } dims)
            return null;
        if (dims[axis] != 1)
            parts.Add((summand, InputPart.Same(axis)));
        return parts;
    }

    private static Interval Heads(Interval positions, long size) => new(positions.Start / size, positions.End / size);

    /// <summary>A constant of the columns of some heads, of queries, keys and values one behind the other.</summary>
    private static string Columns(RegionQuery q, int input, long rows, long[] widths, long[] sizes, Interval heads, PieceForm form, string name)
    {
        ReadOnlySpan<byte> all = q.Values.Bytes(q.Node.In(input));
        long from = widths.Sum(), to = sizes.Sum() * heads.Length;
        byte[] own = new byte[rows * to * sizeof(float)];
        int at = 0;
        for (long row = 0; row < rows; row++)
        {
            long begin = row * from;
            for (int of = 0; of < widths.Length; begin += widths[of++])
            {
                int count = (int)(sizes[of] * heads.Length * sizeof(float));
                all.Slice((int)((begin + (sizes[of] * heads.Start)) * sizeof(float)), count).CopyTo(own.AsSpan(at));
                at += count;
            }
        }
        return form.NewConstant(name, DataType.Float, rows == 1 ? [to] : [rows, to], own);
    }
}
