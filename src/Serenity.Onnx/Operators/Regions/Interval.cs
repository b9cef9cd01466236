namespace Serenity.Onnx.Operators.Regions;

/// <summary>Positions <paramref name="Start"/> up to, not including, <paramref name="End"/> along one axis of a tensor.</summary>
/// <param name="Start">First position.</param>
/// <param name="End">One past the last.</param>
internal readonly record struct Interval(long Start, long End)
{
    /// <summary>Number of positions; not positive for an empty interval.</summary>
    public long Length => End - Start;

    /// <summary>True if there is no position in it.</summary>
    public bool IsEmpty => End <= Start;

    /// <summary>The smallest interval that holds both; an empty one adds nothing.</summary>
    public Interval Hull(Interval other) =>
        other.IsEmpty ? this : IsEmpty ? other : new Interval(Math.Min(Start, other.Start), Math.Max(End, other.End));

    /// <summary>What of it lies within a tensor of some extent.</summary>
    public Interval Within(long extent) => new(Math.Clamp(Start, 0, extent), Math.Clamp(End, 0, extent));

    /// <summary>The smallest interval around it whose bounds are multiples of a number.</summary>
    public Interval Outward(long multiple) => new(Start / multiple * multiple, (End + multiple - 1) / multiple * multiple);
}
