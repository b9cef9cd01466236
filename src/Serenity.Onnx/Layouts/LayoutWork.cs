using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Layouts;

/// <summary>
/// How long nodes take in either layout: predicted from shapes and not timed (<see cref="KernelTime"/>), in nanoseconds, so that every machine chooses the same.
/// </summary>
/// <param name="graph">The model.</param>
/// <param name="block">Channels in a block.</param>
/// <param name="folded">Nodes that become part of a convolution where both are in blocks.</param>
internal sealed class LayoutWork(ImageGraph graph, int block, IReadOnlySet<NodeProto> folded)
{
    /// <summary>Time of a node on plain images.</summary>
    public double Plain(NodeProto node) => KernelTime.OfNode(node, graph.TypeOf, graph.IsConstant);

    /// <summary>Time of a node on images in blocks: no columns are made, and what fills the last block is computed too.</summary>
    /// <param name="node">The node.</param>
    /// <param name="form">What it becomes.</param>
    /// <param name="readsPlain">True if it is a convolution that reads a plain image.</param>
    public double Blocked(NodeProto node, BlockedForm form, bool readsPlain)
    {
        TimeSum sum = new();
        KernelShapes kernel = new(node, value => readsPlain && value == node.Input[0] ? graph.TypeOf(value) : InBlocks(value), graph.IsConstant);
        if (folded.Contains(node))
        {
            sum.Add(TimeTerm.BlockedPass, kernel.Made);
            return sum.Nanoseconds;
        }
        switch (form.Kind)
        {
            case BlockedKind.Conv or BlockedKind.Depthwise:
                BlockedTime.AddConvolution(sum, kernel, block);
                break;
            case BlockedKind.Normalization:
                BlockedTime.AddDepthwise(sum, kernel.Input(0)!, kernel.Output(0)!, 1, block);
                break;
            case BlockedKind.Pool:
                BlockedTime.AddPool(sum, kernel, block);
                break;
            case BlockedKind.Upsample:
                BlockedTime.AddUpsample(sum, kernel.Made);
                break;
            default:
                KernelTime.Add(sum, node, InBlocks, graph.IsConstant);
                sum.Add(TimeTerm.View, form.Kind == BlockedKind.Rows ? form.Images.Length + node.Output.Count : 0);
                break;
        }
        return sum.Nanoseconds;
    }

    /// <summary>What it takes a convolution more to read an image in blocks than a plain one; less than 0 where that is faster.</summary>
    public double MoreFromBlocks(NodeProto node, BlockedForm form) => Blocked(node, form, readsPlain: false) - Blocked(node, form, readsPlain: true);

    /// <summary>Time of putting an image into blocks or taking it out of them.</summary>
    public double Reorder(string image)
    {
        TimeSum sum = new();
        BlockedTime.AddReorder(sum, Elements(image));
        return sum.Nanoseconds;
    }

    /// <summary>Elements that fill the last blocks of an image.</summary>
    public double Filling(string image) => Elements(image) - WorkEstimate.Elements(graph.Image(image));

    private TensorType? InBlocks(string value) => graph.TypeOf(value) is { } type && !graph.IsConstant(value) && graph.Image(value) is { } dims
        ? type with { Dims = ChannelBlock.Dims(dims, block) } : graph.TypeOf(value);

    private double Elements(string image) => WorkEstimate.Elements(ChannelBlock.Dims(graph.Image(image)!, block));
}
