using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>What ONNX Runtime's kernels share, for partitioning.</summary>
internal sealed class OnnxRuntimeSharing : IBufferSharing
{
    /// <inheritdoc/>
    public int AliasedInput(NodeProto node, int output) => KernelRules.Find(node).AliasedInput(output);

    /// <inheritdoc/>
    public IReadOnlyList<int> InPlaceInputs(NodeProto node, int output) =>
        [.. KernelRules.Find(node).InPlace.Where(share => share.Output == output).Select(share => share.Input)];
}
