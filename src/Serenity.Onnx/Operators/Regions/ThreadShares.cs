namespace Serenity.Onnx.Operators.Regions;

/// <summary>
/// How MLAS divides a product of matrices, [rows, products] by [products, columns], among threads: by columns or by rows, in shares that begin at multiples of 16 columns
/// (<c>MlasConvPrepare</c> and <c>MlasGemmBatch</c>; <see cref="Contract.RuntimeRules.ThreadShares"/>). Each share is summed as a product of its own, so the order of a sum depends on the
/// share's size (<see cref="Contract.RuntimeRules.FewColumns"/>).
/// </summary>
internal static class ThreadShares
{
    /// <summary>Multiplications that are work enough for one more thread.</summary>
    private const double WorkOfThread = 64 << 10;

    private const long Alignment = 16, MostOfConvolution = 16;

    /// <summary>Shares of the positions of a convolution of one image and one group, whose columns are gathered share by share.</summary>
    /// <param name="filters">Rows.</param>
    /// <param name="positions">Columns, as many as rows or more.</param>
    /// <param name="products">Products of a sum.</param>
    /// <param name="threads">Threads within operators.</param>
    /// <returns>How many there are, and how many positions each has but the last, which has what is left.</returns>
    public static (long Count, long Positions) OfConvolution(long filters, long positions, long products, long threads)
    {
        long count = Math.Min(Wanted(filters, positions, products, MostOfConvolution), threads);
        if (count == 1)
            return (1, positions);
        long share = RoundUp((positions + count - 1) / count);
        return share >= positions ? (1, positions) : (share * (count - 1) >= positions ? count - 1 : count, share);
    }

    /// <summary>The fewest positions that a thread computes of a convolution of one image and one group.</summary>
    /// <inheritdoc cref="OfConvolution"/>
    public static long LeastPositions(long filters, long positions, long products, long threads)
    {
        (_, long share) = OfConvolution(filters, positions, products, threads);
        return positions - (share * ((positions - 1) / share));
    }

    /// <summary>The fewest rows and columns that a thread computes of each of some products.</summary>
    /// <param name="rows">Rows of each.</param>
    /// <param name="columns">Columns of each.</param>
    /// <param name="products">Products of a sum.</param>
    /// <param name="threads">Threads within operators.</param>
    /// <param name="matrices">How many products are computed together.</param>
    public static (long Rows, long Columns) LeastOf(long rows, long columns, long products, long threads, long matrices = 1)
    {
        long count = Math.Min(Wanted(rows, columns, products, long.MaxValue), threads);
        count = (count + matrices - 1) / Math.Max(1, matrices);
        if (count == 1 || rows == 0 || columns == 0)
            return (rows, columns);
        if (columns <= rows)
            return (rows / Math.Min(count, rows), columns);
        long blocks = (columns + Alignment - 1) / Alignment;
        return (rows, (blocks / Math.Min(count, blocks) * Alignment) - ((blocks * Alignment) - columns));
    }

    /// <summary>So many columns or more, and each thread has more than a bound, however they are divided.</summary>
    /// <param name="bound">The bound.</param>
    /// <param name="threads">Threads within operators.</param>
    public static long EnoughFor(long bound, long threads) => (threads * (bound + (Alignment * (threads - 1)))) + 1;

    private static long Wanted(long rows, long columns, long products, long most)
    {
        double work = (double)rows * columns * products;
        return work < WorkOfThread * most ? (long)(work / WorkOfThread) + 1 : most;
    }

    private static long RoundUp(long positions) => (positions + Alignment - 1) / Alignment * Alignment;
}
