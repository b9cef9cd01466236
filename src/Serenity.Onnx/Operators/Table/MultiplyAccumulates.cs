using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Table;

/// <summary>How many multiply-accumulates nodes take, by the dimensions of what they read and write.</summary>
internal static class MultiplyAccumulates
{
    /// <summary>A convolution: its kernel over one output channel, for every output element.</summary>
    /// <param name="weight">Position of the kernel.</param>
    public static Func<NodeProto, Func<string, long[]?>, double?> Convolution(int weight) =>
        (node, dims) => OfInput(node, dims, weight) is { Length: > 1 } w && w[0] > 0 ? Outputs(node, dims) * (Elements(w) / w[0]) : null;

    /// <summary>A transposed convolution: its kernel over one input channel, for every input element.</summary>
    public static double? Transposed(NodeProto node, Func<string, long[]?> dims) =>
        OfInput(node, dims, 1) is { Length: > 1 } w && w[0] > 0 ? Elements(OfInput(node, dims, 0)) * (Elements(w) / w[0]) : null;

    /// <summary>A matrix product: the columns of its left matrix, for every output element. Swapped, they are its rows, which may be stored before the batch axes.</summary>
    public static double? Product(NodeProto node, Func<string, long[]?> dims) =>
        OfInput(node, dims, 0) is { Length: > 0 } a ? Outputs(node, dims) * a[node.Int("transA", 0) == 0 || a.Length == 1 ? ^1 : node.Int("transBatchA", 0) != 0 ? 0 : ^2] : null;

    /// <summary>A recurrent layer: both its weights, for every step of every sequence.</summary>
    public static double? Recurrent(NodeProto node, Func<string, long[]?> dims) =>
        OfInput(node, dims, 0) is { Length: 3 } x && OfInput(node, dims, 1) is { } w && OfInput(node, dims, 2) is { } r ? (double)x[0] * x[1] * (Elements(w) + Elements(r)) : null;

    /// <summary>Elements of all outputs of known dimensions.</summary>
    public static double Outputs(NodeProto node, Func<string, long[]?> dims)
    {
        double sum = 0;
        foreach (string output in node.Output)
            sum += Elements(dims(output));
        return sum;
    }

    /// <summary>Elements of a value of known dimensions; 0 for null.</summary>
    public static double Elements(long[]? dims)
    {
        if (dims is null)
            return 0;
        double product = 1;
        foreach (long dim in dims)
            product *= dim;
        return product;
    }

    private static long[]? OfInput(NodeProto node, Func<string, long[]?> dims, int input) => input < node.Input.Count ? dims(node.Input[input]) : null;
}
