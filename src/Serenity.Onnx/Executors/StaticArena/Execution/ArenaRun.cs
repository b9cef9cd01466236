namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>How a run in the arena ended.</summary>
/// <param name="Fault">What went wrong first, in words; null if every value was right.</param>
/// <param name="Steps">Steps that were run.</param>
/// <param name="Values">Values that were compared bit for bit, repeats included.</param>
/// <param name="NodeByNode">Values that were held against the node run on its own instead of the whole model. ONNX Runtime computes
/// half-precision operators without a kernel of their own in single precision, and leaves out the rounding between two of them; an arena
/// holds half precision, so those values and what follows from them cannot agree with the whole model's.</param>
internal sealed record ArenaRun(string? Fault, int Steps, long Values, int NodeByNode = 0)
{
    /// <summary>True if every value was where the plan says, bit for bit, when it was written and until its last use.</summary>
    public bool Passed => Fault is null;
}
