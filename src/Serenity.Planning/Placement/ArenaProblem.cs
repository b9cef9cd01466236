namespace Serenity.Planning.Placement;

/// <summary>One buffer to be placed: <paramref name="Bytes"/> bytes over the half-open span of steps [<paramref name="Lower"/>, <paramref name="Upper"/>).</summary>
/// <param name="Lower">First step at which the buffer is live.</param>
/// <param name="Upper">First step at which it is dead again; greater than <paramref name="Lower"/>.</param>
/// <param name="Bytes">Size; zero is allowed.</param>
public readonly record struct ArenaBuffer(int Lower, int Upper, long Bytes);

/// <summary>A buffer at a fixed distance from another: offset(<paramref name="Buffer"/>) = offset(<paramref name="Anchor"/>) + <paramref name="Distance"/>.</summary>
/// <param name="Buffer">Index of the buffer that is fixed.</param>
/// <param name="Anchor">Index of the buffer it is fixed to.</param>
/// <param name="Distance">Bytes; negative is allowed.</param>
public readonly record struct ArenaLink(int Buffer, int Anchor, long Distance);

/// <summary>Offset assignment: place every buffer so that buffers live at the same step do not overlap.</summary>
/// <param name="Buffers">The buffers.</param>
/// <param name="Links">Fixed distances (the parts of a concat that is a view). Buffers tied together move as one.</param>
/// <param name="Alignment">Every offset is a multiple of this many bytes, except that a linked buffer only has its distance; a power of two.</param>
public sealed record ArenaProblem(ArenaBuffer[] Buffers, ArenaLink[] Links, long Alignment = 1);
