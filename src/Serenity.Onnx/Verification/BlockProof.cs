using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification.Comparison;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Proves that a run takes place in a block: it runs in exactly that block, between guards, with every byte that is not in use under a pattern, and must make
/// the planned allocations and give the same outputs bit for bit.
/// </summary>
internal static class BlockProof
{
    /// <summary>The run made other allocations than the one that was planned for; no fault of the plan.</summary>
    internal sealed class OtherSequenceException(string message) : Exception(message);

    /// <summary>Runs the model in the block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="session">The model, measured.</param>
    /// <param name="inputs">Inputs of the run that was planned for.</param>
    /// <param name="expected">Its outputs; null if they cannot be compared.</param>
    /// <param name="file">The source file as the user named it.</param>
    /// <param name="cancellation">Ends the run at the next kernel.</param>
    /// <exception cref="OtherSequenceException">The run made other allocations.</exception>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.MemoryDiffers"/>: the plan is wrong.</exception>
    public static void Prove(
        RunBlock block, ModelSession session, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, IReadOnlyList<KeyValuePair<string, RuntimeValue>>? expected,
        string? file, CancellationToken cancellation)
    {
        using GuardedBlock guarded = new(block);
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> actual = session.RunIn(guarded, inputs, cancellation);
        if (guarded.Fault is { } fault)
            throw guarded.Corrupted ? Wrong(file, fault) : new OtherSequenceException(fault);
        for (int i = 0; expected is not null && i < expected.Count; i++)
        {
            if (OutputComparison.Compare(expected[i].Value, actual[i].Value, exact: true).Difference is { } difference)
                throw Wrong(file, $"Output '{expected[i].Key}' {difference} when the run takes place in the block.");
        }
    }

    private static SerenityException Wrong(string? file, string what) => new(SerenityCodes.MemoryDiffers, file,
        $"The block that was planned for a run does not hold it with ONNX Runtime {NativeRuntime.Version}: {what}"
        + " The plan must not be trusted. This is a fault of Serenity.Build, or a change in ONNX Runtime: please report it with the model.");
}
