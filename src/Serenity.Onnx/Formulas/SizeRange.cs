namespace Serenity.Onnx.Formulas;

/// <summary>Sizes that a dimension may have from run to run, in elements.</summary>
/// <param name="From">The least, 0 or more.</param>
/// <param name="To">The most, no less than <paramref name="From"/>.</param>
public sealed record SizeRange(long From, long To)
{
    /// <summary>How many sizes that is.</summary>
    internal long Count => To - From + 1;

    /// <summary>True if a size is one of them.</summary>
    public bool Contains(long size) => size >= From && size <= To;

    /// <summary>As the item writes it: <c>1..512</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{From}..{To}");
}
