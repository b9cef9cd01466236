namespace Serenity.Onnx.Contract;

/// <summary>
/// What an executor is like, whatever the model: what rewrites, reports and checks ask in place of its name. A trait is a property here, and a word in the
/// table below for each executor that has it.
/// </summary>
public sealed record ExecutorTraits
{
    /// <summary>Its name in options and manifests.</summary>
    public required string Name { get; init; }

    /// <summary>Its name for people.</summary>
    public required string Title { get; init; }

    /// <summary>The model is run in a session of ONNX Runtime, with session options that make the figures true.</summary>
    public bool RunsInSession { get; init; }

    /// <summary>Every tensor has an offset in one arena, so the peak is a size, and gaps are possible.</summary>
    public bool HasOffsets { get; init; }

    /// <summary>Graph inputs are part of the peak; else they are the caller's.</summary>
    public bool CountsInputs { get; init; }

    /// <summary>Kernels take memory for themselves, which a run has to tell.</summary>
    public bool HasWorkspace { get; init; }

    /// <summary>A freed buffer may be held for a later tensor of the same shape.</summary>
    public bool HoldsForReuse { get; init; }

    /// <summary>Regions of a network may be run in pieces.</summary>
    public bool Partitions { get; init; }

    /// <summary>An activation can be part of the operator before it.</summary>
    public bool FusesActivations { get; init; }

    /// <summary>An <c>Add</c> writes over the sum so far; else only a convolution can.</summary>
    public bool SumsInPlace { get; init; }

    /// <summary>Casts that undo each other are taken out when the model is loaded.</summary>
    public bool TakesOutCasts { get; init; }
}

/// <summary>The executors and their traits.</summary>
public static class ExecutorTable
{
    private static readonly ExecutorTraits _onnxRuntime = new()
    {
        Name = nameof(Executor.OnnxRuntime),
        Title = "ONNX Runtime",
        RunsInSession = true,
        HasWorkspace = true,
        HoldsForReuse = true,
        Partitions = true,
        FusesActivations = true,
        TakesOutCasts = true,
    };

    private static readonly ExecutorTraits _staticArena = new()
    {
        Name = nameof(Executor.StaticArena),
        Title = "One pre-planned arena",
        HasOffsets = true,
        CountsInputs = true,
        Partitions = true,
        SumsInPlace = true,
    };

    /// <summary>All of them, in the order in which they are offered.</summary>
    public static IReadOnlyList<Executor> All { get; } = [Executor.OnnxRuntime, Executor.StaticArena];

    /// <summary>What an executor is like.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such executor.</exception>
    public static ExecutorTraits Traits(this Executor executor) => executor switch
    {
        Executor.OnnxRuntime => _onnxRuntime,
        Executor.StaticArena => _staticArena,
        _ => throw new ArgumentOutOfRangeException(nameof(executor)),
    };
}
