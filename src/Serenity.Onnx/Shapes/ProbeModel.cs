using Google.Protobuf;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Shapes;

/// <summary>
/// A model made only to be asked for shapes: one graph with its inputs typed, every value that is asked for a graph output by name,
/// and large weights replaced by inputs of their type and shape, so that nothing large is copied, read from disk or folded.
/// Small weights stay, since shapes are computed from them.
/// </summary>
internal sealed class ProbeModel
{
    // The shape of a Reshape or the boxes of a Resize are tens of bytes; a table of anchors that ends in a shape may be some KiB.
    private const long SmallBytes = 16 << 10;

    private readonly ModelProto _source;
    private readonly string _path;
    private readonly bool _keepWeights;

    /// <summary>Prepares probes of a model's graphs.</summary>
    /// <param name="source">The model; gives IR version, opsets and functions.</param>
    /// <param name="path">Its file, for external data.</param>
    /// <param name="keepWeights">True to leave large weights in place: some kernels refuse to be made without.</param>
    public ProbeModel(ModelProto source, string path, bool keepWeights)
    {
        _source = source;
        _path = path;
        _keepWeights = keepWeights;
    }

    /// <summary>Builds the probe of one graph.</summary>
    /// <param name="graph">The graph; shared, not changed.</param>
    /// <param name="given">Values whose type is known from elsewhere: inputs, captured values, outputs of nodes that are taken out.</param>
    /// <param name="constants">Captured values that are constant, and matter for shapes.</param>
    /// <param name="without">Nodes to leave out; their outputs are given.</param>
    /// <param name="asked">Values to ask for.</param>
    public byte[] Build(
        GraphProto graph, IReadOnlyDictionary<string, ValueFact> given, IReadOnlyDictionary<string, TensorProto> constants,
        IReadOnlySet<NodeProto> without, IEnumerable<string> asked)
    {
        GraphProto probe = new() { Name = "probe" };
        HashSet<string> constant = new(StringComparer.Ordinal);
        foreach (TensorProto tensor in graph.Initializer)
        {
            constant.Add(tensor.Name);
            AddConstant(probe, tensor);
        }
        foreach (SparseTensorProto sparse in graph.SparseInitializer)
        {
            constant.Add(sparse.Values.Name);
            probe.SparseInitializer.Add(sparse);
        }
        foreach ((string name, TensorProto tensor) in constants)
        {
            if (constant.Add(name))
                AddConstant(probe, tensor);
        }
        foreach ((string name, ValueFact fact) in given)
        {
            if (!constant.Contains(name))
                probe.Input.Add(new ValueInfoProto { Name = name, Type = fact.Proto });
        }
        foreach (NodeProto node in graph.Node)
        {
            if (without.Contains(node))
                continue;
            if (ConstantNode.ValueOf(node) is { } value && !_keepWeights && !IsSmall(value))
                probe.Input.Add(new ValueInfoProto { Name = node.Output[0], Type = TypeOf(value).Proto });
            else
                probe.Node.Add(node);
        }
        foreach (string name in asked)
            probe.Output.Add(new ValueInfoProto { Name = name });

        // Before version 4 every initializer had to be an input as well; none is here.
        ModelProto model = new() { IrVersion = Math.Max(_source.IrVersion, 4), Graph = probe };
        model.OpsetImport.AddRange(_source.OpsetImport);
        model.Functions.AddRange(_source.Functions);
        return model.ToByteArray();
    }

    /// <summary>The type of a tensor that the model carries.</summary>
    public static ValueFact TypeOf(TensorProto tensor) => ValueFact.Tensor((DataType)tensor.DataType, [.. tensor.Dims]);

    private void AddConstant(GraphProto probe, TensorProto tensor)
    {
        if (!_keepWeights && !IsSmall(tensor))
        {
            probe.Input.Add(new ValueInfoProto { Name = tensor.Name, Type = TypeOf(tensor).Proto });
            return;
        }
        if (TensorData.IsExternal(tensor) && !_keepWeights)
        {
            // The probe is a model in memory, beside which there are no files.
            TensorProto embedded = new() { Name = tensor.Name, DataType = tensor.DataType, RawData = ByteString.CopyFrom(ExternalData.Read(tensor, _path)) };
            embedded.Dims.AddRange(tensor.Dims);
            tensor = embedded;
        }
        probe.Initializer.Add(tensor);
    }

    private static bool IsSmall(TensorProto tensor) => !(TensorData.ExpectedBytes(tensor) > SmallBytes);
}
