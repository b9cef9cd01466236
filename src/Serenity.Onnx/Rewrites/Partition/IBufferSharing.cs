using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>Which outputs of a node take no buffer of their own on the executor that a model is partitioned for.</summary>
internal interface IBufferSharing
{
    /// <summary>The input that an output always shares its buffer with; -1 for none.</summary>
    int AliasedInput(NodeProto node, int output);

    /// <summary>The inputs that an output may be computed over, where shape and element size agree and nobody reads them any more.</summary>
    IReadOnlyList<int> InPlaceInputs(NodeProto node, int output);
}
