namespace Serenity.Build.Options.Syntax;

/// <summary>How far a figure may be above the one it is held against: by a part of that, or by bytes; 0 of both for not at all.</summary>
/// <param name="Percent">Percent of the figure, at least 0.</param>
/// <param name="Bytes">Bytes, at least 0.</param>
public sealed record Tolerance(double Percent, long Bytes)
{
    /// <summary>No more than the figure.</summary>
    public static Tolerance None { get; } = new(0, 0);

    /// <summary>The most that is accepted, in bytes.</summary>
    /// <param name="figure">The figure, in bytes.</param>
    public long Most(long figure) => (long)Math.Min(long.MaxValue, decimal.Floor(figure * (1 + (decimal)Percent / 100)) + Bytes);
}
