namespace Serenity.Planning.Traffic;

/// <summary>What moves between the chip and the memory outside, before and while one step runs.</summary>
/// <param name="Step">Index of the step in the schedule.</param>
/// <param name="Dropped">Tensors that leave the chip before the step; those without a copy outside are written.</param>
/// <param name="Read">Tensors that the step needs and that are read before it.</param>
/// <param name="Streams">True if what takes part in the step is larger than the chip: it is read and written piece by piece, and nothing stays on chip.</param>
public sealed record TrafficStep(int Step, int[] Dropped, int[] Read, bool Streams);

/// <summary>The traffic of a schedule for a chip of some capacity.</summary>
/// <param name="CapacityBytes">Bytes on chip.</param>
/// <param name="ReadBytes">Bytes read from outside.</param>
/// <param name="WrittenBytes">Bytes written outside.</param>
/// <param name="LowerBoundBytes">Bytes read and written that no choice of what stays goes under, for this schedule.</param>
/// <param name="StreamedSteps">Steps larger than the chip. Where there is one, the figures rest on the assumption that it streams.</param>
/// <param name="Steps">What moves, for steps before which anything does.</param>
public sealed record TrafficPlan(
    long CapacityBytes, long ReadBytes, long WrittenBytes, long LowerBoundBytes, int StreamedSteps, IReadOnlyList<TrafficStep> Steps)
{
    /// <summary>Bytes read and written.</summary>
    public long Bytes => ReadBytes + WrittenBytes;

    /// <summary>True if no choice of what stays moves fewer bytes, for this schedule.</summary>
    public bool IsOptimal => Bytes == LowerBoundBytes;
}
