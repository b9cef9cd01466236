using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>
/// How much work one run of a graph is, in multiply-accumulates; an operator without them counts its output elements. Decides what a
/// build can afford to run, by counting and not by the clock. Subgraphs count once.
/// </summary>
internal static class WorkEstimate
{
    /// <summary>Multiply-accumulates of a graph; at most <see cref="long.MaxValue"/>.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Shapes of its values; nodes with an unknown one count nothing.</param>
    public static long Of(GraphProto graph, ShapeTable shapes)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(shapes);
        double sum = 0;
        foreach (NodeProto node in graph.Node)
            sum += OfNode(node, name => shapes.Find(name)?.Dims);
        return sum >= long.MaxValue ? long.MaxValue : (long)sum;
    }

    /// <summary>Multiply-accumulates of one node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dimsOf">Dimensions of a value, constants included; null where they are not known.</param>
    internal static double OfNode(NodeProto node, Func<string, long[]?> dimsOf)
    {
        double outputs = node.Output.Sum(name => Elements(dimsOf(name)));
        long[]? Dims(int input) => input < node.Input.Count ? dimsOf(node.Input[input]) : null;
        switch (node.OpType)
        {
            case "Conv" or "FusedConv" or "ConvInteger" when Dims(1) is { Length: > 1 } w && w[0] > 0:
                return outputs * (Product(w) / w[0]);
            case "QLinearConv" when Dims(3) is { Length: > 1 } w && w[0] > 0:
                return outputs * (Product(w) / w[0]);
            case "ConvTranspose" when Dims(1) is { Length: > 1 } w && w[0] > 0:
                return Elements(Dims(0)) * (Product(w) / w[0]);
            case "MatMul" or "FusedMatMul" or "Gemm" or "FusedGemm" or "MatMulInteger" or "QLinearMatMul" when Dims(0) is { Length: > 0 } a:
                bool transposed = node.Attribute.Any(t => t.Name == "transA" && t.I != 0) && a.Length > 1;
                return outputs * a[transposed ? ^2 : ^1];
            case "LSTM" or "GRU" or "RNN" when Dims(0) is { Length: 3 } x && Dims(1) is { } w && Dims(2) is { } r:
                return (double)x[0] * x[1] * (Product(w) + Product(r));
            default:
                return outputs;
        }
    }

    /// <summary>Elements of a value of known dimensions; 0 for null.</summary>
    internal static double Elements(long[]? dims) => dims is null ? 0 : Product(dims);

    private static double Product(long[] dims)
    {
        double product = 1;
        foreach (long dim in dims)
            product *= dim;
        return product;
    }
}
