namespace Serenity.Build.Budgets;

/// <summary>What a model may cost.</summary>
/// <param name="MemoryBytes">For the activation peak and the kernels' workspace; null if there is no such budget.</param>
/// <param name="WeightBytes">For the weights; null if there is no such budget.</param>
/// <param name="Device">Name of the device a budget came from, or null.</param>
public sealed record MemoryBudgets(long? MemoryBytes, long? WeightBytes, string? Device)
{
    /// <summary>No budget.</summary>
    public static MemoryBudgets None { get; } = new(null, null, null);
}
