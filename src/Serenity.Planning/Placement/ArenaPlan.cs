namespace Serenity.Planning.Placement;

/// <summary>Where every buffer lies.</summary>
/// <param name="Offsets">Bytes from the start of the arena, one a buffer, in the order of the problem.</param>
/// <param name="SizeBytes">Arena size: the largest offset + bytes.</param>
/// <param name="LowerBoundBytes">Bytes that no placement can go under.</param>
/// <param name="States">Search states expanded.</param>
public sealed record ArenaPlan(long[] Offsets, long SizeBytes, long LowerBoundBytes, long States)
{
    /// <summary>True if no placement of these buffers is smaller.</summary>
    public bool IsOptimal => SizeBytes == LowerBoundBytes;
}
