namespace Serenity.Onnx.Contract;

/// <summary>What a model takes, pool by pool.</summary>
/// <param name="Pools">The pools that something is said of, each once, in the order of <see cref="MemoryPools.All"/>.</param>
public sealed record MemoryAccount(IReadOnlyList<PoolAccount> Pools)
{
    /// <summary>Runs at a time, each with what its pools take.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>Bytes that <c>MemoryBudget</c> is held against: of the pools it is about, all that is known, for each run. The one place where that sum is formed.</summary>
    public long RequiredBytes
    {
        get
        {
            long sum = 0;
            foreach (PoolAccount pool in Pools)
            {
                if (MemoryPools.Of(pool.Pool).IsOfMemoryBudget)
                    sum = checked(sum + (pool.Bytes ?? 0));
            }
            return checked(Runs * sum);
        }
    }

    /// <summary>
    /// Bytes that <c>ProcessBudget</c> is held against: what is held all the time, and the larger of what loading and what the runs take on top. Null where a pool is not known.
    /// </summary>
    public long? ProcessBytes
    {
        get
        {
            long always = 0, loading = 0, running = 0;
            foreach (MemoryPoolInfo info in MemoryPools.All)
            {
                if (info.Phase == MemoryPhase.Kept)
                    continue;
                if (Find(info.Pool)?.Bytes is not { } bytes)
                    return null;
                switch (info.Phase)
                {
                    case MemoryPhase.Always: always = checked(always + bytes); break;
                    case MemoryPhase.Loading: loading = checked(loading + bytes); break;
                    default: running = checked(running + (Runs * bytes)); break;
                }
            }
            return checked(always + Math.Max(loading, running));
        }
    }

    /// <summary>The account of a peak, where that is all that is known.</summary>
    /// <param name="activations">Bytes of <see cref="MemoryPool.Activations"/>.</param>
    /// <param name="workspace">Bytes of <see cref="MemoryPool.Workspace"/>; null if not known.</param>
    /// <param name="runs">Runs at a time.</param>
    public static MemoryAccount OfPeak(long activations, long? workspace, int runs = 1) => new(
    [
        new PoolAccount(MemoryPool.Activations, [new MemoryPart("tensors", activations, FigureBasis.Planned)]),
        new PoolAccount(MemoryPool.Workspace, [new MemoryPart("kernels", workspace, workspace is null ? FigureBasis.Unknown : FigureBasis.Measured)]),
    ])
    { Runs = runs };

    /// <summary>What is said of a pool; null for nothing.</summary>
    public PoolAccount? Find(MemoryPool pool) => Pools.FirstOrDefault(p => p.Pool == pool);

    /// <summary>The same with a pool added, or in place of what was said of it.</summary>
    public MemoryAccount With(PoolAccount pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        return this with { Pools = [.. Pools.Where(p => p.Pool != pool.Pool).Append(pool).OrderBy(p => p.Pool)] };
    }
}

/// <summary>What a pool takes.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Parts">What that is made of; all of it is held at one time.</param>
public sealed record PoolAccount(MemoryPool Pool, IReadOnlyList<MemoryPart> Parts)
{
    /// <summary>Bytes of all parts that are known; null where none is.</summary>
    public long? Bytes
    {
        get
        {
            long? sum = null;
            foreach (MemoryPart part in Parts)
            {
                if (part.Bytes is { } bytes)
                    sum = checked((sum ?? 0) + bytes);
            }
            return sum;
        }
    }
}

/// <summary>A part of a pool.</summary>
/// <param name="Name">What it is, in one word or two in camel case: <c>live</c>, <c>heldForReuse</c>.</param>
/// <param name="Bytes">Its bytes; null if not known.</param>
/// <param name="Basis">How that figure came about.</param>
public sealed record MemoryPart(string Name, long? Bytes, FigureBasis Basis);
