using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>The sizes of a node of attention.</summary>
/// <param name="Batch">Images or sequences.</param>
/// <param name="Heads">Heads of queries.</param>
/// <param name="Queries">Query tokens.</param>
/// <param name="Keys">Tokens that they look at.</param>
/// <param name="Size">Elements of a query and of a key, per head.</param>
/// <param name="ValueSize">Elements of a value, per head.</param>
/// <param name="IsContributed">True for ONNX Runtime's own operators.</param>
/// <param name="Width">Of the tokens that are projected first; 0 where queries, keys and values are given.</param>
internal readonly record struct AttentionShape(long Batch, long Heads, long Queries, long Keys, long Size, long ValueSize, bool IsContributed, long Width)
{
    /// <summary>True if queries, keys and values are projected by the node itself.</summary>
    public bool IsProjected => Width > 0;

    /// <summary>Scores of all heads.</summary>
    public long Scores => Batch * Heads * Queries * Keys;

    /// <summary>Multiply-accumulates of both products, and of the projection.</summary>
    public double Products => ((double)Scores * (Size + ValueSize)) + ((double)Batch * Queries * Width * Heads * (Size + Size + ValueSize));

    /// <summary>Reads the sizes of attention without caches; null for any other.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dims">Dimensions of a value, weights included; null where they are not known.</param>
    public static AttentionShape? TryRead(NodeProto node, Func<string, long[]?> dims)
    {
        Operator entry = OperatorTable.Of(node);
        if (entry.Kind != OperatorKind.Attention || node.Output.Count == 0 || node.Input.Count < 2 || node.In(1).Length == 0 || dims(node.In(0)) is not { } query || dims(node.In(1)) is not { } key
            || dims(node.Output[0]) is not { } made || query.Length != made.Length)
        {
            return null;
        }
        long heads = node.Int(entry.IsStandard ? "q_num_heads" : "num_heads", 0);
        switch (query.Length)
        {
            case 4 when entry.IsStandard && key.Length == 4 && node.In(4).Length == 0:
                return new AttentionShape(query[0], query[1], query[2], key[2], query[3], made[3], false, 0);
            case 3 when heads > 0 && entry.IsStandard && key.Length == 3 && node.In(4).Length == 0:
                return new AttentionShape(query[0], heads, query[1], key[1], query[2] / heads, made[2] / heads, false, 0);
            case 3 when heads > 0 && !entry.IsStandard && key.Length == 2 && node.In(4).Length == 0:
                long size = (node.Ints("qkv_hidden_sizes") is [var width, ..] ? width : made[2]) / heads;
                return new AttentionShape(query[0], heads, query[1], query[1], size, made[2] / heads, true, query[2]);
            case 3 when heads > 0 && !entry.IsStandard && key.Length is 3 or 4 && node.Input.Skip(6).All(i => i.Length == 0):
                return new AttentionShape(query[0], heads, query[1], key.Length == 4 ? key[2] : key[1], query[2] / heads, made[2] / heads, true, 0);
            default:
                return null;
        }
    }
}
