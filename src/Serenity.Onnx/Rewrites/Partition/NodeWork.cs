using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>The work of one run of a node, in multiply-accumulates of a matrix product: a fixed part for each call, and one in proportion to what it makes.</summary>
/// <param name="Call">What each call costs.</param>
/// <param name="Whole">What the whole node costs beside the call; a piece costs its share of it.</param>
internal readonly record struct NodeWork(double Call, double Whole)
{
    /// <summary>
    /// Calling a node once more, in multiply-accumulates. More than <see cref="RewriteWork.PerNode"/>: a piece's kernel also begins with cold columns and ends with a
    /// ragged edge. By measurement 1 to 2.5 microseconds, and 3.5 for quantized kernels, whose products are counted for more than they take.
    /// </summary>
    private const double PerCall = 56_000, PerQuantizedCall = 300_000;

    /// <summary>An element that is copied from a strided view, in multiply-accumulates.</summary>
    private const double PerCopiedElement = 12;

    /// <summary>The work of a Slice or Concat that copies some elements.</summary>
    public static double Copy(double elements) => PerCall + PerCopiedElement * elements;

    /// <summary>The work of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dims">Dimensions of a value; null where they are not known.</param>
    /// <param name="isConstant">True for a constant.</param>
    public static NodeWork Of(NodeProto node, Func<string, long[]?> dims, Func<string, bool> isConstant)
    {
        double work = RewriteWork.OfNode(node, dims, isConstant);
        return new NodeWork(node.Has(OperatorTraits.Quantized) ? PerQuantizedCall : PerCall, Math.Max(0, work - RewriteWork.PerNode));
    }
}
