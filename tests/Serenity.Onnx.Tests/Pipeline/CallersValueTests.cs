using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Inputs and weights that are outputs as well: what is listed at the peak is what is allocated there.</summary>
[TestClass]
public sealed class CallersValueTests
{
    [TestMethod]
    [DataRow("x", 256L, "y")]
    [DataRow("w", 512L, "w,y")]
    [DataRow("", 256L, "y")]
    public void What_is_live_at_the_peak_adds_up(string alsoOutput, long bytes, string live)
    {
        GraphProto graph = new() { Name = "g", Input = { Value("x") }, Output = { Value("y") } };
        graph.Initializer.Add(new TensorProto { Name = "w", DataType = 1, Dims = { 64 }, RawData = ByteString.CopyFrom(new byte[256]) });
        graph.Node.Add(new NodeProto { OpType = "Add", Name = "add", Input = { "x", "w" }, Output = { "y" } });
        if (alsoOutput.Length > 0)
            graph.Output.Add(Value(alsoOutput));
        using TempFolder folder = new();
        ModelProto model = new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } } };
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("m.onnx", model.ToByteArray()) });
        Assert.AreEqual("passed", result.Verification?.Status, result.Verification?.Reason);
        Assert.AreEqual((bytes, bytes, false), (result.Peak.Bytes, result.Verification!.MeasuredBytes ?? -1, result.Peak.AtMost));
        Assert.AreEqual(live, string.Join(',', result.PeakStep!.Live.Select(l => l.Tensor).Order(StringComparer.Ordinal)));
        Assert.AreEqual(bytes, result.PeakStep.Live.Sum(l => l.Bytes));
    }

    private static ValueInfoProto Value(string name) => new()
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 64 } } } } },
    };
}
