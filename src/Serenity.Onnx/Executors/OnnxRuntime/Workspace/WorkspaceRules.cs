using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>
/// What kernels take for themselves while they run, for those that take other amounts on other processors. All others were seen to take the same
/// wherever they run, and what they take is measured.
/// </summary>
internal sealed class WorkspaceRules
{
    private readonly ShapeTable _shapes;
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeProto> _nodes = new(StringComparer.Ordinal);

    /// <summary>Rules for the nodes of a graph.</summary>
    /// <param name="graph">The graph, with names for all nodes.</param>
    /// <param name="shapes">Types of its values, weights included.</param>
    public WorkspaceRules(GraphProto graph, ShapeTable shapes) : this(graph.Node, graph, shapes)
    {
    }

    /// <summary>Rules for nodes that were planned, whatever was put between them in the file.</summary>
    /// <param name="nodes">The nodes, with names.</param>
    /// <param name="graph">The graph that has their weights.</param>
    /// <param name="shapes">Types of the nodes' values, weights included.</param>
    public WorkspaceRules(IEnumerable<NodeProto> nodes, GraphProto graph, ShapeTable shapes)
    {
        _shapes = shapes;
        // An initializer that is an input too can be overridden, and kernels take it for a value that is not known.
        HashSet<string> inputs = new(graph.Input.Select(i => i.Name), StringComparer.Ordinal);
        foreach (TensorProto initializer in graph.Initializer)
        {
            if (!inputs.Contains(initializer.Name))
                _constants.TryAdd(initializer.Name, initializer);
        }
        foreach (NodeProto node in nodes)
            _nodes.TryAdd(node.Name, node);
    }

    /// <summary>Threads within operators.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Scratch of a node's kernel in bytes; null where there is no rule and none is needed.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="kernels">Who computes it.</param>
    public long? Find(string node, MlasKernels kernels)
    {
        if (!_nodes.TryGetValue(node, out NodeProto? found) || found.Output.Count == 0)
            return null;
        if (found.IsPlainConvolution())
            return Float(found, kernels);
        return OperatorTable.Of(found) is { Kind: OperatorKind.Convolution } entry && entry.Roles.PositionOf(InputRole.Scale) >= 0 ? Quantized(found, kernels) : null;
    }

    /// <summary>The same for all sizes of a range at once; null where there is no such formula.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="kernels">Who computes it.</param>
    public SizeExpression? Formula(string node, MlasKernels kernels) =>
        _nodes.TryGetValue(node, out NodeProto? found) && found.Output.Count > 0 ? ConvolutionScratchFormula.Of(found, _shapes, TypeOf, kernels, Threads) : null;

    private long? Float(NodeProto node, MlasKernels kernels)
    {
        if (node.Input.Count < 2 || TypeOf(node.Input[0]) is not { ElementType: DataType.Float } x)
            return null;
        return ConvolutionShape.TryRead(node, x, TypeOf(node.Input[1]), TypeOf(node.Output[0])) is { } conv ? FloatConvScratch.Of(conv, kernels, Threads) : null;
    }

    private long? Quantized(NodeProto node, MlasKernels kernels)
    {
        if (node.Input.Count < 8 || TypeOf(node.Input[0]) is not { } x || TypeOf(node.Input[3]) is not { } w || TypeOf(node.Output[0]) is not { } y
            || !_constants.ContainsKey(node.Input[3]))
        {
            return null;
        }
        bool channelsLast = node.Int("channels_last", 0) != 0;
        if (ConvolutionShape.TryRead(node, channelsLast ? ChannelsSecond(x) : x, w, channelsLast ? ChannelsSecond(y) : y) is not { } conv)
            return null;
        bool symmetric = w.ElementType == DataType.Int8 && IsConstantScalar(node.Input[2]) && IsConstantZero(node.Input[5]);
        return QuantizedConvScratch.Of(conv, kernels, x.ElementType == DataType.Int8, symmetric, channelsLast);
    }

    /// <summary>Weights that a rewrite made are in the graph alone.</summary>
    private TensorType? TypeOf(string name) => _shapes.Find(name)
        ?? (_constants.TryGetValue(name, out TensorProto? tensor) ? new TensorType((DataType)tensor.DataType, [.. tensor.Dims]) : null);

    private static TensorType ChannelsSecond(TensorType type) => type.Dims.Length < 3 ? type
        : type with { Dims = [type.Dims[0], type.Dims[^1], .. type.Dims[1..^1]] };

    private bool IsConstantScalar(string name) => _constants.TryGetValue(name, out TensorProto? tensor) && tensor.Dims.All(d => d == 1);

    private bool IsConstantZero(string name)
    {
        if (!_constants.TryGetValue(name, out TensorProto? tensor) || tensor.DataLocation == TensorProto.Types.DataLocation.External)
            return false;
        return tensor.HasRawData ? tensor.RawData.Span.IndexOfAnyExcept((byte)0) < 0 : tensor.Int32Data.All(value => value == 0);
    }
}
