namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>
/// What the peaks of two numbers of pieces foretell of more. Each step of a piece needs what does not depend on its size and something in proportion to it, so the peak, the most of
/// all steps, is convex over the share of the largest piece: below both shares it is no lower than the line through the two.
/// </summary>
/// <param name="Larger">The larger of two shares; 0 where none is known.</param>
/// <param name="Smaller">The smaller; 0 where none is known.</param>
/// <param name="AtLarger">The peak there, in bytes.</param>
/// <param name="AtSmaller">The same of the smaller.</param>
internal readonly record struct PieceTrend(double Larger, double Smaller, long AtLarger, long AtSmaller)
{
    /// <summary>Pieces and halos are whole positions, so the line is not quite straight.</summary>
    private const double Slack = 0.97;

    /// <summary>Adds a number of pieces, more than those before.</summary>
    public PieceTrend With(double share, long peak) => share == Smaller ? this with { AtSmaller = peak } : new PieceTrend(Smaller, share, AtSmaller, peak);

    /// <summary>True if pieces of a share come to more than a target, most likely.</summary>
    public bool IsAbove(long target, double share)
    {
        if (Larger <= Smaller || share > Smaller)
            return false;
        double line = AtSmaller - ((AtLarger - AtSmaller) * (Smaller - share) / (Larger - Smaller));
        return line * Slack > target;
    }
}
