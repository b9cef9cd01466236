namespace Serenity.Onnx.Contract;

/// <summary>What kernels take for themselves on one architecture that the app is built for.</summary>
/// <param name="Architecture">The architecture, such as "arm64".</param>
/// <param name="WorkspaceBytes">What kernels' scratch adds to the peak; null if not known.</param>
/// <param name="Basis">"measured", "byRule" for kernels that take other amounts there than where they were measured, or "unknown".</param>
public sealed record TargetFacts(string Architecture, long? WorkspaceBytes, string Basis)
{
    /// <summary>The basis of a figure that a run on that architecture gave.</summary>
    public const string Measured = "measured";

    /// <summary>The basis of a figure in which kernels are counted by rule.</summary>
    public const string ByRule = "byRule";

    /// <summary>The basis of no figure.</summary>
    public const string Unknown = "unknown";
}
