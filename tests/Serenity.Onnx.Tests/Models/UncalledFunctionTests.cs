using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Models;

/// <summary>Functions that nothing calls are part of no run, whatever they would come to.</summary>
[TestClass]
public sealed class UncalledFunctionTests
{
    [TestMethod]
    public void What_nothing_calls_is_not_counted_and_the_model_is_planned()
    {
        ModelProto model = WithFunctions(last: "Relu");
        Assert.IsNull(WireLimits.Find(model.ToByteArray()));
        using TempFolder folder = new();
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("m.onnx", model.ToByteArray()) });
        Assert.AreEqual("passed", result.Verification?.Status, result.Verification?.Reason);
        // Called once, it is what it was.
        model.Graph.Node.Add(new NodeProto { OpType = "F0", Domain = "own", Input = { model.Graph.Input[0].Name }, Output = { "again" } });
        Assert.Contains("nodes that are supported", WireLimits.Find(model.ToByteArray())!);
    }

    [TestMethod]
    public void Calls_without_end_are_refused_there_too() => Assert.Contains("calls itself", WireLimits.Find(WithFunctions(last: "F7").ToByteArray())!);

    /// <summary>Thirty functions that call the next one twice.</summary>
    private static ModelProto WithFunctions(string last)
    {
        ModelProto model = IrregularModels.DartsCell(vertices: 3, seed: 1, channels: 2, size: 4);
        for (int i = 0; i < 30; i++)
        {
            FunctionProto function = new() { Name = "F" + i, Domain = "own", Input = { "a" }, Output = { "r1" } };
            function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
            function.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
            string calls = i < 29 ? "F" + (i + 1) : last;
            for (int j = 0; j < 2; j++)
                function.Node.Add(new NodeProto { OpType = calls, Domain = calls[0] == 'F' ? "own" : "", Input = { "a" }, Output = { "r" + j } });
            model.Functions.Add(function);
        }
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "own", Version = 1 });
        return model;
    }
}
