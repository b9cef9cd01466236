namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>One buffer that ONNX Runtime allocates.</summary>
/// <param name="Owner">The value it was allocated for.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="FirstStep">Step at which it is allocated.</param>
/// <param name="LastStep">Last step during which it is held, inclusive; gaps between two uses included.</param>
internal sealed record PlannedBuffer(int Owner, long Bytes, int FirstStep, int LastStep);

/// <summary>What ONNX Runtime allocates when it executes a graph in one order.</summary>
/// <param name="Order">The nodes in executed order.</param>
/// <param name="Profile">Bytes held during each step.</param>
/// <param name="Buffers">Every buffer, in order of allocation.</param>
/// <param name="BufferOf">For each value the index of its buffer; -1 for graph inputs, weights, and what shares theirs.</param>
/// <param name="BytesFromTheStart">Bytes of graph outputs that no node writes, held through the run; not in <paramref name="Buffers"/>.</param>
/// <param name="Inner">Bytes that each step's node allocates and frees within itself, in the body of an If, Loop or Scan, where it takes
/// the most expensive branch or number of rounds; part of <paramref name="Profile"/>.</param>
/// <param name="LeastProfile">The profile where each node takes the cheapest.</param>
internal sealed record AllocationPlan(
    int[] Order, long[] Profile, PlannedBuffer[] Buffers, int[] BufferOf, long BytesFromTheStart, long[] Inner, long[] LeastProfile)
{
    /// <summary>The peak where each control-flow node takes the cheapest branch or number of rounds: what a run allocates at least.</summary>
    public long LeastPeak => LeastProfile.Length == 0 ? BytesFromTheStart : LeastProfile.Max();

    /// <summary>The largest figure of the profile; for a graph without nodes, what is held from the start.</summary>
    public long Peak => Profile.Length == 0 ? BytesFromTheStart : Profile.Max();
}
