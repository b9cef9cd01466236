using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>
/// What kernels of attention take for themselves: the scores of all heads, and queries, keys and values put head by head (multihead_attention.cc, attention.cc, attention_cpu_base.h and
/// llm/attention.cc of ONNX Runtime). Where scores are made block by block, as contributed attention does without a mask, how large a block is depends on the processor's cache; that is left out.
/// </summary>
internal static class AttentionScratch
{
    /// <summary>What one product of a batch of them is described in (MLAS_SGEMM_DATA_PARAMS), as floats.</summary>
    private const long ProductParameters = 64 / sizeof(float);

    /// <summary>Bytes of one run; 0 for what is not known.</summary>
    /// <param name="node">A node of attention.</param>
    /// <param name="typeOf">Type of a value, weights included; null where it is not known.</param>
    public static long Of(NodeProto node, Func<string, TensorType?> typeOf) => typeOf(node.In(0)) is not { ElementType: DataType.Float }
        || AttentionShape.TryRead(node, name => typeOf(name)?.Dims) is not { } shape ? 0 : checked(sizeof(float) * Elements(node, shape, typeOf));

    private static long Elements(NodeProto node, AttentionShape shape, Func<string, TensorType?> typeOf)
    {
        TensorType? mask = typeOf(node.In(shape.IsContributed && !shape.IsProjected ? 4 : 3));
        bool causal = node.Int(shape.IsContributed ? "unidirectional" : "is_causal", 0) != 0;
        if (!shape.IsContributed)
        {
            // A mask of truth values is made one of numbers; so is one that hides what comes later.
            long copied = mask is null ? causal ? shape.Queries * shape.Keys : 0 : causal || mask.ElementType == DataType.Bool ? mask.Dims.Aggregate(1L, (a, b) => a * b) : 0;
            return shape.Scores + copied;
        }
        long heads = shape.Batch * shape.Heads, queries = heads * shape.Queries, keys = heads * shape.Keys;
        // What is given head by head need not be put so.
        bool byHead = !shape.IsProjected && typeOf(node.In(1)) is { Dims.Length: 4 };
        long moved = (queries * shape.Size) + (byHead ? 0 : keys * (shape.Size + shape.ValueSize));
        causal &= shape.Queries > 1;
        if (!shape.IsProjected && mask is null && !causal && node.In(5).Length == 0)
            return moved;
        // A mask that is the same for all queries stays so.
        long masked = causal || mask is { Dims.Length: > 2 } ? shape.Batch * shape.Queries * shape.Keys : mask is null ? 0 : shape.Batch * shape.Keys;
        return moved + masked + shape.Scores + (queries * shape.ValueSize) + (heads * ProductParameters);
    }
}
