using Google.Protobuf;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Partition;
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
    [DataRow(SerenityCodes.OutputsDiffer)]
    [DataRow(SerenityCodes.OrderDiffers)]
    [DataRow(SerenityCodes.MemoryDiffers)]
    public void The_model_as_it_is_stands_in_with_figures_that_were_measured(string code)
    {
        (OptimizeRequest request, SourceModel source) = Cell(Executor.OnnxRuntime);
        request = request with { Rewrite = RewriteLevel.Exact };
        OptimizationResult result = new ModelPipeline(request, source, default) { Verifier = Failing(code, times: 1) }.Run();
        CollectionAssert.AreEqual(source.File.Model.ToByteArray(), result.Model.ToByteArray());
        Assert.HasCount(1, result.Warnings);
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
    public void Exact_rewrites_stand_in_where_no_other_holds(Executor executor)
    {
        (OptimizeRequest request, SourceModel source) = Prepare(executor, IrregularModels.WattsStrogatz(32, 4, 0.75, 1, 4, 8, narySums: true));
        // Whatever is left out, it does not hold, until a plan has nothing else.
        OptimizationResult result = Run(request, source, (asked, cancellation) => asked.Exact ? ModelVerifier.Verify(asked, cancellation) : throw Made(asked));
        Assert.IsTrue(result.Rewrites.All(r => r.Exact));
        Assert.AreEqual("passed", result.Verification!.Status);
        StringAssert.Contains(string.Join('\n', result.Warnings.Select(w => w.Message)), "left out");
        Assert.IsLessThanOrEqualTo(result.Peak.OriginalBytes, result.Peak.Bytes);
        CollectionAssert.AreNotEqual(source.File.Model.ToByteArray(), result.Model.ToByteArray());
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void The_rewrite_at_fault_is_found_and_left_out_alone(Executor executor)
    {
        ModelProto model = ConcatBlocks(7, 6, 5);
        (OptimizeRequest request, SourceModel source) = Prepare(executor, model);
        AppliedRewrite[] all = [.. Run(request, source, ModelVerifier.Verify).Rewrites.Where(r => !r.Exact)];
        Assert.IsGreaterThan(2, all.Length);
        // Without the one in the largest block no other could lower the peak.
        foreach (AppliedRewrite guilty in all[1..])
        {
            // A sum that was rewritten has lost the node that it was, whole or in pieces.
            (request, source) = Prepare(executor, model);
            OptimizationResult result = Run(request, source,
                (asked, cancellation) => asked.Optimized.Graph.Node.Any(n => n.Name == guilty.Nodes[0] || n.Name.StartsWith(guilty.Nodes[0] + "/piece", StringComparison.Ordinal))
                ? ModelVerifier.Verify(asked, cancellation) : throw Made(asked));
            CollectionAssert.AreEqual(new[] { guilty.Nodes[0] }, result.LeftOut.Select(r => r.Nodes[0]).ToArray());
            Assert.AreEqual("Made up by the test.", result.LeftOut[0].Reason);
            Assert.IsTrue(result.Rewrites.Any(r => !r.Exact));
            Assert.AreEqual("passed", result.Verification!.Status);
            StringAssert.Contains(result.Warnings.Single().Message, guilty.Nodes[0]);
        }
    }

    /// <summary>Two parts of the network in pieces. Of a node in the smaller one pieces do not give what they should: the larger stays.</summary>
    [TestMethod]
    [DataRow("Conv_7", SerenityCodes.OutputsDiffer)]
    [DataRow("Conv_9", SerenityCodes.MemoryDiffers)]
    public void The_node_at_fault_is_kept_whole_alone_and_others_stay_in_pieces(string guilty, string code)
    {
        (OptimizeRequest request, SourceModel source) = Prepare(Executor.OnnxRuntime, TwoWideParts());
        request = request with { WorkLimit = 2, Rewrite = RewriteLevel.Exact };
        OptimizationResult all = Run(request, source, ModelVerifier.Verify);
        CollectionAssert.IsSubsetOf(new[] { "Conv_0", guilty }, InPieces(all));
        int runs = 0;
        OptimizationResult result = Run(request, source, Verify);
        string told = $"{string.Join(' ', InPieces(all))}: {string.Join(", ", result.LeftOut.Select(r => $"{r.Kind} {string.Join(' ', r.Nodes)}"))}; {string.Join('\n', result.Warnings.Select(w => w.Message))}";
        CollectionAssert.AreEqual(new[] { guilty }, result.LeftOut.SelectMany(r => r.Nodes).ToArray(), told);
        Assert.AreEqual((ModelPartition.Kind, "Made up by the test."), (result.LeftOut[0].Kind, result.LeftOut[0].Reason));
        CollectionAssert.Contains(InPieces(result), "Conv_0", told);
        CollectionAssert.DoesNotContain(InPieces(result), guilty, told);
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsLessThan(result.Peak.OriginalBytes, result.Peak.Bytes);
        SerenityDiagnostic warning = result.Warnings.Single(w => w.Code == SerenityCodes.PassedThrough);
        StringAssert.Contains(warning.Message, $"'{guilty}'");
        StringAssert.Contains(warning.Message, "Made up by the test.");
        Assert.IsLessThan(20, runs);

        VerificationOutcome Verify(VerificationRequest asked, CancellationToken cancellation)
        {
            runs++;
            return asked.Optimized.Graph.Node.Any(n => n.Name.StartsWith(guilty + "/piece", StringComparison.Ordinal))
                ? throw new SerenityException(code, asked.File, "Made up by the test.") : ModelVerifier.Verify(asked, cancellation);
        }

        static string[] InPieces(OptimizationResult result) => [.. result.Rewrites.Where(r => r.Kind == ModelPartition.Kind).SelectMany(r => r.Nodes)];
    }

    /// <summary>No piece of any node gives what it should: the plan without pieces was run to find that out, and is not run for it again.</summary>
    [TestMethod]
    public void A_plan_without_pieces_that_was_run_to_find_the_node_at_fault_is_not_run_again()
    {
        (OptimizeRequest request, SourceModel source) = Prepare(Executor.OnnxRuntime, TwoWideParts());
        request = request with { WorkLimit = 2, Rewrite = RewriteLevel.Exact };
        List<ModelProto> whole = [];
        OptimizationResult result = Run(request, source, (asked, cancellation) =>
        {
            if (asked.Optimized.Graph.Node.Any(n => n.Name.Contains("/piece", StringComparison.Ordinal)))
                throw Made(asked);
            whole.Add(asked.Optimized);
            return ModelVerifier.Verify(asked, cancellation);
        });
        Assert.AreEqual("passed", result.Verification!.Status);
        Assert.IsTrue(result.Rewrites.All(r => r.Pieces is null));
        Assert.IsTrue(whole.Any(m => ReferenceEquals(m, result.Model)));
        Assert.AreEqual(whole.Count, whole.Distinct(ReferenceEqualityComparer.Instance).Count());
    }

    [TestMethod]
    public void What_is_given_up_is_told_with_the_error_and_with_what_leaves_it_out()
    {
        (_, SourceModel source) = Cell(Executor.OnnxRuntime);
        SerenityException fault = new(SerenityCodes.MemoryDiffers, "net.onnx", "Made up by the test. Report it.") { WhatHappened = "Made up by the test." };
        foreach ((SerenityDiagnostic told, AdvisedSetting setting) in ((SerenityDiagnostic, AdvisedSetting)[])
        [
            (PipelineWarnings.NotPartitioned(source, fault), ModelSetting.Partition.Of("false")), (PipelineWarnings.RewrittenExactly(source, fault), ModelSetting.Rewrite.Of("Exact")),
            (PipelineWarnings.NotInLayout(source, PlanLayout.Blocked8, fault), ModelSetting.Layout.Of("Portable")),
        ])
        {
            StringAssert.EndsWith(told.Message, "SER1503: Made up by the test.");
            StringAssert.Contains(told.Message, setting.ToString());
            Assert.AreEqual(setting, told.Settings!.Single());
        }
    }

    [TestMethod]
    public void An_arena_falls_back_to_the_order_of_the_file()
    {
        (OptimizeRequest request, SourceModel source) = Cell(Executor.StaticArena);
        OptimizationResult result = new ModelPipeline(request, source, default) { Verifier = Failing(SerenityCodes.OutputsDiffer, times: 1) }.Run();
        CollectionAssert.AreEqual(source.Model.Graph.Node.Select(n => n.Name).ToArray(), result.Schedule.ToArray());
        Assert.AreEqual(SerenityCodes.PassedThrough, result.Warnings[^1].Code);
        Assert.IsEmpty(result.Rewrites);
        Assert.AreEqual("passed", result.Verification!.Status);
    }

    [TestMethod]
    public void A_plan_in_rows_that_does_not_hold_is_made_whole()
    {
        OnnxModelBuilder b = new();
        TestRandom random = new(1);
        string x = b.Node("Relu", [b.Node("Conv", [b.Input("x", TensorProto.Types.DataType.Float, 1, 4, 24, 24), b.Weight(random.Floats(16 * 4 * 9, 0.2), 16, 4, 3, 3)])]);
        b.Output(b.Node("Conv", [x, b.Weight(random.Floats(2 * 16 * 9, 0.2), 2, 16, 3, 3)]), TensorProto.Types.DataType.Float, 1, 2, 20, 20);
        (OptimizeRequest request, SourceModel source) = Prepare(Executor.StaticArena, b.Build());
        request = request with { Partition = true };
        OptimizationResult rows = Run(request, source, ModelVerifier.Verify);
        OptimizationResult whole = new ModelPipeline(request, source, default) { Verifier = Failing(SerenityCodes.OutputsDiffer, times: 1) }.Run();
        Assert.IsLessThan(whole.Peak.Bytes, rows.Peak.Bytes);
        Assert.IsGreaterThan(whole.Schedule.Count, rows.Schedule.Count);
        StringAssert.Contains(string.Join('\n', whole.Warnings.Select(w => w.Message)), "Made up by the test.");
        Assert.AreEqual("passed", whole.Verification!.Status);
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void Where_that_does_not_hold_either_it_is_an_error(Executor executor)
    {
        (OptimizeRequest request, SourceModel source) = Cell(executor);
        SerenityException fault = Assert.ThrowsExactly<SerenityException>(() =>
            new ModelPipeline(request, source, default) { Verifier = Failing(SerenityCodes.MemoryDiffers, times: 2) }.Run());
        Assert.AreEqual(SerenityCodes.MemoryDiffers, fault.Code);
    }

    private static OptimizationResult Run(OptimizeRequest request, SourceModel source, Func<VerificationRequest, CancellationToken, VerificationOutcome> verifier) =>
        new ModelPipeline(request, source, default) { Verifier = verifier }.Run();

    private static SerenityException Made(VerificationRequest request) => new(SerenityCodes.OutputsDiffer, request.File, "Made up by the test.");

    private static Func<VerificationRequest, CancellationToken, VerificationOutcome> Failing(string code, int times) => (request, cancellation) =>
        times-- > 0 ? throw new SerenityException(code, request.File, "Made up by the test.") : ModelVerifier.Verify(request, cancellation);

    /// <summary>Twice from few channels to many and back, first to more: with the second alone in pieces, the peak would be at the first.</summary>
    private static ModelProto TwoWideParts()
    {
        OnnxModelBuilder b = new();
        TestRandom random = new(3);
        string at = b.Input("x", TensorProto.Types.DataType.Float, 1, 2, 40, 40);
        foreach (int channels in new[] { 20, 12 })
        {
            at = b.Node("Relu", [Conv(at, 2, channels, 3)]);
            at = b.Node("Sigmoid", [Conv(at, channels, channels, 1)]);
            at = Conv(at, channels, 2, 3);
            at = b.Node("Mul", [at, b.Node("GlobalAveragePool", [at])]);
        }
        b.Output(at, TensorProto.Types.DataType.Float, 1, 2, 40, 40);
        return b.Build();

        string Conv(string from, int channels, int filters, int kernel) => b.Node("Conv", [from, b.Weight(random.Floats(filters * channels * kernel * kernel, 0.3), filters, channels, kernel, kernel)],
            ("pads", new long[] { kernel / 2, kernel / 2, kernel / 2, kernel / 2 }));
    }

    /// <summary>Blocks, each a convolution over a concat of some parts: the more of them, from the largest down, are taken apart, the lower the peak.</summary>
    private static ModelProto ConcatBlocks(params int[] blocks)
    {
        OnnxModelBuilder b = new();
        TestRandom random = new(1);
        string x = b.Input("x", TensorProto.Types.DataType.Float, 1, 4, 24, 24);
        foreach (int count in blocks)
        {
            string[] parts = [.. Enumerable.Range(0, count).Select(_ => b.Node("Relu", [b.Node("Conv", [x, b.Weight(random.Floats(8 * 4, 0.5), 8, 4, 1, 1)])]))];
            x = b.Node("Conv", [b.Node("Concat", parts, ("axis", 1L)), b.Weight(random.Floats(4 * 8 * count, 0.2), 4, 8 * count, 1, 1)]);
        }
        b.Output(b.Node("Relu", [x]), TensorProto.Types.DataType.Float, 1, 4, 24, 24);
        return b.Build();
    }

    private static (OptimizeRequest Request, SourceModel Source) Cell(Executor executor) =>
        Prepare(executor, IrregularModels.DartsCell(vertices: 4, seed: 3, channels: 8, size: 8));

    private static (OptimizeRequest Request, SourceModel Source) Prepare(Executor executor, ModelProto model)
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Root, "cell.onnx");
        ModelFile.Save(model, path);
        // A plan in rows would be made whole before anything else is tried.
        OptimizeRequest request = new() { ModelPath = path, Executor = executor, Partition = executor != Executor.StaticArena };
        return (request, SourceModel.Prepare(ModelFile.Load(path), request, default));
    }
}
