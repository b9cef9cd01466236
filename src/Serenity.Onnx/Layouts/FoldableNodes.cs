using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Layouts;

/// <summary>What a convolution takes in of the nodes behind it.</summary>
/// <param name="Conv">Where the convolution stands.</param>
/// <param name="Sum">The image that it adds; null for none.</param>
/// <param name="Activation">The activation that it applies; null for none.</param>
/// <param name="Parameters">Parameters of the activation.</param>
/// <param name="Gate">Where another node stands that goes too; null for none.</param>
internal sealed record FoldedNode(int Conv, string? Sum, string? Activation, float[] Parameters, int? Gate);

/// <summary>Which convolutions may still take in what reads them, in the order of the nodes.</summary>
internal sealed class FoldableNodes
{
    private readonly IReadOnlySet<string> _outputs;
    private readonly ImageGraph _graph;
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Open> _convs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Image, int At)> _gates = new(StringComparer.Ordinal);

    /// <summary>No convolution was met yet.</summary>
    /// <param name="nodes">All nodes.</param>
    /// <param name="outputs">Outputs of the graph.</param>
    /// <param name="graph">The model, for constants.</param>
    public FoldableNodes(IEnumerable<NodeProto> nodes, IReadOnlySet<string> outputs, ImageGraph graph)
    {
        (_outputs, _graph) = (outputs, graph);
        foreach (NodeProto node in nodes)
        {
            foreach (string value in node.Input.Concat(SubgraphCaptures.Of(node)))
                _uses[value] = _uses.GetValueOrDefault(value) + 1;
        }
    }

    /// <summary>A convolution is met.</summary>
    /// <param name="image">What it makes.</param>
    /// <param name="at">Where it stands.</param>
    /// <param name="hasSum">True if it adds an image.</param>
    /// <param name="hasActivation">True if it applies an activation.</param>
    public void Add(string image, int at, bool hasSum, bool hasActivation) => _convs[image] = new Open(at, hasSum, hasActivation);

    /// <summary>Another node is met. If a convolution takes it in, that stands where the node does from then on, and makes what it made.</summary>
    /// <param name="node">The node.</param>
    /// <param name="at">Where it stands.</param>
    public FoldedNode? TryTake(NodeProto node, int at)
    {
        if (node.Output.Count != 1 || node.Input.Count == 0)
            return null;
        if (node.Is("HardSigmoid") && Math.Abs(node.Float("alpha", 0.2f) - (1f / 6)) < 1e-6f && node.Float("beta", 0.5f) == 0.5f)
            _gates[node.Output[0]] = (node.Input[0], at);
        return TrySum(node, at) ?? TrySwish(node, at) ?? TryActivation(node, at);
    }

    private FoldedNode? TrySum(NodeProto node, int at)
    {
        if (!(node.Is("Add") || node.Is("Sum")) || node.Input.Count != 2)
            return null;
        for (int i = 0; i < 2; i++)
        {
            if (Find(node.Input[i], uses: 1) is { HasSum: false } conv && !_graph.IsConstant(node.Input[1 - i]))
                return Taken(node.Input[i], node, at, conv with { HasSum = true }, new FoldedNode(conv.At, node.Input[1 - i], null, [], null));
        }
        return null;
    }

    /// <summary>What a convolution makes, times its HardSigmoid: the HardSwish that ONNX Runtime's newer kernels compute.</summary>
    private FoldedNode? TrySwish(NodeProto node, int at)
    {
        if (!node.Is("Mul") || node.Input.Count != 2)
            return null;
        for (int i = 0; i < 2; i++)
        {
            string image = node.Input[i], gate = node.Input[1 - i];
            if (_gates.TryGetValue(gate, out (string Image, int At) found) && found.Image == image && IsReadBy(gate, 1) && Find(image, uses: 2) is { } conv)
                return Taken(image, node, at, conv with { HasActivation = true }, new FoldedNode(conv.At, null, "HardSwish", [], found.At));
        }
        return null;
    }

    private FoldedNode? TryActivation(NodeProto node, int at) =>
        OperatorDomain.IsOnnx(node.Domain) && Find(node.Input[0], uses: 1) is { } conv && Parameters(node) is { } parameters
            ? Taken(node.Input[0], node, at, conv with { HasActivation = true }, new FoldedNode(conv.At, null, node.OpType, parameters, null)) : null;

    private FoldedNode Taken(string image, NodeProto node, int at, Open conv, FoldedNode found)
    {
        _convs.Remove(image);
        _convs[node.Output[0]] = conv with { At = at };
        return found;
    }

    // A convolution that nothing else reads, and that has no activation yet.
    private Open? Find(string value, int uses) => _convs.TryGetValue(value, out Open? conv) && IsReadBy(value, uses) && !conv.HasActivation ? conv : null;

    private bool IsReadBy(string value, int uses) => _uses.GetValueOrDefault(value) == uses && !_outputs.Contains(value);

    private float[]? Parameters(NodeProto node)
    {
        return node.OpType switch
        {
            "Relu" or "Sigmoid" or "Tanh" => [],
            "LeakyRelu" => [node.Float("alpha", 0.01f)],
            "HardSigmoid" => [node.Float("alpha", 0.2f), node.Float("beta", 0.5f)],
            "Clip" when _graph.Opset >= 11 => Bound(node.In(1), float.MinValue) is { } low && Bound(node.In(2), float.MaxValue) is { } high ? [low, high] : null,
            _ => null,
        };

        float? Bound(string name, float otherwise) => name.Length == 0 ? otherwise
            : _graph.Constant(name) is { DataType: (int)DataType.Float } bound && bound.Dims.All(d => d == 1) ? _graph.Weights.ReadFloats(bound)![0] : null;
    }

    private sealed record Open(int At, bool HasSum, bool HasActivation);
}
