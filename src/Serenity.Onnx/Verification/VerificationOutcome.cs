using Serenity.Onnx.Contract;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Verification;

/// <summary>What verification found; a broken promise is an exception, never an outcome.</summary>
/// <param name="Facts">For the manifest.</param>
/// <param name="Memory">What a run of the optimized model took; null if not measured.</param>
/// <param name="Block">A block in which a run was seen to take place; null if there is none.</param>
internal sealed record VerificationOutcome(VerificationFacts Facts, MeasuredMemory? Memory, RunBlock? Block = null)
{
    /// <summary>What runs took in sessions without options; null if not measured.</summary>
    public PlainSessions? Plain { get; init; }

    /// <summary>What ONNX Runtime said of the source with its fusions, where it does not run so and does without them; else null.</summary>
    public string? RefusedFused { get; init; }

    /// <summary>Where sizes depend on data, the inputs of the first run, on which they come near their bounds; else null.</summary>
    public IReadOnlyList<KeyValuePair<string, RuntimeValue>>? NearBound { get; init; }
}

/// <summary>Most bytes of a run in a session without options, but for the number of threads and the layout of the processor: ONNX Runtime's own changes of the graph, and memory patterns.</summary>
/// <param name="OptimizedBytes">Of the written model.</param>
/// <param name="SourceBytes">Of the source.</param>
/// <param name="OtherNode">Where the written file is of a format that keeps its graph: the first node that such a session executes otherwise than planned; null if it executes the plan, or was not asked.</param>
internal sealed record PlainSessions(long OptimizedBytes, long SourceBytes, string? OtherNode = null);
