namespace Serenity.Onnx.Contract;

/// <summary>How a plan uses the memories of its device; see docs/memory-levels.md.</summary>
/// <param name="Memories">Each memory, in the order they were given.</param>
/// <param name="Cost">Bytes read and written by the operators of one run, each times the cost of its memory; moves included.</param>
/// <param name="LowerBoundCost">A cost that no plan of this order goes under that fits.</param>
/// <param name="Weights">Where weights lie; empty where no memory is for weights.</param>
public sealed record MemoriesFacts(IReadOnlyList<UsedMemory> Memories, double Cost, double LowerBoundCost, IReadOnlyList<PlacedWeight> Weights)
{
    /// <summary>True if no memory is used beyond its size.</summary>
    public bool Fits => Memories.All(m => m.UsedBytes <= m.Bytes);

    /// <summary>True if no plan of this order costs less.</summary>
    public bool Optimal => Fits && Cost == LowerBoundCost;
}

/// <summary>A memory, and what a plan uses of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Cost">What it costs to read or write a byte there, relative to the other memories.</param>
/// <param name="Holds">What may lie there.</param>
/// <param name="UsedBytes">Bytes from its start that are used.</param>
public sealed record UsedMemory(string Name, long Bytes, double Cost, MemoryUse Holds, long UsedBytes)
{
    /// <summary>Where the plan does not fit: the least size of this memory, the others as they are, at which one was found; null if no size of this one alone helps, or the plan fits.</summary>
    public long? LeastBytes { get; init; }

    /// <summary>True if <see cref="LeastBytes"/> may be less, since the search for it ended; null if not.</summary>
    public bool? MayBeLess { get; init; }

    /// <summary>What is used of a memory.</summary>
    public static UsedMemory Of(DeviceMemory memory, long usedBytes)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return new UsedMemory(memory.Name, memory.Bytes, memory.Cost, memory.Holds, usedBytes);
    }
}

/// <summary>A weight and its place, which it keeps all the time.</summary>
/// <param name="Name">Name of the initializer.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Memory">The memory.</param>
/// <param name="Offset">Bytes from that memory's start.</param>
public sealed record PlacedWeight(string Name, long Bytes, string Memory, long Offset);

/// <summary>A move of a tensor to another memory.</summary>
/// <param name="Step">It has happened when this step begins.</param>
/// <param name="Memory">The memory it moves to.</param>
/// <param name="Offset">Bytes from that memory's start.</param>
public sealed record TensorMove(int Step, string Memory, long Offset);
