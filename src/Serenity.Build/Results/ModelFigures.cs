using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Results;

/// <summary>The figures of a model that a table has room for, in bytes.</summary>
/// <param name="OriginalBytes">Tensors of the source model at its peak, as it is run today.</param>
/// <param name="PeakBytes">Tensors of the optimized model at its peak.</param>
/// <param name="WorkspaceBytes">The kernels' workspace; null where it was not measured.</param>
/// <param name="AtMost">True if a run may need less.</param>
/// <param name="WeightBytes">All weights.</param>
/// <param name="Budget">Budgets and the verdict on them.</param>
/// <param name="BaselineBytes">What it needed by its baseline; null if there is none, or it is not in it.</param>
public sealed record ModelFigures(long OriginalBytes, long PeakBytes, long? WorkspaceBytes, bool AtMost, long WeightBytes, BudgetEntry Budget, long? BaselineBytes)
{
    /// <summary>Runs at a time.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>What a budget for the process is held against; null if not known.</summary>
    public long? ProcessBytes { get; init; }

    /// <summary>Memories of the device that would have to hold more than they have.</summary>
    public IReadOnlyList<OverMemory> OverMemories { get; init; } = [];

    /// <summary>Where planned sessions run the model: what the layout needs that needs the most, where that is more than <see cref="RequiredBytes"/>; else null.</summary>
    public LayoutFigure? LargestLayout { get; init; }

    /// <summary>What a memory budget is held against.</summary>
    public long RequiredBytes => MemoryAccount.OfPeak(PeakBytes, WorkspaceBytes, Runs).RequiredBytes;
}
