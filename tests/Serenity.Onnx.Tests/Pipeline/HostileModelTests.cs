using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>What SECURITY.md says of models from strangers, where no other test does.</summary>
[TestClass]
public sealed class HostileModelTests
{
    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Operators_that_onnx_runtime_does_not_have_are_one_error_with_their_names(Executor executor)
    {
        ModelProto model = Cell();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.example", Version = 1 });
        model.Graph.Node[0].OpType = "Steal";
        model.Graph.Node[0].Domain = "com.example";
        using TempFolder folder = new();
        string path = folder.File("net.onnx", ModelFile.ToBytes(model));
        SerenityException refusal = Assert.ThrowsExactly<SerenityException>(() => ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = executor }));
        Assert.AreEqual(SerenityCodes.RuntimeRefuses, refusal.Code, refusal.Message);
        StringAssert.Contains(refusal.Message, "Steal");
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_model_that_is_not_to_be_verified_is_not_run(Executor executor)
    {
        using TempFolder folder = new();
        string path = folder.File("net.onnx", ModelFile.ToBytes(Cell()));
        OptimizeRequest request = new() { ModelPath = path, Executor = executor, Verify = false };
        OptimizationResult result = new ModelPipeline(request, SourceModel.Prepare(ModelFile.Load(path), request, default), default)
        {
            Verifier = (_, _) => throw new InvalidOperationException("It was run."),
        }.Run();
        Assert.IsNull(result.Verification);
        Assert.IsNull(result.Block);
        Assert.IsGreaterThan(0, result.Peak.Bytes);
    }

    private static ModelProto Cell()
    {
        OnnxModelBuilder b = new();
        b.Output(b.Node("Tanh", [b.Node("Exp", [b.Input("x", TensorProto.Types.DataType.Float, 4, 6)])]), TensorProto.Types.DataType.Float, 4, 6);
        return b.Build();
    }
}
