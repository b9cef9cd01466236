using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Layouts;

/// <summary>
/// How long nodes take in either layout, counted and not timed, in multiply-accumulates of a matrix product (<see cref="PlainWork"/>), so that every machine
/// chooses the same.
/// </summary>
/// <param name="graph">The model.</param>
/// <param name="block">Channels in a block.</param>
internal sealed class LayoutWork(ImageGraph graph, int block)
{
    /// <summary>A place of a window that a pool looks at, image by image; in blocks a vector register does a block of channels at once.</summary>
    private const double PerPlainPlace = 4;

    /// <summary>Work of a node on plain images.</summary>
    public double Plain(NodeProto node) => PlainWork.OfNode(node, graph.DimsOf, graph.IsConstant) + PerPlainPlace * Places(node, graph.DimsOf);

    /// <summary>Work of a node on images in blocks: no columns are made, and what fills the last block is computed too.</summary>
    /// <param name="node">The node.</param>
    /// <param name="form">What it becomes.</param>
    public double Blocked(NodeProto node, BlockedForm form)
    {
        double moved = 0;
        foreach (int image in form.Images)
            moved += Elements(node.Input[image], image == 0 && form.ReadsPlain && !MayBeBlocked(node.Input[0]));
        double outputs = node.Output.Sum(o => Elements(o, false));
        double computed = form.Kind switch
        {
            BlockedKind.Conv => outputs * WeightsOfOutput(node, form),
            BlockedKind.Depthwise => outputs * WorkEstimate.Elements(graph.DimsOf(node.Input[1])![2..]),
            BlockedKind.Pool => Places(node, graph.DimsOf) / 4 + outputs,
            _ => outputs,
        };
        return PlainWork.PerNode + PlainWork.PerElement * (moved + outputs) + computed;
    }

    /// <summary>Work of putting an image into blocks or taking it out of them.</summary>
    public double Reorder(string image) => PlainWork.PerNode + 2 * PlainWork.PerElement * Elements(image, false);

    /// <summary>Elements that fill the last blocks of a node's results.</summary>
    public double Filling(NodeProto node) => node.Output.Sum(o => Elements(o, false) - Elements(o, true));

    /// <summary>True if whoever makes an image can make it in blocks.</summary>
    public Func<string, bool> MayBeBlocked { get; init; } = _ => true;

    private double WeightsOfOutput(NodeProto node, BlockedForm form)
    {
        long[] w = graph.DimsOf(node.Input[1])!;
        long inputs = form.ReadsPlain && !MayBeBlocked(node.Input[0]) || node.Int("group", 1) > 1 ? w[1] : ChannelBlock.Padded(w[1], block);
        return inputs * WorkEstimate.Elements(w[2..]);
    }

    private double Elements(string image, bool isPlain)
    {
        long[] dims = graph.Image(image)!;
        return WorkEstimate.Elements(isPlain ? dims : ChannelBlock.Dims(dims, block));
    }

    /// <summary>Places that a pool's windows look at.</summary>
    private static double Places(NodeProto node, Func<string, long[]?> dims) => OperatorTable.Of(node) switch
    {
        { Kind: OperatorKind.Pool, IsStandard: true } => WorkEstimate.Elements(dims(node.Output[0])) * WorkEstimate.Elements(node.Ints("kernel_shape") ?? []),
        { Kind: OperatorKind.GlobalPool, IsStandard: true } => WorkEstimate.Elements(dims(node.Input[0])),
        _ => 0,
    };
}
