using Serenity.Onnx.Contract;

namespace Serenity.Build.Results;

/// <summary>A memory of a device that would have to hold more than it has.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Bytes too much.</param>
public sealed record OverMemory(string Name, long Bytes)
{
    /// <summary>Those of a plan; none where the plan fits, or is for one arena.</summary>
    /// <param name="memories">How the plan uses its memories.</param>
    public static IReadOnlyList<OverMemory> Of(MemoriesFacts? memories) =>
        memories is null or { Fits: true } ? [] : [.. memories.Memories.Where(m => m.UsedBytes > m.Bytes).Select(m => new OverMemory(m.Name, m.UsedBytes - m.Bytes))];
}
