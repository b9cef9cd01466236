namespace Serenity.Planning.Placement.Pools;

/// <summary>How large a memory must be for a plan that fits.</summary>
public static class PoolSizes
{
    /// <summary>Sizes are multiples of this many bytes; a budget is one of KiB.</summary>
    public const long Unit = 1024;

    /// <summary>The least size of a pool, the others as they are, at which <see cref="PoolPlanner.Place"/> finds a plan that fits.</summary>
    /// <param name="problem">A problem for which it finds none.</param>
    /// <param name="pool">The pool.</param>
    /// <param name="options">Limits and techniques.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>A multiple of <see cref="Unit"/>; null if no size of this pool alone helps.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static long? Least(PoolProblem problem, int pool, PoolOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        options ??= PoolOptions.Default;
        // More than all of the pool's tenants together helps no more.
        long most = Unit;
        foreach (PooledBuffer buffer in problem.Buffers)
            most = checked(most + Rounded(buffer.Buffer.Bytes + problem.Alignment));
        if (!Fits(most))
            return null;
        // Live buffers leave no less than what the other pools cannot hold.
        long fails = Math.Min(problem.Pools[pool].Bytes / Unit * Unit, most - Unit), fits = most;
        long others = 0;
        for (int p = 0; p < problem.Pools.Length; p++)
            others += p == pool ? 0 : problem.Pools[p].Bytes;
        long least = Math.Max(Rounded(Math.Max(LiveBytes(problem) - others, 0)), fails + Unit);
        if (least < fits)
        {
            if (Fits(least))
                return least;
            fails = least;
        }
        // Doubling first: most may be far above.
        for (long step = Unit; fails + step < fits; step *= 2)
        {
            if (Fits(fails + step))
                fits = fails + step;
            else
                fails += step;
        }
        while (fits - fails > Unit)
        {
            long middle = (fails + fits) / (2 * Unit) * Unit;
            if (Fits(middle))
                fits = middle;
            else
                fails = middle;
        }
        return fits;

        bool Fits(long bytes) => PoolPlanner.Fits(
            problem with { Pools = [.. problem.Pools.Select((p, index) => index == pool ? p with { Bytes = bytes } : p)] }, options, cancellation);
    }

    private static long Rounded(long bytes) => (bytes + Unit - 1) / Unit * Unit;

    private static long LiveBytes(PoolProblem problem)
    {
        SortedDictionary<int, long> changes = [];
        foreach (PooledBuffer pooled in problem.Buffers)
        {
            changes[pooled.Buffer.Lower] = changes.GetValueOrDefault(pooled.Buffer.Lower) + pooled.Buffer.Bytes;
            changes[pooled.Buffer.Upper] = changes.GetValueOrDefault(pooled.Buffer.Upper) - pooled.Buffer.Bytes;
        }
        long live = 0, most = 0;
        foreach (long change in changes.Values)
            most = Math.Max(most, live += change);
        return most;
    }
}
