namespace Serenity.Planning.Traffic;

/// <summary>What is on chip after a step, and how that came about.</summary>
/// <param name="OnChip">Slots of the tensors on chip.</param>
/// <param name="Dirty">Those of them that have no copy outside.</param>
/// <param name="Read">Bytes read so far.</param>
/// <param name="Written">Bytes written so far.</param>
/// <param name="Floor">Bytes that any way on from here has moved at its end, at least.</param>
/// <param name="Before">The state before the step; null before the first.</param>
/// <param name="Dropped">Slots dropped before the step.</param>
/// <param name="Missing">Slots read before the step.</param>
internal sealed record TrafficState(ulong OnChip, ulong Dirty, long Read, long Written, long Floor, TrafficState? Before, ulong Dropped, ulong Missing)
{
    /// <summary>Bytes moved so far.</summary>
    public long Bytes => Read + Written;
}
