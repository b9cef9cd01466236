namespace Serenity.Planning.Placement.Pools;

/// <summary>Where a buffer lies.</summary>
/// <param name="Pool">The pool it begins in.</param>
/// <param name="Offset">Bytes from that pool's start.</param>
/// <param name="Move">Where it moves to; null if it stays.</param>
public sealed record BufferPlace(int Pool, long Offset, BufferMove? Move = null);

/// <summary>A move of a buffer to another pool.</summary>
/// <param name="Step">It has happened when this step begins; the step before it still finds the buffer in its first pool.</param>
/// <param name="Pool">The pool it moves to.</param>
/// <param name="Offset">Bytes from that pool's start.</param>
public sealed record BufferMove(int Step, int Pool, long Offset);

/// <summary>Buffers in several memories.</summary>
/// <param name="Places">Where each buffer lies, in the order of the problem.</param>
/// <param name="UsedBytes">Bytes of each pool that are used: its largest offset + bytes.</param>
/// <param name="Cost">Bytes read and written, times the cost of their pools; moves included.</param>
/// <param name="LowerBoundCost">A cost that no plan goes under which fits.</param>
/// <param name="Fits">False if no plan was found that fits: then a pool is used beyond its size.</param>
/// <param name="States">Search states expanded.</param>
public sealed record PoolPlan(IReadOnlyList<BufferPlace> Places, IReadOnlyList<long> UsedBytes, long Cost, long LowerBoundCost, bool Fits, long States)
{
    /// <summary>Entries that the search looked at, as <see cref="PoolOptions.Work"/> counts them.</summary>
    public long Work { get; init; }

    /// <summary>True if no plan costs less.</summary>
    public bool IsOptimal => Fits && Cost == LowerBoundCost;
}
