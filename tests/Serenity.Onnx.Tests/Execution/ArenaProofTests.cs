using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Execution;

[TestClass]
public sealed class ArenaProofTests
{

    [TestMethod]
    public void A_plan_that_holds_is_proven_and_a_broken_one_is_an_error()
    {
        ModelProto model = IrregularModels.WattsStrogatz();
        using ArenaCase made = ArenaCase.Create(model);
        Assert.IsNull(ArenaProof.Run(model, made.Program, null, "net.onnx"));
        (ArenaProgram program, _) = new BrokenPlans(made.Program, new Random(1), 16).LayOverEachOther()!.Value;
        SerenityException thrown = Assert.ThrowsExactly<SerenityException>(() => ArenaProof.Run(model, program, null, "net.onnx"));
        Assert.AreEqual(SerenityCodes.InternalCheckFailed, thrown.Code);
        StringAssert.Contains(thrown.Message, "still needed", StringComparison.Ordinal);
    }

    [TestMethod]
    public void What_cannot_be_run_is_said()
    {
        ModelProto model = IrregularModels.DartsCell();
        using ArenaCase made = ArenaCase.Create(model);
        StringAssert.Contains(
            ArenaProof.Run(model, made.Program with { ArenaBytes = long.MaxValue / 2 }, null, null), "too long", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Verify_proves_the_plan_of_a_rewritten_model()
    {
        string folder = Directory.CreateTempSubdirectory("arena").FullName;
        try
        {
            string path = Path.Combine(folder, "net.onnx");
            Serenity.Onnx.Models.ModelFile.Save(IrregularModels.WattsStrogatz(vertices: 8), path);
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = Executor.StaticArena });
            Assert.AreEqual("passed", result.Verification?.Status, result.Verification?.Reason);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
