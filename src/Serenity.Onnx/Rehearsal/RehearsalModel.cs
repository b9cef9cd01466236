using Google.Protobuf;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rehearsal;

/// <summary>
/// The model that is optimized in rehearsal: convolutions of which two meet in a Concat, a convolution over it, an Add and a Relu. Small, and
/// has what makes rewriting, scheduling and pinning do something.
/// </summary>
internal static class RehearsalModel
{
    private const int Channels = 2, Size = 4;

    /// <summary>Values in the order written, with their channels.</summary>
    private static readonly (string Name, int Channels)[] _values =
        [("x", Channels), ("a", Channels), ("b", Channels), ("c", Channels), ("joined", 3 * Channels), ("mixed", Channels), ("sum", Channels), ("y", Channels)];

    /// <summary>A new copy.</summary>
    public static ModelProto Create()
    {
        GraphProto graph = new() { Name = "rehearsal" };
        graph.Input.Add(Value("x"));
        graph.Output.Add(Value("y"));
        foreach ((string name, int from) in new[] { ("wa", Channels), ("wb", Channels), ("wc", Channels), ("wm", 3 * Channels) })
            graph.Initializer.Add(Weight(name, from));
        graph.Node.Add(Node("Conv", "a", "x", "wa"));
        graph.Node.Add(Node("Conv", "b", "a", "wb"));
        graph.Node.Add(Node("Conv", "c", "x", "wc"));
        NodeProto concat = Node("Concat", "joined", "a", "b", "c");
        concat.Attribute.Add(new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        graph.Node.Add(concat);
        graph.Node.Add(Node("Conv", "mixed", "joined", "wm"));
        graph.Node.Add(Node("Add", "sum", "mixed", "a"));
        graph.Node.Add(Node("Relu", "y", "sum"));
        ModelProto model = new() { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model;
    }

    /// <summary>The shapes of its values, which a real model's come from ONNX Runtime.</summary>
    public static ShapeTable Shapes()
    {
        Dictionary<string, TensorType> types = new(StringComparer.Ordinal);
        foreach ((string name, int channels) in _values)
            types.Add(name, new TensorType(TensorProto.Types.DataType.Float, [1, channels, Size, Size]));
        foreach (TensorProto weight in Create().Graph.Initializer)
            types.Add(weight.Name, new TensorType(TensorProto.Types.DataType.Float, [.. weight.Dims]));
        return new ShapeTable(types, new HashSet<string>(StringComparer.Ordinal));
    }

    private static NodeProto Node(string type, string output, params ReadOnlySpan<string> inputs)
    {
        NodeProto node = new() { OpType = type, Name = "make_" + output };
        foreach (string input in inputs)
            node.Input.Add(input);
        node.Output.Add(output);
        return node;
    }

    private static TensorProto Weight(string name, int from)
    {
        TensorProto weight = new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float };
        weight.Dims.Add([Channels, from, 1, 1]);
        byte[] data = new byte[Channels * from * sizeof(float)];
        for (int i = 0; i < data.Length; i += sizeof(float))
            BitConverter.TryWriteBytes(data.AsSpan(i), (i % 5 - 2) * 0.25f);
        weight.RawData = ByteString.CopyFrom(data);
        return weight;
    }

    private static ValueInfoProto Value(string name)
    {
        TensorShapeProto shape = new();
        foreach (long dim in (ReadOnlySpan<long>)[1, Channels, Size, Size])
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dim });
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = shape } },
        };
    }
}
