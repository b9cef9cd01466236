using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>What nodes take on the executor that a model is partitioned for: which outputs have no buffer of their own, and what kernels need beside them.</summary>
internal interface IBufferSharing
{
    /// <summary>The input that an output always shares its buffer with; -1 for none.</summary>
    int AliasedInput(NodeProto node, int output);

    /// <summary>The inputs that an output may be computed over, where shape and element size agree and nobody reads them any more.</summary>
    IReadOnlyList<int> InPlaceInputs(NodeProto node, int output);

    /// <summary>True for a node of which the executor makes one for each reader as it loads a model. Pieces do not share what it gives: it is in the region too, or each has its own.</summary>
    bool IsMadeForEachReader(NodeProto node);

    /// <summary>Bytes that a node's kernel takes for itself while it runs; 0 where no rule is known.</summary>
    /// <param name="node">The node.</param>
    /// <param name="typeOf">Type of a value, weights included; null where it is not known.</param>
    long Scratch(NodeProto node, Func<string, TensorType?> typeOf);
}
