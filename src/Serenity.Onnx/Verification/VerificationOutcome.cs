using Serenity.Onnx.Contract;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Verification;

/// <summary>What verification found; a broken promise is an exception, never an outcome.</summary>
/// <param name="Facts">For the manifest.</param>
/// <param name="Memory">What a run of the optimized model took; null if not measured.</param>
/// <param name="Block">A block in which a run was seen to take place; null if there is none.</param>
internal sealed record VerificationOutcome(VerificationFacts Facts, MeasuredMemory? Memory, RunBlock? Block = null);
