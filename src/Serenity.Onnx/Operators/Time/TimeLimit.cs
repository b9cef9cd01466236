namespace Serenity.Onnx.Operators.Time;

/// <summary>How long a rewritten model may take, pieces apart: those only pay where there is time to be shared out.</summary>
internal static class TimeLimit
{
    /// <summary>What nobody notices: a model of a few small nodes could else gain not one, whatever it saves.</summary>
    private const double FreeNanoseconds = 30_000;

    /// <summary>Predicted time that a run may take, in nanoseconds.</summary>
    /// <param name="source">That of the source.</param>
    /// <param name="limit">How many times that; with more than 1, 30 microseconds more are allowed in any case.</param>
    public static double Of(double source, double limit) => limit > 1 ? Math.Max(source * limit, source + FreeNanoseconds) : source * limit;
}
