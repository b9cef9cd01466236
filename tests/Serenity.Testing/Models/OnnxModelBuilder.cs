using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.AttributeProto.Types;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Testing.Models;

/// <summary>Writes a small ONNX model node by node. Values and nodes are numbered, so the same calls give the same bytes.</summary>
public sealed class OnnxModelBuilder
{
    private readonly GraphProto _graph;
    private readonly int _opset, _irVersion;
    private readonly string _prefix;
    private int _values, _nodes;

    /// <summary>Starts a model, or a subgraph when it is to be ended with <see cref="Subgraph"/>.</summary>
    /// <param name="name">Name of the graph.</param>
    /// <param name="opset">Version of the standard operators.</param>
    /// <param name="irVersion">IR version.</param>
    /// <param name="prefix">Put before the names of values and nodes; a subgraph needs one of its own.</param>
    public OnnxModelBuilder(string name = "model", int opset = 17, int irVersion = 8, string prefix = "")
    {
        _graph = new GraphProto { Name = name };
        _opset = opset;
        _irVersion = irVersion;
        _prefix = prefix;
    }

    /// <summary>Adds a graph input; a negative dimension has no name and no size, null as dims no shape at all.</summary>
    public string Input(string name, DataType type, params long[]? dims)
    {
        _graph.Input.Add(Info(name, type, dims));
        return name;
    }

    /// <summary>Adds a graph input with symbolic dimensions: a number, or a name.</summary>
    public string SymbolicInput(string name, DataType type, params object[] dims)
    {
        TensorShapeProto shape = new();
        foreach (object dim in dims)
        {
            shape.Dim.Add(dim is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(dim, CultureInfo.InvariantCulture) });
        }
        _graph.Input.Add(new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } },
        });
        return name;
    }

    /// <summary>Makes a value a graph output, with or without a shape.</summary>
    public void Output(string name, DataType type = DataType.Float, params long[]? dims) => _graph.Output.Add(Info(name, type, dims));

    /// <summary>Adds an initializer of floats.</summary>
    public string Weight(float[] values, params long[] dims) => Add(Tensor(Value("w"), DataType.Float, MemoryMarshal.AsBytes<float>(values), dims));

    /// <summary>Adds an initializer of bytes.</summary>
    public string Bytes(byte[] values, params long[] dims) => Add(Tensor(Value("b"), DataType.Uint8, values, dims));

    /// <summary>Adds an initializer of 64-bit integers; without dims a vector.</summary>
    public string Integers(params long[] values) =>
        Add(Tensor(Value("i"), DataType.Int64, MemoryMarshal.AsBytes<long>(values), [values.Length]));

    /// <summary>Adds an initializer that the caller made.</summary>
    public string Add(TensorProto initializer)
    {
        _graph.Initializer.Add(initializer);
        return initializer.Name;
    }

    /// <summary>A tensor of raw bytes.</summary>
    public static TensorProto Tensor(string name, DataType type, ReadOnlySpan<byte> raw, params long[] dims)
    {
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(raw) };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    /// <summary>Adds a node with one output and returns that value's name.</summary>
    /// <param name="op">Operator; a domain may stand before it, as in <c>com.microsoft:FusedConv</c>.</param>
    /// <param name="inputs">Values; "" for an omitted one.</param>
    /// <param name="attributes">Name and value: long, double, string, long[], float[], string[], TensorProto or GraphProto.</param>
    public string Node(string op, string[] inputs, params (string Name, object Value)[] attributes) => Nodes(op, inputs, 1, attributes)[0];

    /// <summary>Adds a node with one output as exporters of PyTorch name them: after the module it stands in.</summary>
    /// <param name="op">Operator.</param>
    /// <param name="inputs">Values; "" for an omitted one.</param>
    /// <param name="module">The module, as in <c>/encoder/layer.0</c>; "" for none.</param>
    /// <param name="attributes">Name and value.</param>
    public string Node(string op, string[] inputs, string module, (string Name, object Value)[] attributes)
    {
        string value = Node(op, inputs, attributes);
        NodeProto node = _graph.Node[^1];
        node.Name = string.Create(CultureInfo.InvariantCulture, $"{module}/{op}_{value[(_prefix.Length + 1)..]}");
        return node.Output[0] = node.Name + "_output_0";
    }

    /// <summary>Adds a node with several outputs and returns their names.</summary>
    public string[] Nodes(string op, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        NodeProto node = new() { Name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}{op.Split(':')[^1]}_{_nodes++}") };
        int colon = op.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
            node.Domain = op[..colon];
        node.OpType = op[(colon + 1)..];
        node.Input.AddRange(inputs);
        for (int i = 0; i < outputs; i++)
            node.Output.Add(Value("t"));
        foreach ((string name, object value) in attributes)
            node.Attribute.Add(Attribute(name, value));
        _graph.Node.Add(node);
        return [.. node.Output];
    }

    /// <summary>The model as built so far.</summary>
    public ModelProto Build()
    {
        ModelProto model = new() { IrVersion = _irVersion, ProducerName = "Serenity.Testing", Graph = _graph.Clone() };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = _opset });
        foreach (string domain in _graph.Node.Select(n => n.Domain).Where(d => d.Length > 0).Distinct().Order(StringComparer.Ordinal))
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = 1 });
        return model;
    }

    /// <summary>The graph as built so far, to be an attribute of a control-flow operator.</summary>
    public GraphProto Subgraph() => _graph.Clone();

    private string Value(string stem) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{stem}{_values++}");

    private static ValueInfoProto Info(string name, DataType type, long[]? dims)
    {
        TypeProto.Types.Tensor tensor = new() { ElemType = (int)type };
        if (dims is not null)
        {
            tensor.Shape = new TensorShapeProto();
            foreach (long dim in dims)
                tensor.Shape.Dim.Add(dim < 0 ? new TensorShapeProto.Types.Dimension() : new TensorShapeProto.Types.Dimension { DimValue = dim });
        }
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private static AttributeProto Attribute(string name, object value)
    {
        AttributeProto attribute = new() { Name = name };
        switch (value)
        {
            case int or long:
                attribute.Type = AttributeType.Int;
                attribute.I = Convert.ToInt64(value, CultureInfo.InvariantCulture);
                break;
            case float or double:
                attribute.Type = AttributeType.Float;
                attribute.F = Convert.ToSingle(value, CultureInfo.InvariantCulture);
                break;
            case string text:
                attribute.Type = AttributeType.String;
                attribute.S = ByteString.CopyFromUtf8(text);
                break;
            case long[] numbers:
                attribute.Type = AttributeType.Ints;
                attribute.Ints.AddRange(numbers);
                break;
            case float[] numbers:
                attribute.Type = AttributeType.Floats;
                attribute.Floats.AddRange(numbers);
                break;
            case string[] texts:
                attribute.Type = AttributeType.Strings;
                attribute.Strings.AddRange(texts.Select(ByteString.CopyFromUtf8));
                break;
            case TensorProto tensor:
                attribute.Type = AttributeType.Tensor;
                attribute.T = tensor;
                break;
            case GraphProto graph:
                attribute.Type = AttributeType.Graph;
                attribute.G = graph;
                break;
            default:
                throw new ArgumentException($"An attribute cannot be a {value.GetType().Name}.", nameof(value));
        }
        return attribute;
    }
}
