namespace Serenity.Onnx.Runtime;

/// <summary>What a run was seen to hold while one kernel ran, in bytes.</summary>
/// <param name="Node">Name of its node.</param>
/// <param name="InSubgraph">True if it ran in the body of a Loop, Scan or If.</param>
/// <param name="PeakBytes">Most at any one time, scratch included.</param>
/// <param name="ActivationBytes">Most of activations alone.</param>
internal sealed record KernelMemory(string Node, bool InSubgraph, long PeakBytes, long ActivationBytes);
