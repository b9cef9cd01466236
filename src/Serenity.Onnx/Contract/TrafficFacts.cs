namespace Serenity.Onnx.Contract;

/// <summary>Bytes that a run reads and writes outside a chip of some capacity; see docs/memory-levels.md.</summary>
/// <param name="OnChipBytes">Bytes on chip.</param>
/// <param name="Orders">Orders of the source model, and the one planned, which is last.</param>
/// <param name="LowerBoundBytes">Bytes that no order of the written model goes under; where the order was chosen for little traffic, none that needs no more than <see cref="MostPeakBytes"/>.</param>
/// <param name="Curve">The same for other capacities, ascending, up to one at which nothing moves.</param>
public sealed record TrafficFacts(long OnChipBytes, IReadOnlyList<OrderTraffic> Orders, long LowerBoundBytes, IReadOnlyList<TrafficPoint> Curve)
{
    /// <summary>Bytes that the plan of least peak needs; null where the order was not chosen for little traffic.</summary>
    public long? LeastPeakBytes { get; init; }

    /// <summary>Bytes that the plan was allowed for less traffic; null where the order was not chosen for that.</summary>
    public long? MostPeakBytes { get; init; }
}

/// <summary>The traffic of one order.</summary>
/// <param name="Order">Whose order: <c>file</c>, the source model's file; <c>onnxRuntime</c>, the one in which ONNX Runtime executes that; <c>planned</c>.</param>
/// <param name="ReadBytes">Bytes read.</param>
/// <param name="WrittenBytes">Bytes written.</param>
/// <param name="LowerBoundBytes">Bytes read and written that no choice of what stays on chip goes under, for this order.</param>
/// <param name="BeladyBytes">Bytes read and written where what is needed last leaves first.</param>
/// <param name="StreamedSteps">Steps larger than the chip, which read and write their tensors piece by piece; the figures rest on that.</param>
public sealed record OrderTraffic(string Order, long ReadBytes, long WrittenBytes, long LowerBoundBytes, long BeladyBytes, int StreamedSteps)
{
    /// <summary>Bytes read and written.</summary>
    public long Bytes => ReadBytes + WrittenBytes;
}

/// <summary>A point of the curve of traffic over capacity.</summary>
/// <param name="OnChipBytes">Bytes on chip.</param>
/// <param name="Bytes">Bytes read and written, for each of the orders, in their order.</param>
public sealed record TrafficPoint(long OnChipBytes, IReadOnlyList<long> Bytes);
