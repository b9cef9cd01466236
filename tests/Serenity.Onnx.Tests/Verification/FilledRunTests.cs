using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;
using Dimension = Serenity.Onnx.Schema.TensorShapeProto.Types.Dimension;

namespace Serenity.Onnx.Tests.Verification;

/// <summary>Models whose inputs an app fills up: the warning says just what a model is that takes filling for data.</summary>
[TestClass]
public sealed class FilledRunTests
{
    [TestMethod]
    [DataRow("Relu", "x=0", false, DisplayName = "No place reads another.")]
    [DataRow("ReduceSum", "x=0", false, DisplayName = "Zeros add nothing.")]
    [DataRow("ReduceSum", "x=1", true, DisplayName = "Ones do.")]
    [DataRow("ReduceMean", "x=0", true, DisplayName = "A mean divides by them.")]
    [DataRow("masked", "mask=0;x=5", false, DisplayName = "A mask leaves them out.")]
    [DataRow("masked", "mask=1;x=5", true, DisplayName = "A mask that counts them does not.")]
    [DataRow("Softmax", "x=0", true, DisplayName = "Attention looks at them.")]
    [DataRow("Softmax", "x=-1e9", false, DisplayName = "And not where they are far below.")]
    [DataRow("Softmax", "x=-Infinity", false, DisplayName = "Nor where they are infinitely far below.")]
    [DataRow("ReduceMean", "x=-Infinity", true, DisplayName = "Nothing is a mean then.")]
    [DataRow("subtracted", "x=-Infinity", true, DisplayName = "No numbers are different from any.")]
    [DataRow("Conv", "x=0", false, DisplayName = "As the convolution pads itself.")]
    [DataRow("Conv", "x=2", true, DisplayName = "Otherwise than it pads itself.")]
    public void A_model_that_takes_filling_for_data_is_told(string kind, string padding, bool differs)
    {
        using TempFolder folder = new();
        OptimizeRequest request = new()
        {
            ModelPath = folder.File("m.onnx", Model(kind).ToByteArray()),
            FreeDimensions = new Dictionary<string, long> { ["seq"] = 8 },
            Filled = new Filling(padding.Split(';').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]), new Dictionary<string, long> { ["seq"] = 5 }),
        };
        OptimizationResult result = ModelOptimizer.Optimize(request);
        SerenityDiagnostic[] told = [.. result.Warnings.Where(w => w.Code == SerenityCodes.FillingMatters)];
        Assert.HasCount(differs ? 1 : 0, told, string.Join('\n', told.Select(t => t.Message)));
        if (differs)
            StringAssert.Contains(told[0].Message, $"inputs of seq=5 that are filled with Pad=\"{padding}\" up to seq=8 give other values for what was there before, in output 'y' {(padding.EndsWith("Infinity", StringComparison.Ordinal) ? "infinite ones, or ones that are no numbers (NaN)." : "by up to")}");
        Assert.IsEmpty(ModelOptimizer.Optimize(request with { Filled = null }).Warnings.Where(w => w.Code == SerenityCodes.FillingMatters));
    }

    [TestMethod]
    [DataRow("attention_mask=0;input_ids=0;token_type_ids=0", false)]
    [DataRow("attention_mask=1;input_ids=0;token_type_ids=0", true)]
    public void An_encoder_with_a_mask_is_what_lists_of_sizes_are_for(string padding, bool differs)
    {
        using TempFolder folder = new();
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest
        {
            ModelPath = folder.File("m.onnx", SentenceEncoder.Create(layers: 1, width: 16, heads: 2).ToByteArray()),
            FreeDimensions = new Dictionary<string, long> { ["batch"] = 1, ["sequence"] = 32 },
            Filled = new Filling(padding.Split(';').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]), new Dictionary<string, long> { ["sequence"] = 17 }),
        });
        Assert.AreEqual("passed", result.Verification?.Status, result.Verification?.Reason);
        Assert.HasCount(differs ? 1 : 0, result.Warnings.Where(w => w.Code == SerenityCodes.FillingMatters), string.Join('\n', result.Warnings.Select(w => w.Message)));
    }

    /// <summary>x: 1 by 3 by seq.</summary>
    private static ModelProto Model(string kind)
    {
        GraphProto graph = new() { Name = "g" };
        graph.Input.Add(Value("x", 1, 3));
        NodeProto Node(string type, string output, params string[] inputs)
        {
            NodeProto node = new() { OpType = type, Name = output };
            node.Input.AddRange(inputs);
            node.Output.Add(output);
            graph.Node.Add(node);
            return node;
        }
        void Axes(params long[] axes)
        {
            TensorProto tensor = new() { Name = "axes", DataType = 7, Dims = { axes.Length } };
            tensor.Int64Data.AddRange(axes);
            graph.Initializer.Add(tensor);
        }
        switch (kind)
        {
            case "masked":
                graph.Input.Add(Value("mask", 7, null));
                Node("Cast", "m", "mask").Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
                Node("Mul", "kept", "x", "m");
                Axes(2);
                Node("ReduceSum", "y", "kept", "axes");
                break;
            case "ReduceSum":
                Axes(2);
                Node(kind, "y", "x", "axes");
                break;
            case "ReduceMean":
                Node(kind, "y", "x").Attribute.Add(new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 2 } });
                break;
            case "subtracted":
                // The least less itself: nothing, and no number where it is infinite.
                Node("ReduceMin", "least", "x").Attribute.Add(new AttributeProto { Name = "axes", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 2 } });
                Node("Sub", "y", "least", "least");
                break;
            case "Conv":
                TensorProto weights = new() { Name = "w", DataType = 1, Dims = { 2, 3, 3 } };
                weights.FloatData.AddRange(Enumerable.Range(0, 18).Select(i => (i % 5) - 1.5f));
                graph.Initializer.Add(weights);
                Node(kind, "y", "x", "w").Attribute.Add(new AttributeProto { Name = "pads", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1, 1 } });
                break;
            default:
                Node(kind, "y", "x");
                break;
        }
        graph.Output.Add(new ValueInfoProto { Name = "y", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } } });
        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } } };
    }

    private static ValueInfoProto Value(string name, int type, long? channels)
    {
        TensorShapeProto shape = new() { Dim = { new Dimension { DimValue = 1 } } };
        if (channels is { } count)
            shape.Dim.Add(new Dimension { DimValue = count });
        shape.Dim.Add(new Dimension { DimParam = "seq" });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = shape } } };
    }
}
