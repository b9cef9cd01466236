namespace Serenity.Onnx.Contract;

/// <summary>What there is to know of each pool.</summary>
public static class MemoryPools
{
    /// <summary>All pools, in the order in which an account lists them.</summary>
    public static IReadOnlyList<MemoryPoolInfo> All { get; } =
    [
        new(MemoryPool.Activations, "activations", "activations", IsOfMemoryBudget: true),
        new(MemoryPool.Workspace, "workspace", "kernels' workspace", IsOfMemoryBudget: true),
        new(MemoryPool.Inputs, "inputs", "inputs"),
        new(MemoryPool.Weights, "weights", "weights", Phase: MemoryPhase.Always),
        new(MemoryPool.PrepackedWeights, "prepackedWeights", "prepacked weights", Phase: MemoryPhase.Always),
        new(MemoryPool.Session, "session", "session", Phase: MemoryPhase.Always),
        new(MemoryPool.Library, "library", "runtime library", Phase: MemoryPhase.Always),
        new(MemoryPool.Loading, "loading", "while loading", Phase: MemoryPhase.Loading),
        new(MemoryPool.HeapGaps, "heapGaps", "the C library's gaps", Phase: MemoryPhase.Kept),
    ];

    /// <summary>What there is to know of one.</summary>
    public static MemoryPoolInfo Of(MemoryPool pool) => All[(int)pool];

    /// <summary>The pool of a name; null if there is none.</summary>
    public static MemoryPool? Find(string? name)
    {
        foreach (MemoryPoolInfo info in All)
        {
            if (info.Name == name)
                return info.Pool;
        }
        return null;
    }
}

/// <summary>A pool and what there is to know of it.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Name">Its name in a manifest.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="IsOfMemoryBudget">True if <c>MemoryBudget</c> is held against it.</param>
/// <param name="Phase">When it is held.</param>
public sealed record MemoryPoolInfo(MemoryPool Pool, string Name, string Title, bool IsOfMemoryBudget = false, MemoryPhase Phase = MemoryPhase.Running);

/// <summary>When memory is held.</summary>
public enum MemoryPhase
{
    /// <summary>During a run, and by each that goes on.</summary>
    Running,

    /// <summary>From when the model is loaded, all the time.</summary>
    Always,

    /// <summary>While the model is loaded.</summary>
    Loading,

    /// <summary>From the first runs on, in some sessions: in no sum.</summary>
    Kept,
}
