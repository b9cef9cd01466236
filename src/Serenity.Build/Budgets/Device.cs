using Serenity.Onnx.Contract;

namespace Serenity.Build.Budgets;

/// <summary>A device and what it has.</summary>
/// <param name="Name">The name that <c>Device="…"</c> refers to; compared without regard to case.</param>
/// <param name="MemoryBytes">RAM for activations; null if not stated.</param>
/// <param name="WeightBytes">Flash for weights; null if not stated or not part of the device.</param>
/// <param name="Source">Where the figures are from.</param>
/// <param name="ProcessBytes">Memory for the whole process; null if not stated.</param>
public sealed record Device(string Name, long? MemoryBytes, long? WeightBytes, string Source, long? ProcessBytes = null)
{
    /// <summary>Its memories, where it has several that a plan can use; empty if none are stated.</summary>
    public IReadOnlyList<DeviceMemory> Memories { get; init; } = [];

    /// <summary>Where their sizes and costs are from; null if none are stated.</summary>
    public string? MemorySource { get; init; }
}
