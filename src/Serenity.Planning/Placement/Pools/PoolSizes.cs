namespace Serenity.Planning.Placement.Pools;

/// <summary>A size of a pool at which a plan was found that fits.</summary>
/// <param name="Bytes">The size.</param>
/// <param name="IsLeast">True if none was found at the next smaller one; false if the search for the least ended before.</param>
public readonly record struct PoolSize(long Bytes, bool IsLeast);

/// <summary>How large a memory must be for a plan that fits.</summary>
public static class PoolSizes
{
    /// <summary>Sizes are multiples of this many bytes; a budget is one of KiB.</summary>
    public const long Unit = 1024;

    /// <summary>Of the work of a plan one part in so many is for the sizes of all its pools together.</summary>
    private const int Share = 2;

    /// <summary>The least size of a pool, the others as they are, at which <see cref="PoolPlanner.Place"/> finds a plan that fits.</summary>
    /// <param name="problem">A problem for which it finds none.</param>
    /// <param name="pool">The pool.</param>
    /// <param name="options">Limits and techniques.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>A multiple of <see cref="Unit"/>, at which a plan was found; the least such as far as some work allows, and says whether it did. Null if no size of this pool alone helps.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PoolSize? Least(PoolProblem problem, int pool, PoolOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        options ??= PoolOptions.Default;
        long work = 0, limit = options.Work / Share / problem.Pools.Length;
        // More than all of the pool's tenants together helps no more.
        long most = Unit;
        foreach (PooledBuffer buffer in problem.Buffers)
            most = checked(most + Rounded(buffer.Buffer.Bytes + problem.Alignment));
        if (Used(most) is not { } used)
            return null;
        // A plan says what it needs: mostly far less than all. Where a size passes, that is soon found, and where none does, late: so from above.
        long fits = most, fails = Math.Min(problem.Pools[pool].Bytes / Unit * Unit, most - Unit);
        used = Math.Max(Rounded(used), fails + Unit);
        if (used < fits && Used(used) is not null)
            fits = used;
        long others = 0;
        for (int p = 0; p < problem.Pools.Length; p++)
            others += p == pool ? 0 : problem.Pools[p].Bytes;
        long least = Math.Max(Rounded(Math.Max(LiveBytes(problem.Buffers) - others, 0)), fails + Unit);
        if (least < fits)
        {
            if (Used(least) is not null)
                return new PoolSize(least, true);
            fails = least;
        }
        while (fits - fails > Unit && work < limit)
        {
            long middle = (fails + fits) / (2 * Unit) * Unit;
            if (Used(middle) is not { } needed)
            {
                fails = middle;
                continue;
            }
            // Such a plan is often far from filling what it was given; that it is found again with just that is not certain.
            fits = middle;
            needed = Math.Max(Rounded(needed), fails + Unit);
            if (needed < fits && Used(needed) is not null)
                fits = needed;
        }
        return new PoolSize(fits, fits - fails <= Unit);

        long? Used(long bytes) => PoolPlanner.Used(
            problem with { Pools = [.. problem.Pools.Select((p, index) => index == pool ? p with { Bytes = bytes } : p)] }, pool, options, ref work, cancellation);
    }

    private static long Rounded(long bytes) => (bytes + Unit - 1) / Unit * Unit;

    /// <summary>True if more is live together than all pools have, or than those have that all of it must lie in.</summary>
    internal static bool IsOverfull(PoolProblem problem)
    {
        ulong all = problem.Pools.Length == 64 ? ulong.MaxValue : (1UL << problem.Pools.Length) - 1;
        foreach (ulong within in problem.Buffers.Select(b => b.Pools & all).Append(all).Distinct())
        {
            long room = 0;
            for (int p = 0; p < problem.Pools.Length; p++)
                room += (within >> p & 1) != 0 ? problem.Pools[p].Bytes : 0;
            if (LiveBytes(problem.Buffers.Where(b => (b.Pools & all & ~within) == 0)) > room)
                return true;
        }
        return false;
    }

    private static long LiveBytes(IEnumerable<PooledBuffer> buffers)
    {
        SortedDictionary<int, long> changes = [];
        foreach (PooledBuffer pooled in buffers)
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
