namespace Serenity.Onnx.Runtime;

/// <summary>What one run of a model gave.</summary>
/// <param name="Outputs">Outputs by name, in the model's order.</param>
/// <param name="Kernels">Kernels in the order in which they ended; empty if the run was not observed.</param>
/// <param name="Memory">What it allocated; null if the run was not observed, or could not be.</param>
public sealed record ModelRun(
    IReadOnlyList<KeyValuePair<string, RuntimeValue>> Outputs, IReadOnlyList<KernelEvent> Kernels, MeasuredMemory? Memory)
{
    /// <summary>Names of the nodes of the main graph in the order in which they were executed.</summary>
    public IReadOnlyList<string> ExecutedOrder => [.. Kernels.Where(k => !k.InSubgraph).Select(k => k.Node)];
}
