using Google.Protobuf;
using Microsoft.ML.OnnxRuntime.Tensors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Tests.Runtime;

/// <summary>Models of a few nodes whose memory is known by counting.</summary>
internal static class TinyModels
{
    /// <summary>x → a = Add(x, x), b = Add(x, x); y = Add(a, b). Float32, one dimension.</summary>
    public static RunnableModel Diamond(long elements)
    {
        GraphProto graph = new() { Name = "diamond" };
        graph.Input.Add(Value("x", elements));
        graph.Output.Add(Value("y", elements));
        graph.Node.Add(Node("Add", "a", ["x", "x"], ["a"]));
        graph.Node.Add(Node("Add", "b", ["x", "x"], ["b"]));
        graph.Node.Add(Node("Add", "sum", ["a", "b"], ["y"]));
        return RunnableModel.Of(Model(graph), file: "diamond.onnx");
    }

    /// <summary>One 3x3 convolution, padded to keep its size.</summary>
    public static RunnableModel Convolution(int channels, int size)
    {
        GraphProto graph = new() { Name = "convolution" };
        graph.Input.Add(Value("x", 1, channels, size, size));
        graph.Output.Add(Value("y", 1, channels, size, size));
        TensorProto weight = new() { Name = "w", DataType = (int)TensorProto.Types.DataType.Float };
        weight.Dims.Add([channels, channels, 3, 3]);
        weight.FloatData.Add(Enumerable.Range(0, channels * channels * 9).Select(i => (i % 7 - 3) * 0.125f));
        graph.Initializer.Add(weight);
        NodeProto node = Node("Conv", "conv", ["x", "w"], ["y"]);
        AttributeProto pads = new() { Name = "pads", Type = AttributeProto.Types.AttributeType.Ints };
        pads.Ints.Add([1, 1, 1, 1]);
        node.Attribute.Add(pads);
        graph.Node.Add(node);
        return RunnableModel.Of(Model(graph));
    }

    /// <summary>A Loop that doubles x as often as the input count says, and an Add after it.</summary>
    public static RunnableModel DoublingLoop(int elements)
    {
        GraphProto body = new() { Name = "body" };
        body.Input.Add([Value("i", TensorProto.Types.DataType.Int64), Value("go", TensorProto.Types.DataType.Bool), Value("v", elements)]);
        body.Output.Add([Value("goOn", TensorProto.Types.DataType.Bool), Value("doubled", elements)]);
        body.Node.Add(Node("Identity", "keepGoing", ["go"], ["goOn"]));
        body.Node.Add(Node("Add", "double", ["v", "v"], ["doubled"]));

        GraphProto graph = new() { Name = "loop" };
        graph.Input.Add([Value("x", elements), Value("count", TensorProto.Types.DataType.Int64)]);
        graph.Output.Add(Value("y", elements));
        NodeProto loop = Node("Loop", "loop", ["count", "", "x"], ["looped"]);
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        graph.Node.Add(loop);
        graph.Node.Add(Node("Add", "out", ["looped", "looped"], ["y"]));
        return RunnableModel.Of(Model(graph));
    }

    /// <summary>A model of opset 17 around a graph.</summary>
    public static ModelProto Model(GraphProto graph)
    {
        ModelProto model = new() { IrVersion = 8, Graph = graph, ProducerName = "tests" };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        return model;
    }

    /// <summary>A float32 input: 0, 1, 2, ...</summary>
    public static KeyValuePair<string, RuntimeValue> Floats(string name, long[] dims)
    {
        long count = dims.Aggregate(1L, (product, d) => product * d);
        byte[] data = new byte[4 * count];
        for (int i = 0; i < count; i++)
            BitConverter.TryWriteBytes(data.AsSpan(4 * i), (float)i);
        return new(name, new RuntimeValue.Tensor(TensorElementType.Float, dims, data));
    }

    /// <summary>A node.</summary>
    public static NodeProto Node(string type, string name, string[] inputs, string[] outputs)
    {
        NodeProto node = new() { OpType = type, Name = name };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        return node;
    }

    /// <summary>A float32 graph input or output.</summary>
    public static ValueInfoProto Value(string name, params long[] dims) => Value(name, TensorProto.Types.DataType.Float, dims);

    /// <summary>A graph input or output.</summary>
    public static ValueInfoProto Value(string name, TensorProto.Types.DataType type, params long[] dims)
    {
        TensorShapeProto shape = new();
        foreach (long dim in dims)
            shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dim });
        return new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }
}
