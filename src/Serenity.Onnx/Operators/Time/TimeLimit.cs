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

    /// <summary>How many times the source's predicted time a model in pieces may take.</summary>
    /// <param name="ratio">How many times that the model takes without pieces.</param>
    /// <param name="limit">How many times that of the source any form may take.</param>
    public static double OfPieces(double ratio, double limit) => Math.Min(limit, Math.Max(limit, MostOfFastest) * ratio);
}
