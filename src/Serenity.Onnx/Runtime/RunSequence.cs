namespace Serenity.Onnx.Runtime;

/// <summary>What one run asked the allocator for, in order: tensors and kernels' scratch alike.</summary>
/// <param name="Allocations">The allocations in the order in which they were made.</param>
/// <param name="Events">Number of allocations and releases.</param>
internal sealed record RunSequence(IReadOnlyList<RunAllocation> Allocations, int Events);

/// <summary>One allocation of a run.</summary>
/// <param name="Bytes">Bytes that were asked for; above zero.</param>
/// <param name="Taken">Number of the event that it is, from 0.</param>
/// <param name="GivenBack">Number of the event of its release; the number of events if the caller holds it after the run.</param>
/// <param name="Output">Index of the model's output that it is for; -1 for none.</param>
internal sealed record RunAllocation(long Bytes, int Taken, int GivenBack, int Output);
