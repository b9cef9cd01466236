namespace Serenity.Build.Budgets;

/// <summary>What a model may cost.</summary>
/// <param name="MemoryBytes">For the activation peak and the kernels' workspace; null if there is no such budget.</param>
/// <param name="WeightBytes">For the weights; null if there is no such budget.</param>
/// <param name="Device">Name of the device a budget came from, or null.</param>
/// <param name="ProcessBytes">For all that ONNX Runtime and the model take in the process; null if there is no such budget.</param>
public sealed record MemoryBudgets(long? MemoryBytes, long? WeightBytes, string? Device, long? ProcessBytes = null)
{
    /// <summary>No budget.</summary>
    public static MemoryBudgets None { get; } = new(null, null, null);

    /// <inheritdoc/>
    /// <remarks>By hand: what the compiler writes for a nullable number is compiled at run time in every build.</remarks>
    public bool Equals(MemoryBudgets? other) =>
        other is not null && MemoryBytes == other.MemoryBytes && WeightBytes == other.WeightBytes && Device == other.Device && ProcessBytes == other.ProcessBytes;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(MemoryBytes, WeightBytes, Device, ProcessBytes);
}
