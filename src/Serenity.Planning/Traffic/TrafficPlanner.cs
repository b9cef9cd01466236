namespace Serenity.Planning.Traffic;

/// <summary>
/// The least bytes that a schedule reads and writes outside a chip of some capacity. The model: a tensor is on chip as a whole or not at all; what takes part in a step is on chip
/// while it runs; a tensor leaves by being written, unless a copy is outside already, and comes back by being read; graph inputs have a copy outside and may be on chip before the
/// first step; outputs may end on either side. A step whose own tensors are larger than the chip streams them, each read or written once, with nothing else on chip.
/// </summary>
/// <remarks>
/// A search over the steps. A state is which live tensors are on chip, and which of these have no copy outside. Room is made only when it is needed, and no more than is needed:
/// what is dropped earlier, or beyond need, can be dropped later for the same price or less. With more than 64 tensors alive at once, Belady's rule alone is used.
/// </remarks>
public static class TrafficPlanner
{
    /// <summary>Finds the least traffic of a schedule.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="order">All operators, in a topological order.</param>
    /// <param name="capacity">Bytes on chip.</param>
    /// <param name="options">How far to search.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="ArgumentException"><paramref name="order"/> is not a topological order of all operators.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrafficPlan Plan(MemoryGraph graph, ReadOnlySpan<int> order, long capacity, TrafficOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        OnChipSteps steps = OnChipSteps.Of(graph, order);
        TrafficPlan belady = BeladyReplacement.Count(steps, capacity);
        if (belady.Bytes == 0)
            return belady;
        return TensorSlots.TryAssign(steps) is { } slots
            ? new TrafficSearch(steps, slots, capacity, options ?? TrafficOptions.Default).Run(belady, cancellation)
            : belady;
    }
}
