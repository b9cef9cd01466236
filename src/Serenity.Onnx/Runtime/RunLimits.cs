namespace Serenity.Onnx.Runtime;

/// <summary>
/// What one run of a model in a build may need. Counted, not timed, so that the outcome is the same on every machine. A run that needs more is
/// ended at the next kernel.
/// </summary>
/// <param name="Kernels">Kernel executions, those in subgraphs included; ends loops that do not.</param>
/// <param name="Bytes">Bytes allocated at any one time, weights not counted.</param>
/// <param name="AllBytes">Bytes allocated over the whole run, given back or not: about its time, where kernels are large.</param>
internal sealed record RunLimits(int Kernels, long Bytes, long AllBytes = long.MaxValue)
{
    /// <summary>Bytes of all outputs: they are copied to be compared, while the run still holds them.</summary>
    public long OutputBytes => Bytes / 2;

    /// <summary>
    /// 50,000 kernels (the largest model tried has 2,828 nodes, and a profile holds a million events) and 512 MiB: two runs and what is kept of them to compare stay below 2 GiB.
    /// </summary>
    public static RunLimits Default { get; } = new(50_000, 512L << 20);

    /// <summary>
    /// For models with loops, where 50,000 kernels can take minutes: 2 GiB in all as well. Without loops a run ends by itself, and every node allocates once.
    /// </summary>
    public static RunLimits OfLoops { get; } = Default with { AllBytes = 2L << 30 };

    /// <summary>The same for two runs' worth.</summary>
    public RunLimits Twice => new(checked(2 * Kernels), checked(2 * Bytes), AllBytes > long.MaxValue / 2 ? long.MaxValue : 2 * AllBytes);
}
