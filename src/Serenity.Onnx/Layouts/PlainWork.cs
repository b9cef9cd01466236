using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Layouts;

/// <summary>
/// How long a node takes on plain images, counted in multiply-accumulates of a matrix product, so that it can be held against one on images in blocks, which is counted too.
/// </summary>
internal static class PlainWork
{
    /// <summary>An element read or written, in multiply-accumulates: a vector unit does several while one element comes from memory.</summary>
    internal const double PerElement = 4;

    /// <summary>An element of a column matrix: gathered with a check for padding, written, and packed for the product.</summary>
    private const double PerColumnElement = 16;

    /// <summary>Starting a node: about a microsecond.</summary>
    internal const double PerNode = 10_000;

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
        if (entry.Kind != OperatorKind.Convolution || entry.Has(OperatorTraits.OtherLayout))
            return 0;
        if (dims(node.In(kernel)) is not { Length: > 2 } w || dims(node.Input[0]) is not { Length: > 2 } x || dims(node.Output[0]) is not { Length: > 2 } y)
            return 0;
        bool pointwise = w.Skip(2).All(k => k == 1) && x.AsSpan(2).SequenceEqual(y.AsSpan(2));
        if (pointwise || y[1] == 0)
            return 0;
        double positions = WorkEstimate.Elements(y) / y[1];
        return positions * x[1] * WorkEstimate.Elements(w[2..]);
    }
}
