namespace Serenity.Onnx.Contract;

/// <summary>What kernels take for themselves on one architecture that the app is built for.</summary>
/// <param name="Architecture">The architecture, such as "arm64".</param>
/// <param name="WorkspaceBytes">What kernels' scratch adds to the peak; null if not known.</param>
/// <param name="Basis">Measured there, by rule for kernels that take other amounts there than where they were measured, or unknown.</param>
public sealed record TargetFacts(string Architecture, long? WorkspaceBytes, FigureBasis Basis);
