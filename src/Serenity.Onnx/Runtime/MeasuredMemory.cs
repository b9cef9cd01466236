namespace Serenity.Onnx.Runtime;

/// <summary>What a run was seen to allocate, in bytes. Graph inputs and weights are the caller's and the session's, and not in it.</summary>
/// <param name="PeakBytes">Most bytes allocated at any one time, kernels' scratch included.</param>
/// <param name="ActivationBytes">Most bytes at any one time of node outputs, and of what If, Loop and Scan hold while they run; null if they could not be told from scratch.</param>
/// <param name="Kernels">Each kernel, in the order in which they ended; empty where <paramref name="ActivationBytes"/> is null.</param>
internal sealed record MeasuredMemory(long PeakBytes, long? ActivationBytes, IReadOnlyList<KernelMemory> Kernels)
{
    /// <summary>What the session had allocated once it was loaded: weights that kernels laid out anew for themselves. Weights as the file has them are not in it.</summary>
    public long SessionBytes { get; init; }

    /// <summary>What kernels' scratch adds to the peak: the budget is held against the sum of the two. Null if not known.</summary>
    public long? WorkspaceBytes => ActivationBytes is { } activations ? PeakBytes - activations : null;
}
