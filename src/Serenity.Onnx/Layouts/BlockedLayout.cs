using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Layouts;

/// <summary>
/// Puts the images of a model into blocks of channels (NCHWc), as a default session of ONNX Runtime does when it loads a model on x64.
/// </summary>
internal sealed class BlockedLayout
{
    /// <summary>Work that an element counts for which fills a block where it should not: more than any other layout could save.</summary>
    private const double Dear = 1e5;

    private readonly ImageGraph _graph;
    private readonly int _block;
    private readonly BlockedForm[] _forms;
    private readonly LayoutWork _work;

    /// <summary>Looks at a model.</summary>
    /// <param name="model">The model; not changed. All its nodes have names of their own.</param>
    /// <param name="shapes">Types of all its values.</param>
    /// <param name="order">Its nodes in a topological order, in which they are written.</param>
    /// <param name="block">Channels in a block.</param>
    /// <param name="weights">Reads the model's weights.</param>
    public BlockedLayout(ModelProto model, ShapeTable shapes, IEnumerable<NodeProto> order, int block, WeightReader weights)
    {
        _graph = new ImageGraph(model, shapes, order, weights);
        _block = block;
        BlockedForms forms = new(_graph, block);
        _forms = Array.ConvertAll(_graph.Nodes, forms.Of);
        _work = new LayoutWork(_graph, block, ConvFolding.Foldable(_graph, _forms));
    }

    /// <summary>Work of a run on plain images alone, in predicted nanoseconds.</summary>
    public double PlainWork => _graph.Nodes.Sum(_work.Plain);

    /// <summary>The layout of least work.</summary>
    /// <param name="fillingWork">Work that an element which fills a block counts for besides.</param>
    /// <param name="dear">Images that no filled block is to be in, if that can be had; null for none.</param>
    /// <returns>For each node whether it is in blocks; null if no convolution is.</returns>
    public bool[]? Choose(double fillingWork, IReadOnlySet<string>? dear = null)
    {
        bool[] inBlocks = LayoutCut.Find(_graph, _forms, _work, image => dear?.Contains(image) == true ? Dear : fillingWork);
        return Convolutions(inBlocks) > 0 ? inBlocks : null;
    }

    /// <summary>The layout with every node in blocks that can be.</summary>
    public bool[] All()
    {
        bool[] inBlocks = new bool[_forms.Length];
        for (int node = 0; node < inBlocks.Length; node++)
        {
            NodeProto read = _graph.Nodes[node];
            inBlocks[node] = _forms[node].Kind != BlockedKind.None && Array.TrueForAll(_forms[node].Images, i => i == 0 && _forms[node].ReadsPlain
                || _graph.Producer(read.Input[i]) is >= 0 and int maker && inBlocks[maker] || _graph.Image(read.Input[i])![1] % ChannelBlock.ReorderStep == 0);
        }
        return inBlocks;
    }

    /// <summary>Writes the model in a layout.</summary>
    /// <param name="inBlocks">For each node whether it is in blocks.</param>
    /// <param name="isDraft">Weights are left empty: the model is to be compared, and not run.</param>
    public BlockedModel Write(bool[] inBlocks, bool isDraft = false)
    {
        bool[] readsPlain = LayoutCut.ReadsPlain(_graph, _forms, _work, inBlocks);
        BlockedModel written = BlockedWriter.Write(_graph, _forms, inBlocks, readsPlain, _block, isDraft);
        double work = 0;
        for (int node = 0; node < _forms.Length; node++)
            work += inBlocks[node] ? _work.Blocked(_graph.Nodes[node], _forms[node], readsPlain[node]) : _work.Plain(_graph.Nodes[node]);
        foreach (NodeProto node in written.Model.Graph.Node)
        {
            if (node.Domain == OperatorDomain.Nchwc && node.OpType is "ReorderInput" or "ReorderOutput")
                work += _work.Reorder(node.OpType == "ReorderInput" ? node.Input[0] : node.Output[0]);
        }
        return written with { Work = work, Convolutions = Convolutions(inBlocks) };
    }

    private int Convolutions(bool[] inBlocks) =>
        inBlocks.Where((b, node) => b && _forms[node].Kind is BlockedKind.Conv or BlockedKind.Depthwise).Count();
}
