using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of matrix products: rows, columns, and the axes before them (batch, heads, windows).</summary>
internal static class ProductRegions
{
    /// <summary>A product with numpy's broadcasting. Scales and zero points are the same for all pieces, or constants along the rows or columns.</summary>
    public static NodeRegion? MatMul(RegionQuery q, int a, int b)
    {
        if (q.In(a) is not { Length: > 1 } left || q.In(b) is not { Length: > 1 } right)
            return null;
        foreach (int input in Enumerable.Range(0, q.Node.Input.Count).Where(i => i != a && i != b))
        {
            if (q.In(input) is { } dims && dims.Any(d => d != 1))
                return null;
        }
        return Product(q, new Operand(a, left, false, false), new Operand(b, right, false, false));
    }

    /// <summary>
    /// A product with its operands' last axes swapped or not, and their first axis, which then are the rows, before or behind the batch axes.
    /// </summary>
    public static NodeRegion? FusedMatMul(RegionQuery q)
    {
        if (q.In(0) is not { Length: > 1 } left || q.In(1) is not { Length: > 1 } right)
            return null;
        return Product(q, new Operand(0, left, q.Node.Int("transA", 0) != 0, q.Node.Int("transBatchA", 0) != 0), new Operand(1, right, q.Node.Int("transB", 0) != 0, q.Node.Int("transBatchB", 0) != 0));
    }

    /// <summary>A product of two matrices and a summand that broadcasts.</summary>
    public static NodeRegion? Gemm(RegionQuery q)
    {
        bool transA = q.Node.Int("transA", 0) != 0, transB = q.Node.Int("transB", 0) != 0;
        if (q.Rank != 2 || q.Values.Opset < 7)
            return null;
        List<(int, InputPart)> parts = [q.Axis == 0 ? (0, InputPart.Same(transA ? 1 : 0)) : (1, InputPart.Same(transB ? 0 : 1))];
        if (q.In(2) is { } summand)
        {
            int axis = q.Axis - (2 - summand.Length);
            if (axis >= 0 && summand[axis] != 1)
                parts.Add((2, InputPart.Same(axis)));
        }
        long products = q.In(0) is { Length: 2 } left ? left[transA ? 0 : 1] : long.MaxValue;
        return q.Rule([.. parts]) with { Stable = Stability(q, q.Axis == 0, q.Values.Constant(q.Node.In(1)) is not null && !transA, products) };
    }

    private static NodeRegion? Product(RegionQuery q, Operand a, Operand b)
    {
        int fromEnd = q.Rank - q.Axis;
        bool constant = q.Values.Constant(q.Node.In(b.Input)) is not null && b.Dims.Length == 2;
        long products = a.Dims[a.Axis(1)];
        if (fromEnd == 2)
            return q.Rule((a.Input, InputPart.Same(a.Axis(2)))) with { Stable = Stability(q, true, constant && !a.Swapped, products, isTall: b.Dims.Length == 2) };
        if (fromEnd == 1)
            return q.Rule((b.Input, InputPart.Same(b.Axis(1)))) with { Stable = Stability(q, false, false, products) };
        List<(int, InputPart)> parts = [];
        foreach (Operand operand in new[] { a, b })
        {
            if (operand.Dims.Length >= fromEnd && operand.Dims[operand.Axis(fromEnd)] != 1)
                parts.Add((operand.Input, InputPart.Same(operand.Axis(fromEnd))));
        }
        if (parts.Count == 0)
            return null;
        // A left operand with several axes before a right matrix without them is one tall matrix.
        return q.Rule([.. parts]) with { Stable = b.Dims.Length == 2 && q.Rank > 2 ? Stability(q, true, constant, products, isTall: true) : Matrices(q, products) };
    }

    /// <summary>An operand of a product.</summary>
    /// <param name="Input">Its position.</param>
    /// <param name="Dims">Its dimensions as they are stored.</param>
    /// <param name="Swapped">The last two axes are swapped before the product.</param>
    /// <param name="RowsFirst">The rows are stored as the first axis, before the batch axes.</param>
    private readonly record struct Operand(int Input, long[] Dims, bool Swapped, bool RowsFirst)
    {
        /// <summary>The stored axis that is the product's operand's axis, counted from the end from 1.</summary>
        public int Axis(int fromEnd)
        {
            int rank = Dims.Length, at = fromEnd <= 2 && Swapped ? 3 - fromEnd : fromEnd;
            if (!RowsFirst)
                return rank - at;
            return at == 1 ? rank - 1 : at == 2 ? 0 : rank - at + 1;
        }
    }

    /// <summary>
    /// Rows of a product with a constant matrix, which is packed ahead, keep their bits down to one row. Of two computed matrices, one row alone is multiplied by another
    /// routine (<see cref="Contract.RuntimeRules.OneRow"/>); several threads share rows or columns. Columns are not relied on.
    /// </summary>
    private static Func<Interval, bool>? Stability(RegionQuery q, bool rows, bool constant, long products, bool isTall = false)
    {
        if (q.Values.TypeOf(q.Node.Input[0])!.ElementType is not (DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16))
            return null;
        if (!rows)
            return _ => false;
        if (constant)
            return null;
        long others = q.Dims[..^1].Aggregate(1L, (a, b) => a * b) / Math.Max(1, q.Extent);
        (long rowsEach, long matrices) = isTall ? (others, 1L) : (1L, others);
        return part => part.Length > 1 && Shares(q, rowsEach * part.Length, rowsEach * q.Extent, products, matrices, matrices);
    }

    /// <summary>Products of the same sizes side by side, of two computed matrices each: threads share each of them as far as there are more threads than products.</summary>
    private static Func<Interval, bool>? Matrices(RegionQuery q, long products)
    {
        if (q.Values.Threads == 1 || q.Values.TypeOf(q.Node.Input[0])!.ElementType is not (DataType.Float or DataType.Double or DataType.Float16 or DataType.Bfloat16))
            return null;
        long rows = q.Dims[^2], others = q.Dims[..^2].Aggregate(1L, (a, b) => a * b) / Math.Max(1, q.Extent);
        return part => Shares(q, rows, rows, products, others * part.Length, others * q.Extent);
    }

    /// <summary>True if what threads have of a part's products sums in the order of what they have of the whole's.</summary>
    private static bool Shares(RegionQuery q, long rows, long rowsOfWhole, long products, long matrices, long matricesOfWhole)
    {
        if (q.Values.Threads == 1)
            return true;
        long columns = q.Dims[^1];
        (long Rows, long Columns) part = ThreadShares.LeastOf(rows, columns, products, q.Values.Threads, matrices);
        (long Rows, long Columns) whole = ThreadShares.LeastOf(rowsOfWhole, columns, products, q.Values.Threads, matricesOfWhole);
        bool keepsRows = part.Rows > 1 && whole.Rows > 1 || (rows == rowsOfWhole && part.Rows == rows && whole.Rows == rows);
        return keepsRows && (Math.Min(part.Columns, whole.Columns) > WindowRegions.FewColumns(products) || (part.Columns == columns && whole.Columns == columns));
    }
}
