namespace Serenity.Onnx.Contract;

/// <summary>What kernels take for themselves on an architecture, beside the tensors: seen in a run, or by rule where that is another than the build machine's.</summary>
/// <param name="Architecture">Processor architecture, such as "x64".</param>
/// <param name="RuntimeVersion">Version of ONNX Runtime that ran.</param>
/// <param name="ScratchBytes">For each node of <see cref="OptimizationFacts.Schedule"/> the most bytes at any one time while it runs that are no tensor's.</param>
public sealed record KernelFacts(string Architecture, string RuntimeVersion, IReadOnlyList<long> ScratchBytes);
