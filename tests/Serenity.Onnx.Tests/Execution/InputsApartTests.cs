using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Execution;

/// <summary>Other names of an input that lies outside the arena lie outside with it.</summary>
[TestClass]
public sealed class InputsApartTests
{
    [TestMethod]
    [DataRow("flatten", 32)]
    [DataRow("reshape", 32)]
    [DataRow("identity", 32)]
    [DataRow("chain", 32)]
    [DataRow("output", 128)]
    [DataRow("joined", 192)]
    public void A_model_may_begin_with_a_view_of_its_input(string form, long bytes)
    {
        OnnxModelBuilder model = new();
        string x = model.Input("x", DataType.Float, 1, 4, 2, 2);
        string view = form switch
        {
            "identity" => model.Node("Identity", [x]),
            "reshape" => model.Node("Reshape", [x, model.Integers(1, 16)]),
            "chain" => model.Node("Reshape", [model.Node("Flatten", [x]), model.Integers(2, 8)]),
            "joined" => model.Node("Concat", [model.Node("Flatten", [x]), model.Input("y", DataType.Float, 1, 16)], ("axis", 1L)),
            _ => model.Node("Flatten", [x]),
        };
        int width = form switch { "identity" => 2, "chain" => 8, "joined" => 32, _ => 16 };
        int columns = form switch { "identity" => 1, "chain" => 4, "joined" => 16, "output" => 16, _ => 8 };
        model.Output(model.Node("MatMul", [view, model.Weight([.. Enumerable.Range(0, width * columns).Select(i => i % 7 - 3f)], width, columns)]));
        if (form == "output")
            model.Output(view);
        using TempFolder folder = new();
        string path = folder.File("model.onnx", model.Build().ToByteArray());
        OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = Executor.StaticArena, InputsApart = true, Rewrite = RewriteLevel.Exact });
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.IsTrue(result.Verification.Exact);
        Assert.AreEqual(bytes, result.Peak.Bytes);
        // Listed as the caller's, with what is another name of it; in no figure, and without a place.
        TensorFacts[] apart = [.. result.Tensors.Where(t => t.Apart == true)];
        string[] inputs = form switch { "joined" => ["x", "y"], "output" => [], _ => ["x"] };
        CollectionAssert.AreEquivalent(inputs, apart.Where(t => t.Role == TensorRole.Input).Select(t => t.Name).ToArray());
        Assert.HasCount(form switch { "chain" => 2, "output" => 0, _ => 1 }, apart.Where(t => t.Role == TensorRole.Activation));
        foreach (TensorFacts tensor in apart)
        {
            Assert.AreEqual((64L, (long?)null), (tensor.Bytes, tensor.Offset));
            Assert.AreEqual(tensor.Role == TensorRole.Input, tensor.AliasOf is null);
            Assert.IsNotEmpty(tensor.Readers!);
        }
        Assert.HasCount(form == "joined" ? 2 : 1, result.Program.Inputs());
        ExecutionProgram again = ExecutionProgram.Of(result.Program.NodeNames(), result.Program.OperatorTypes(), result.Tensors);
        CollectionAssert.AreEqual(result.Tensors.Select(t => (t.Name, t.Apart, t.AliasOf)).ToArray(), again.Tensors().Select(t => (t.Name, t.Apart, t.AliasOf)).ToArray());
    }
}
