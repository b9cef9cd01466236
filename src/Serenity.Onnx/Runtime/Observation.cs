namespace Serenity.Onnx.Runtime;

/// <summary>What a session's first run executed and allocated.</summary>
/// <param name="Kernels">Kernels in the order in which they ended.</param>
/// <param name="Memory">What it allocated; null if that could not be measured in this process.</param>
/// <param name="Sequence">Its allocations in order; null with <paramref name="Memory"/>.</param>
internal sealed record Observation(IReadOnlyList<KernelEvent> Kernels, MeasuredMemory? Memory, RunSequence? Sequence)
{
    /// <summary>Names of the nodes of the main graph in the order in which they were executed.</summary>
    public IReadOnlyList<string> ExecutedOrder => [.. Kernels.Where(k => !k.InSubgraph).Select(k => k.Node)];
}
