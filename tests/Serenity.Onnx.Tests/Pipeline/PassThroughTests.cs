using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Onnx.Verification;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>What becomes of a model whose plan does not hold in verification, which a test has to make up.</summary>
[TestClass]
public sealed class PassThroughTests
{
    [TestMethod]
    [DataRow(SerenityCodes.OutputsDiffer, 2)]
    [DataRow(SerenityCodes.OrderDiffers, 1)]
    [DataRow(SerenityCodes.MemoryDiffers, 1)]
    public void The_model_as_it_is_stands_in_with_figures_that_were_measured(string code, int times)
    {
        (OptimizeRequest request, SourceModel source) = Cell(Executor.OnnxRuntime);
        OptimizationResult result = new OnnxRuntimePipeline(request, source, default) { Verifier = Failing(code, times) }.Run();
        CollectionAssert.AreEqual(source.File.Model.ToByteArray(), result.Model.ToByteArray());
        Assert.HasCount(times, result.Warnings);
        Assert.AreEqual(SerenityCodes.PassedThrough, result.Warnings[^1].Code);
        StringAssert.Contains(result.Warnings[^1].Message, code);
        Assert.AreEqual(("passed", result.Peak.Bytes), (result.Verification!.Status, result.Verification.MeasuredBytes));
        Assert.AreEqual(result.Peak.OriginalBytes, result.Peak.Bytes);
        Assert.IsLessThanOrEqualTo(result.Peak.LiveBytes, result.Peak.LowerBoundBytes);
        Assert.IsEmpty(result.Rewrites);
        CollectionAssert.AreEqual(result.OriginalProfile.ToArray(), result.Profile.ToArray());
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Exact_rewrites_stand_in_for_those_that_change_a_result(Executor executor)
    {
        (OptimizeRequest request, SourceModel source) = Prepare(executor, IrregularModels.WattsStrogatz(32, 4, 0.75, 1, 4, 8, narySums: true));
        OptimizationResult result = executor == Executor.OnnxRuntime
            ? new OnnxRuntimePipeline(request, source, default) { Verifier = Failing(SerenityCodes.OutputsDiffer, times: 1) }.Run()
            : new StaticArenaPipeline(request, source, default) { Verifier = Failing(SerenityCodes.OutputsDiffer, times: 1) }.Run();
        Assert.IsTrue(result.Rewrites.All(r => r.Exact));
        Assert.AreEqual("passed", result.Verification!.Status);
        StringAssert.Contains(result.Warnings.Single().Message, "order of floating-point sums");
        Assert.IsLessThanOrEqualTo(result.Peak.OriginalBytes, result.Peak.Bytes);
        CollectionAssert.AreNotEqual(source.File.Model.ToByteArray(), result.Model.ToByteArray());
    }

    [TestMethod]
    public void An_arena_falls_back_to_the_order_of_the_file()
    {
        (OptimizeRequest request, SourceModel source) = Cell(Executor.StaticArena);
        OptimizationResult result = new StaticArenaPipeline(request, source, default) { Verifier = Failing(SerenityCodes.OutputsDiffer, times: 1) }.Run();
        CollectionAssert.AreEqual(source.Model.Graph.Node.Select(n => n.Name).ToArray(), result.Schedule.ToArray());
        Assert.AreEqual(SerenityCodes.PassedThrough, result.Warnings[^1].Code);
        Assert.IsEmpty(result.Rewrites);
        Assert.AreEqual("passed", result.Verification!.Status);
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Where_that_does_not_hold_either_it_is_an_error(Executor executor)
    {
        (OptimizeRequest request, SourceModel source) = Cell(executor);
        SerenityException fault = Assert.ThrowsExactly<SerenityException>(() => executor == Executor.OnnxRuntime
            ? new OnnxRuntimePipeline(request, source, default) { Verifier = Failing(SerenityCodes.MemoryDiffers, times: 2) }.Run()
            : new StaticArenaPipeline(request, source, default) { Verifier = Failing(SerenityCodes.MemoryDiffers, times: 2) }.Run());
        Assert.AreEqual(SerenityCodes.MemoryDiffers, fault.Code);
    }

    private static Func<VerificationRequest, CancellationToken, VerificationOutcome> Failing(string code, int times) => (request, cancellation) =>
        times-- > 0 ? throw new SerenityException(code, request.File, "Made up by the test.") : ModelVerifier.Verify(request, cancellation);

    private static (OptimizeRequest Request, SourceModel Source) Cell(Executor executor) =>
        Prepare(executor, IrregularModels.DartsCell(vertices: 4, seed: 3, channels: 8, size: 8));

    private static (OptimizeRequest Request, SourceModel Source) Prepare(Executor executor, ModelProto model)
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Root, "cell.onnx");
        ModelFile.Save(model, path);
        OptimizeRequest request = new() { ModelPath = path, Executor = executor };
        return (request, SourceModel.Prepare(ModelFile.Load(path), request, default));
    }
}
