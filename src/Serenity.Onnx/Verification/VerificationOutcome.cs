using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Verification;

/// <summary>What verification found; a broken promise is an exception, never an outcome.</summary>
/// <param name="Facts">For the manifest.</param>
/// <param name="WorkspaceBytes">What kernels' scratch adds to the peak; null if not measured.</param>
public sealed record VerificationOutcome(VerificationFacts Facts, long? WorkspaceBytes);
