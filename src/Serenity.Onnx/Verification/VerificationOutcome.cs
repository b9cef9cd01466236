using Serenity.Onnx.Contract;

namespace Serenity.Onnx.Verification;

/// <summary>What verification found; a broken promise is an exception, never an outcome.</summary>
/// <param name="Facts">For the manifest.</param>
/// <param name="WorkspaceBytes">What kernels' scratch adds to the peak; null if not measured.</param>
/// <param name="Block">A block in which a run was seen to take place; null if there is none.</param>
public sealed record VerificationOutcome(VerificationFacts Facts, long? WorkspaceBytes, RunBlock? Block = null);
