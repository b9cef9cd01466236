using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>What ONNX Runtime's kernels share and take, for partitioning.</summary>
/// <param name="kernels">Whose kernels may run the model.</param>
internal sealed class OnnxRuntimeSharing(IReadOnlyList<MlasKernels> kernels) : IBufferSharing
{
    /// <inheritdoc/>
    public int AliasedInput(NodeProto node, int output) => KernelRules.Find(node).AliasedInput(output);

    /// <inheritdoc/>
    public IReadOnlyList<int> InPlaceInputs(NodeProto node, int output) =>
        [.. KernelRules.Find(node).InPlace.Where(share => share.Output == output).Select(share => share.Input)];

    /// <inheritdoc/>
    /// <remarks><see cref="Graph.SharedDequantize"/>.</remarks>
    public bool IsMadeForEachReader(NodeProto node) => node.Kind() == OperatorKind.Dequantization;

    /// <inheritdoc/>
    public long Scratch(NodeProto node, Func<string, TensorType?> typeOf) => KernelWorkspace.Of(node, typeOf, kernels);
}
