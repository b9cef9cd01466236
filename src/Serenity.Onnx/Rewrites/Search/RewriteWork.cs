using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>
/// How long one run of a candidate takes, counted and not timed, so that the same model gives the same rewrites on every machine. The
/// unit is one multiply-accumulate of a matrix product.
/// </summary>
/// <remarks>
/// A node costs its multiply-accumulates, the elements it reads and writes, the columns a convolution is lowered to, and a fixed part.
/// ONNX Runtime's CPU convolution copies the input to a matrix of kernel size x input channels rows and one column per output position
/// (im2col), then multiplies; a 1x1 convolution without stride or padding multiplies its input as it is. A convolution made in k slices
/// of output channels copies the whole of it k times, which for a stem with few channels is most of the work. Weights are shared out
/// between slices and parts, so they count nothing.
/// </remarks>
internal static class RewriteWork
{
    /// <summary>An element read or written, in multiply-accumulates: a vector unit does several while one element comes from memory.</summary>
    internal const double PerElement = 4;

    /// <summary>An element of a column matrix: gathered with a check for padding, written, and packed for the product.</summary>
    private const double PerColumnElement = 16;

    /// <summary>Starting a node: about a microsecond.</summary>
    internal const double PerNode = 10_000;

    /// <summary>The work of one run.</summary>
    public static double Of(RewriteCandidate candidate)
    {
        Dictionary<string, long[]> weights = new(StringComparer.Ordinal);
        foreach (TensorProto initializer in candidate.Model.Graph.Initializer)
            weights[initializer.Name] = [.. initializer.Dims];
        long[]? Dims(string name) => weights.GetValueOrDefault(name) ?? candidate.Shapes.Find(name)?.Dims;

        double work = 0;
        foreach (NodeProto node in candidate.Model.Graph.Node)
        {
            if (!ConstantNode.Is(node))
                work += OfNode(node, Dims, weights.ContainsKey);
        }
        return work;
    }

    /// <summary>The work of one node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dims">Dimensions of a value, weights included; null where they are not known.</param>
    /// <param name="isWeight">True for a weight, which counts nothing.</param>
    internal static double OfNode(NodeProto node, Func<string, long[]?> dims, Func<string, bool> isWeight)
    {
        Operator entry = OperatorTable.Of(node);
        // A view reads and writes nothing: its result is the input's buffer.
        if (entry.Kind == OperatorKind.View)
            return PerNode;
        double moved = node.Output.Sum(name => WorkEstimate.Elements(dims(name)));
        // A slice reads what it writes, whatever it is cut from.
        if (entry.Has(OperatorTraits.ReadsWhatItGives))
            return PerNode + 2 * PerElement * moved;
        foreach (string input in node.Input)
        {
            if (!isWeight(input))
                moved += WorkEstimate.Elements(dims(input));
        }
        return PerNode + PerElement * moved + PerColumnElement * Columns(node, entry, dims) + WorkEstimate.OfNode(node, dims);
    }

    /// <summary>Elements of the column matrix of a convolution: input channels x kernel size x output positions; 0 for other nodes and where none is made.</summary>
    private static double Columns(NodeProto node, Operator entry, Func<string, long[]?> dims)
    {
        int kernel = entry.Roles.PositionOf(InputRole.Weight);
        if (entry.Kind != OperatorKind.Convolution || entry.Has(OperatorTraits.OtherLayout) || dims(node.In(kernel)) is not { Length: > 2 } w || dims(node.Input[0]) is not { Length: > 2 } x || dims(node.Output[0]) is not { Length: > 2 } y)
            return 0;
        bool pointwise = w.Skip(2).All(k => k == 1) && x.AsSpan(2).SequenceEqual(y.AsSpan(2));
        if (pointwise || y[1] == 0)
            return 0;
        double positions = WorkEstimate.Elements(y) / y[1];
        return positions * x[1] * WorkEstimate.Elements(w[2..]);
    }
}
