namespace Serenity.Planning.Placement.Pools;

/// <summary>A memory that buffers can lie in.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="AccessCost">What it costs to read or write one byte, in any unit that all pools share; not negative.</param>
public readonly record struct ArenaPool(long Bytes, long AccessCost);

/// <summary>How often a step reads or writes all of a buffer.</summary>
/// <param name="Step">The step; one at which the buffer is live.</param>
/// <param name="Count">Times.</param>
public readonly record struct BufferAccess(int Step, int Count);

/// <summary>A buffer, who uses it, and where it may lie.</summary>
/// <param name="Buffer">Lifetime in steps, and size.</param>
/// <param name="Accesses">Steps that use it, ascending.</param>
/// <param name="Pools">Bit p is set if pool p may hold it; at least one is.</param>
/// <param name="Moves">False if it must stay where it is put.</param>
public sealed record PooledBuffer(ArenaBuffer Buffer, IReadOnlyList<BufferAccess> Accesses, ulong Pools = ulong.MaxValue, bool Moves = true);

/// <summary>
/// Offset assignment over several memories: each buffer lies in one pool for its lifetime, or moves once to another, so that the bytes read and written, each at the
/// cost of its pool, cost the least.
/// </summary>
/// <remarks>
/// A move happens between two steps, directly behind a step that uses the buffer or directly before one. It reads every byte in the one pool and writes it in the
/// other, and while it happens the buffer takes its place in both, beside all that is live at both steps. Buffers that are tied together lie in one pool and do not move.
/// </remarks>
/// <param name="Pools">The memories, at most 64.</param>
/// <param name="Buffers">The buffers.</param>
/// <param name="Links">Fixed distances, as in <see cref="ArenaProblem"/>.</param>
/// <param name="Alignment">As in <see cref="ArenaProblem"/>.</param>
public sealed record PoolProblem(ArenaPool[] Pools, PooledBuffer[] Buffers, ArenaLink[] Links, long Alignment = 1);
