using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>
/// What a matrix product takes of the C library while it runs, which no allocator sees: for each of the products that it is made of, the arguments of one call and where its three matrices begin
/// (ONNX Runtime's <c>MatMul</c> and <c>MatMulComputeHelper</c>). A right-hand matrix of two axes is multiplied once; a vector once for each element of the result, so that a weighted sum
/// written as a stack and a vector takes megabytes.
/// </summary>
internal static class ProductBatches
{
    /// <summary>Arguments of a call, 64 bytes, and three offsets.</summary>
    private const long BatchBytes = 64 + (3 * 8);

    /// <summary>The most that one node of a graph takes, in bytes; 0 where no node has more than one product to compute.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Types of its values.</param>
    public static long Most(GraphProto graph, ShapeTable shapes)
    {
        Dictionary<string, long[]> weights = new(StringComparer.Ordinal);
        foreach (TensorProto weight in graph.Initializer)
            weights[weight.Name] = [.. weight.Dims];
        long most = 0;
        foreach (NodeProto node in graph.Node)
        {
            if (OperatorTable.Of(node) is { Kind: OperatorKind.Product, IsStandard: true } entry && !entry.Has(OperatorTraits.Quantized)
                && DimsOf(node.In(0)) is { } left && DimsOf(node.In(1)) is { } right && shapes.Find(node.Output[0])?.Dims is { } made)
                most = Math.Max(most, (long)MatrixBatches.Of(left, right, made));
        }
        return most > 1 ? checked(most * BatchBytes) : 0;

        long[]? DimsOf(string name) => weights.GetValueOrDefault(name) ?? shapes.Find(name)?.Dims;
    }
}
