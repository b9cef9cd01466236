namespace Serenity.Onnx.Operators.Time;

/// <summary>How long a rewritten model may take, pieces apart: those only pay where there is time to be shared out.</summary>
internal static class TimeLimit
{
    /// <summary>What nobody notices: a model of a few small nodes could else gain not one, whatever it saves.</summary>
    private const double FreeNanoseconds = 30_000;

    /// <summary>How many times as long as the fastest form a run may take, whatever the limit says: what a rewrite gave back is not all there to be spent.</summary>
    private const double MostOfFastest = 2;

    /// <summary>Predicted time that a run may take, in nanoseconds.</summary>
    /// <param name="source">That of the source.</param>
    /// <param name="limit">How many times that; with more than 1, 30 microseconds more are allowed in any case.</param>
    public static double Of(double source, double limit) => limit > 1 ? Math.Max(source * limit, source + FreeNanoseconds) : source * limit;

    /// <summary>The same where some form of the model takes less than the source.</summary>
    /// <param name="source">Predicted time of the source, in nanoseconds.</param>
    /// <param name="fastest">That of the fastest form known.</param>
    /// <param name="limit">How many times that of the source.</param>
    public static double Of(double source, double fastest, double limit) => Math.Min(Of(source, limit), Of(Math.Min(source, fastest), Math.Max(limit, MostOfFastest)));

    /// <summary>
    /// How many times the source's predicted time a model in pieces may take: as many times as long as the source, or as the model without pieces, whichever is faster. Who has the one or the other
    /// today must not wait longer for the one in pieces.
    /// </summary>
    /// <param name="ratio">How many times the source's time the model takes without pieces.</param>
    /// <param name="limit">How many times as long any form may take.</param>
    public static double OfPieces(double ratio, double limit) => limit * Math.Min(1, ratio);
}
