using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification.Inputs;
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
        Assert.IsNull(ArenaProof.Run(model, made.Program, null, null, "net.onnx"));
        (ArenaProgram program, _) = new BrokenPlans(made.Program, new Random(1), 16).LayOverEachOther()!.Value;
        SerenityException thrown = Assert.ThrowsExactly<SerenityException>(() => ArenaProof.Run(model, program, null, null, "net.onnx"));
        Assert.AreEqual(SerenityCodes.InternalCheckFailed, thrown.Code);
        StringAssert.Contains(thrown.Message, "still needed", StringComparison.Ordinal);
    }

    /// <summary>Sizes depend on data: the plan is run in its arena near the bounds, and on inputs that give less. Plans that hold only where there is less are found.</summary>
    [TestMethod]
    public void A_plan_of_bounds_is_proven_near_them_and_below()
    {
        int broken = 0, found = 0;
        for (ulong seed = 0; seed < 12; seed++)
        {
            ModelProto model = RandomDataSizes.Create(seed).Model;
            OptimizationResult result;
            try
            {
                result = WholeWay.Optimize(model, Executor.StaticArena);
            }
            catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
            {
                continue;
            }
            Assert.AreEqual("passed", result.Verification!.Status, $"{seed}: {result.Verification.Reason}");
            if (!result.Peak.AtMost)
                continue;
            ArenaProgram good = new(result.Program, result.Peak.Bytes) { AtMost = result.Program.Listed().Select(b => b.Owner).ToHashSet(StringComparer.Ordinal) };
            if (new BrokenPlans(good, new Random((int)seed), 16).LayOverEachOther() is not { } plan)
                continue;
            broken++;
            using ModelSession session = ModelSession.Load(RunnableModel.Of(result.Model));
            SeededInputs inputs = new(result.Model.Graph, session.Inputs);
            Assert.IsNull(ArenaProof.Run(result.Model, good, inputs.Create(InputCase.Offset), null, null));
            try
            {
                ArenaProof.Run(result.Model, plan.Program, inputs.Create(InputCase.Offset), null, null);
            }
            catch (SerenityException e) when (e.Code == SerenityCodes.InternalCheckFailed)
            {
                found++;
            }
        }
        Assert.IsGreaterThan(4, broken);
        Assert.AreEqual(broken, found);
    }

    [TestMethod]
    public void What_cannot_be_run_is_said()
    {
        ModelProto model = IrregularModels.DartsCell();
        using ArenaCase made = ArenaCase.Create(model);
        StringAssert.Contains(
            ArenaProof.Run(model, made.Program with { ArenaBytes = long.MaxValue / 2 }, null, null, null), "too long", StringComparison.Ordinal);
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
