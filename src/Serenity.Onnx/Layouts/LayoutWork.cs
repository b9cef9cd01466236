using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Layouts;

/// <summary>
/// How long nodes take in either layout: predicted from shapes and not timed (<see cref="KernelTime"/>), in nanoseconds, so that every machine chooses the same.
/// </summary>
/// <remarks>
/// Prices of kernels in blocks are fitted to profiles of default sessions of the test data's models (AVX-512, one thread), on the scale of <see cref="TermPrices"/>.
/// A kernel that computes in blocks takes a block for a block, filled or not.
/// </remarks>
/// <param name="graph">The model.</param>
/// <param name="block">Channels in a block.</param>
/// <param name="folded">Nodes that become part of a convolution where both are in blocks.</param>
internal sealed class LayoutWork(ImageGraph graph, int block, IReadOnlySet<NodeProto> folded)
{
    // Once for each kernel.
    private const double Convolution = 1900, Pool = 1500, ReorderOnce = 1200, Moved = 1300;

    /// <summary>A multiply-accumulate of a convolution, and of one of single channels.</summary>
    private const double Product = 0.0175, DepthwiseProduct = 0.022;

    /// <summary>An element that a convolution makes, or one of single channels reads: what the caches and the sum take.</summary>
    private const double Output = 0.04, DepthwiseInput = 0.024;

    /// <summary>A channel of a plain image for each element made of it: the kernel takes those one by one.</summary>
    private const double PlainChannel = 0.035;

    /// <summary>A place that a pool's windows look at, and one of a pool over everything.</summary>
    private const double PoolPlace = 0.024, GlobalPlace = 0.055;

    /// <summary>An element enlarged; one put into blocks or taken out, what fills the last block too.</summary>
    private const double Enlarged = 0.12, Reordered = 0.11;

    /// <summary>Time of a node on plain images.</summary>
    public double Plain(NodeProto node) => KernelTime.OfNode(node, graph.TypeOf, graph.IsConstant);

    /// <summary>Time of a node on images in blocks: no columns are made, and what fills the last block is computed too.</summary>
    /// <param name="node">The node.</param>
    /// <param name="form">What it becomes.</param>
    /// <param name="readsPlain">True if it is a convolution that reads a plain image.</param>
    public double Blocked(NodeProto node, BlockedForm form, bool readsPlain)
    {
        if (folded.Contains(node))
            return Output * node.Output.Sum(Elements);
        double made = node.Output.Sum(Elements);
        switch (form.Kind)
        {
            case BlockedKind.Conv:
                long[] w = graph.DimsOf(node.Input[1])!;
                double window = WorkEstimate.Elements(w[2..]);
                double channels = readsPlain || node.Int("group", 1) > 1 ? w[1] : ChannelBlock.Padded(w[1], block);
                return Convolution + made * ((channels * window * Product) + Output + (readsPlain ? channels * PlainChannel : 0));
            case BlockedKind.Depthwise:
                return Convolution + (made * ((WorkEstimate.Elements(graph.DimsOf(node.Input[1])![2..]) * DepthwiseProduct) + Output)) + (DepthwiseInput * Elements(node.Input[0]));
            case BlockedKind.Normalization:
                return Convolution + (made * (DepthwiseProduct + Output)) + (DepthwiseInput * Elements(node.Input[0]));
            case BlockedKind.Pool when OperatorTable.Of(node).Kind == OperatorKind.GlobalPool:
                return Pool + (GlobalPlace * Elements(node.Input[0]));
            case BlockedKind.Pool:
                return Pool + (made * ((WorkEstimate.Elements(node.Ints("kernel_shape") ?? []) * PoolPlace) + Output));
            case BlockedKind.Upsample:
                return Moved + (made * Enlarged);
            case BlockedKind.Rows:
                return KernelTime.OfNode(node, InBlocks, graph.IsConstant) + ((form.Images.Length + node.Output.Count) * TermPrices.Of(TimeTerm.View));
            default:
                return KernelTime.OfNode(node, InBlocks, graph.IsConstant);
        }
    }

    /// <summary>What it takes a convolution more to read an image in blocks than a plain one; less than 0 where that is faster.</summary>
    public double MoreFromBlocks(NodeProto node, BlockedForm form) => Blocked(node, form, readsPlain: false) - Blocked(node, form, readsPlain: true);

    /// <summary>Time of putting an image into blocks or taking it out of them.</summary>
    public double Reorder(string image) => ReorderOnce + (Reordered * Elements(image));

    /// <summary>Elements that fill the last blocks of an image.</summary>
    public double Filling(string image) => Elements(image) - WorkEstimate.Elements(graph.Image(image));

    private TensorType? InBlocks(string value) => graph.TypeOf(value) is { } type && !graph.IsConstant(value) && graph.Image(value) is { } dims
        ? type with { Dims = ChannelBlock.Dims(dims, block) } : graph.TypeOf(value);

    private double Elements(string image) => WorkEstimate.Elements(ChannelBlock.Dims(graph.Image(image)!, block));
}
