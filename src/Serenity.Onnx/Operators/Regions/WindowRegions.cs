using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of convolutions and pools: windows with a halo.</summary>
internal static class WindowRegions
{
    /// <summary>
    /// More products an output than this, and a float convolution sums in another order once its matrix has few columns (<see cref="Contract.RuntimeRules.FewColumns"/>): it gives
    /// other bits for at most <see cref="FewPositions"/> output positions where the whole has more.
    /// </summary>
    private const long ManyProducts = 128;

    /// <inheritdoc cref="ManyProducts"/>
    private const long FewPositions = 64;

    /// <summary>A convolution.</summary>
    /// <param name="q">The question.</param>
    /// <param name="x">Position of the data.</param>
    /// <param name="w">Position of the kernel.</param>
    /// <param name="scalars">Inputs that must be the same for all positions: scales and zero points.</param>
    /// <param name="bias">Position of the bias.</param>
    /// <param name="sum">Position of what the result is added to; -1 for an operator that adds it to nothing.</param>
    public static NodeRegion? Conv(RegionQuery q, int x, int w, int[] scalars, int bias, int sum = -1)
    {
        NodeProto node = q.Node;
        if (q.In(x) is not { Length: > 2 } data || q.In(w) is not { } kernel || kernel.Length != data.Length || q.Rank != data.Length)
            return null;
        bool adds = sum >= 0 && node.In(sum).Length > 0;
        if (adds && !q.In(sum).AsSpan().SequenceEqual(q.Dims))
            return null;
        List<(int, InputPart)> parts = adds ? [(sum, InputPart.Same(q.Axis))] : [];
        if (q.Axis == 0)
            return q.Rule([(x, InputPart.Same(0)), .. parts]) with { Stable = q.Values.TypeOf(node.In(x))!.ElementType == DataType.Float ? ImageStability(q, kernel) : null };
        if (q.Axis == 1)
            return Channels(q, x, w, scalars, bias, parts);
        if (Axes.Of(q, data, kernel[2..]) is not { } axes)
            return null;
        int spatial = q.Axis - 2;
        AxisMap map = AxisMap.Window(axes.Kernel[spatial], axes.Strides[spatial], axes.Before[spatial], axes.Dilations[spatial]);
        parts.Add((x, new InputPart(q.Axis, map, axes.After[spatial])));
        bool isFloat = q.Values.TypeOf(node.In(x))!.ElementType is DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16;
        return q.Rule([.. parts]) with
        {
            Write = (piece, form) => axes.Write(piece, spatial, form.Inputs[x], form.Asked[x], pool: false),
            Allows = NotInPadding(map, data[q.Axis]),
            Stable = isFloat ? FloatStability(q, kernel) : null,
            WindowStableFrom = isFloat ? FloatStableFrom(q, kernel) : 1,
        };
    }

    /// <summary>Output channels: a slice of the kernel each; only for constants that can be cut, and one group or one channel a group.</summary>
    private static NodeRegion? Channels(RegionQuery q, int x, int w, int[] scalars, int bias, List<(int, InputPart)> parts)
    {
        NodeProto node = q.Node;
        long group = node.Int("group", 1);
        long[] data = q.In(x)!;
        bool depthwise = group > 1 && group == data[1] && group == q.Dims[1];
        if (!(depthwise || group == 1) || !q.Values.CanCut(node.In(w)))
            return null;
        parts.Add((w, InputPart.Same(0)));
        if (depthwise)
            parts.Add((x, InputPart.Same(1)));
        foreach (int input in scalars.Append(bias))
        {
            if (q.In(input) is not { Length: 1 } dims || dims[0] == 1)
                continue;
            if (dims[0] != q.Dims[1] || !q.Values.CanCut(node.In(input)))
                return null;
            parts.Add((input, InputPart.Same(0)));
        }
        return q.Rule([.. parts]) with
        {
            Write = depthwise ? (piece, form) => piece.Set("group", form.Output.Length) : null,
            // A slice of one channel is a matrix of one row, which is multiplied by another routine.
            Stable = q.Values.TypeOf(node.In(x))!.ElementType == DataType.Float ? part => depthwise && part.Length > 1 : null,
        };
    }

    /// <summary>A transposed convolution: a piece's own pads cut away what its neighbours make.</summary>
    public static NodeRegion? Transposed(RegionQuery q)
    {
        NodeProto node = q.Node;
        if (q.In(0) is not { Length: > 2 } data || q.In(1) is not { } kernel || kernel.Length != data.Length || q.Axis == 1)
            return null;
        if (q.Axis == 0)
            return q.Rule((0, InputPart.Same(0)));
        int spatial = q.Axis - 2, rank = data.Length - 2;
        if (node.Text("auto_pad", "NOTSET") != "NOTSET" || node.Ints("output_shape") is not null)
            return null;
        long[] strides = node.Ints("strides") ?? Fill(rank, 1), dilations = node.Ints("dilations") ?? Fill(rank, 1);
        long[] pads = node.Ints("pads") ?? Fill(2 * rank, 0), more = node.Ints("output_padding") ?? Fill(rank, 0);
        long k = kernel[q.Axis], s = strides[spatial], d = dilations[spatial], before = pads[spatial];
        AxisMap map = AxisMap.TransposedWindow(k, s, before, d);
        return q.Rule((0, new InputPart(q.Axis, map))) with
        {
            Allows = part => form(part) is { Before: >= 0, After: >= 0 },
            Write = (piece, written) =>
            {
                (long Before, long After) cut = form(written.Output);
                long[] own = [.. pads], ownMore = [.. more];
                (own[spatial], own[spatial + rank], ownMore[spatial]) = (cut.Before, cut.After, 0);
                piece.Set("pads", own);
                if (node.Find("output_padding") is not null)
                    piece.Set("output_padding", ownMore);
            },
            Stable = TransposedStability(q, data, kernel, map),
        };

        // Uncut, the input rows make positions from start * s on; what lies outside the part is cut by pads.
        (long Before, long After) form(Interval part)
        {
            Interval rows = map.Of(part).Within(data[q.Axis]);
            if (rows.IsEmpty)
                return (-1, -1);
            long first = rows.Start * s - before, last = (rows.End - 1) * s + (k - 1) * d + 1 - before;
            return (part.Start - first, last - part.End);
        }
    }

    /// <summary>
    /// Each output position is summed from the same columns, in the order of the kernel. The columns are a matrix product: of the kernel, so many products each as there are input
    /// channels in a group, with one column for each input position.
    /// </summary>
    private static Func<Interval, bool>? TransposedStability(RegionQuery q, long[] data, long[] kernel, AxisMap map)
    {
        if (q.Values.TypeOf(q.Node.In(0))!.ElementType != DataType.Float)
            return null;
        long group = Math.Max(1, q.Node.Int("group", 1)), products = data[1] / group, across = 1, rows = kernel[1];
        for (int i = 2; i < data.Length; i++)
        {
            across *= i == q.Axis ? 1 : data[i];
            rows *= kernel[i];
        }
        int threads = q.Values.Threads;
        // A kernel that is computed is multiplied by another routine; so is one that makes a single row of columns.
        if (q.Axis != 2 || rows == 1 || q.Values.Constant(q.Node.In(1)) is null)
            return _ => false;
        long extent = data[q.Axis];
        return part => map.Of(part).Within(extent).Length is var length
            && KeepsOrder(products, across * length, across * extent, columns => ThreadShares.LeastOf(rows, columns, products, threads).Columns);
    }

    /// <summary>True if a part of a product's columns sums in the order in which the whole does.</summary>
    /// <param name="products">Products of a sum.</param>
    /// <param name="columns">Columns of the part.</param>
    /// <param name="whole">Columns of the whole.</param>
    /// <param name="share">The fewest columns that a thread has of so many.</param>
    private static bool KeepsOrder(long products, long columns, long whole, Func<long, long> share) =>
        columns == whole || Math.Min(share(columns), share(whole)) > FewColumns(products);

    /// <summary>A product of more columns sums in one order, however many they are.</summary>
    internal static long FewColumns(long products) => products <= ManyProducts ? 1 : FewPositions;

    /// <summary>A pool. Where ceil_mode makes a window reach beyond the pad, the piece's pad is that much larger.</summary>
    public static NodeRegion? Pool(RegionQuery q, PoolForm form)
    {
        NodeProto node = q.Node;
        if (q.In(0) is not { Length: > 2 } data || q.Rank != data.Length || !q.HasOneOutput || node.Int("channels_last", 0) != 0)
            return null;
        if (form == PoolForm.Largest && node.Int("storage_order", 0) != 0)
            return null;
        if (q.Axis < 2)
            return q.Rule((0, InputPart.Same(q.Axis)));
        if (node.Ints("kernel_shape") is not { } kernel || Axes.Of(q, data, kernel) is not { } axes)
            return null;
        int spatial = q.Axis - 2;
        // A window that hangs over the pad counts fewer elements than its pads say; only the whole knows which.
        if ((form == PoolForm.Norm || form == PoolForm.Average && node.Int("count_include_pad", 0) != 0) && axes.AnyOver)
            return null;
        AxisMap map = AxisMap.Window(axes.Kernel[spatial], axes.Strides[spatial], axes.Before[spatial], axes.Dilations[spatial]);
        Func<Interval, bool> inside = NotInPadding(map, data[q.Axis]);
        return q.Rule((0, new InputPart(q.Axis, map, axes.After[spatial]))) with
        {
            WindowStableFrom = 1,
            Write = (piece, written) => axes.Write(piece, spatial, written.Inputs[0], written.Asked[0], pool: true),
            // ONNX Runtime wants a pool's pads to be smaller than its kernel.
            Allows = part => inside(part) && axes.PadsFit(map.Of(part), map.Of(part).Within(data[q.Axis]), spatial),
        };
    }

    private static Func<Interval, bool> NotInPadding(AxisMap map, long extent) => part => !map.Of(part).Within(extent).IsEmpty;

    private static Func<Interval, bool> FloatStability(RegionQuery q, long[] kernel)
    {
        // Rows alone are relied on: how wide a row is decides between ways through the kernel. So does a single position.
        if (q.Axis != 2)
            return _ => false;
        (long products, long across) = Columns(q, kernel);
        Func<long, long> share = Shares(q, kernel, q.Dims[0]);
        return part => KeepsOrder(products, across * part.Length, across * q.Extent, share);
    }

    /// <summary>Threads take images and groups where there are several, and else divide the positions of the one: an image alone is another product than among others.</summary>
    private static Func<Interval, bool>? ImageStability(RegionQuery q, long[] kernel)
    {
        if (q.Values.Threads == 1 || q.Node.Int("group", 1) > 1)
            return null;
        (long products, long positions) = (Products(kernel), q.Dims.Skip(2).Aggregate(1L, (a, b) => a * b));
        long least = Shares(q, kernel, images: 1)(positions);
        bool keeps = least == positions || least > FewColumns(products);
        return part => keeps || part.Length > 1 || part.Length == q.Extent;
    }

    /// <summary>The fewest positions that a thread computes of so many, of a number of images.</summary>
    private static Func<long, long> Shares(RegionQuery q, long[] kernel, long images)
    {
        long filters = kernel[0], products = Products(kernel), threads = q.Values.Threads;
        if (threads == 1 || images > 1 || q.Node.Int("group", 1) > 1)
            return positions => positions;
        // Some kernels with one position or one channel read the image as the matrix that it is.
        bool asItStands = kernel[1] == 1 || kernel.Skip(2).All(k => k == 1);
        return positions =>
        {
            long gathered = filters > positions ? positions : ThreadShares.LeastPositions(filters, positions, products, threads);
            if (filters <= positions && !asItStands)
                return gathered;
            (long rows, long columns) = ThreadShares.LeastOf(filters, positions, products, threads);
            // One filter alone is multiplied by another routine.
            return rows == 1 && filters > 1 ? 0 : Math.Min(columns, gathered);
        };
    }

    /// <summary>The least rows of a piece with which the above holds, however many there are in all; null where it never does.</summary>
    private static long? FloatStableFrom(RegionQuery q, long[] kernel)
    {
        if (q.Axis != 2)
            return null;
        (long products, long across) = Columns(q, kernel);
        return ((ThreadShares.EnoughFor(FewColumns(products), q.Values.Threads) - 1) / Math.Max(1, across)) + 1;
    }

    /// <summary>Products of an output, as far as their number decides on the order of their sum, and outputs of a row.</summary>
    private static (long Products, long Across) Columns(RegionQuery q, long[] kernel)
    {
        long products = Products(kernel), across = 1;
        for (int i = 2; i < q.Rank; i++)
            across *= i == q.Axis ? 1 : q.Dims[i];
        if (kernel[0] != q.Node.Int("group", 1))
            return (products, across);
        // One filter a group is a matrix of one row, which is multiplied by another routine (mlas/lib/x86_64/SgemmKernelM1Avx.S): it adds four products at a time to each position, in whole
        // and in part vectors alike, however many there are. Rows of a single position go another way, when the window is as wide as the image. A processor without AVX has no such routine,
        // and sums as it does with more filters.
        bool keeps = q.Rank == 4 && across > 1 && products <= ManyProducts && q.Values.TypeOf(q.Node.In(0))!.ElementType == DataType.Float;
        return (keeps ? 0 : long.MaxValue, across);
    }

    private static long Products(long[] kernel) => kernel.Skip(1).Aggregate(1L, (a, b) => a * b);

    private static long[] Fill(int count, long value)
    {
        long[] values = new long[count];
        Array.Fill(values, value);
        return values;
    }

    /// <summary>Windows of a node along all its spatial axes, with every pad stated.</summary>
    private sealed record Axes(long[] Kernel, long[] Strides, long[] Dilations, long[] Before, long[] After, bool AnyOver)
    {
        /// <summary>Reads them off a node; null where they do not give the output's size, which is known.</summary>
        public static Axes? Of(RegionQuery q, long[] data, long[] kernel)
        {
            NodeProto node = q.Node;
            int rank = data.Length - 2;
            long[] strides = node.Ints("strides") ?? Fill(rank, 1), dilations = node.Ints("dilations") ?? Fill(rank, 1);
            long[] pads = node.Ints("pads") ?? Fill(2 * rank, 0), before = new long[rank], after = new long[rank];
            string auto = node.Text("auto_pad", "NOTSET");
            if (kernel.Length != rank || strides.Length != rank || dilations.Length != rank || pads.Length != 2 * rank)
                return null;
            bool over = false;
            // How much is added along an axis whose size is not fixed, no piece can state; but with a stride of one it is the same for all sizes.
            bool isSame = auto is "SAME_UPPER" or "SAME_LOWER", isCeil = node.Int("ceil_mode", 0) != 0;
            if (Enumerable.Range(0, rank).Any(i => q.IsOpen(i + 2) && (isCeil || (isSame && strides[i] != 1))))
                return null;
            for (int i = 0; i < rank; i++)
            {
                long reach = (kernel[i] - 1) * dilations[i] + 1, size = data[i + 2], output = q.Dims[i + 2];
                long need = (output - 1) * strides[i] + reach - size;
                switch (auto)
                {
                    case "NOTSET" or "":
                        (before[i], after[i]) = (pads[i], pads[i + rank]);
                        break;
                    case "VALID":
                        break;
                    case "SAME_UPPER" or "SAME_LOWER":
                        long total = Math.Max(need, 0);
                        before[i] = auto == "SAME_UPPER" ? total / 2 : (total + 1) / 2;
                        after[i] = total - before[i];
                        break;
                    default:
                        return null;
                }
                if (before[i] < 0 || after[i] < 0)
                    return null;
                // Only ceil_mode makes a window reach beyond the stated pads.
                long overhang = need - before[i] - after[i];
                if (overhang > 0 && node.Int("ceil_mode", 0) == 0 || overhang <= -strides[i])
                    return null;
                over |= overhang > 0;
                after[i] += Math.Max(overhang, 0);
            }
            return new Axes(kernel, strides, dilations, before, after, over);
        }

        /// <summary>True if pads are smaller than the kernel, on every axis.</summary>
        public bool PadsFit(Interval asked, Interval given, int spatial)
        {
            for (int i = 0; i < Kernel.Length; i++)
            {
                (long before, long after) = i == spatial ? (given.Start - asked.Start, asked.End - given.End) : (Before[i], After[i]);
                if (before >= Kernel[i] || after >= Kernel[i])
                    return false;
            }
            return true;
        }

        /// <summary>States the pads of a piece: what was asked for beyond the tensor along the cut axis, the whole's along the others.</summary>
        public void Write(NodeProto piece, int spatial, Interval given, Interval asked, bool pool)
        {
            int rank = Kernel.Length;
            long[] pads = new long[2 * rank];
            for (int i = 0; i < rank; i++)
                (pads[i], pads[i + rank]) = i == spatial ? (given.Start - asked.Start, asked.End - given.End) : (Before[i], After[i]);
            piece.Remove("auto_pad");
            piece.Set("pads", pads);
            if (pool)
                piece.Remove("ceil_mode");
        }
    }
}
