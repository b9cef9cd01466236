using System.Text.RegularExpressions;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Open dimensions, with and without names, with every size, and what is proposed for them.</summary>
[TestClass]
public sealed partial class OpenDimensionTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    [DataRow(3L)]
    [DataRow(1000L)]
    public void A_dimension_without_a_name_has_the_size_asked_for(long size)
    {
        foreach (Executor executor in Enum.GetValues<Executor>())
        {
            OptimizationResult result = Optimize(Unnamed(), executor, ("x:0", size));
            Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
            Assert.AreEqual(size * 4 * 4, result.Peak.InputBytes);
            if (executor == Executor.OnnxRuntime)
                Assert.AreEqual(size * 4 * 4, result.Peak.Bytes);
        }
    }

    /// <summary>ONNX Runtime fuses one way where it knows sizes and another where it does not; the source is run with the sizes asked for.</summary>
    [TestMethod]
    public void A_model_of_inputs_without_names_is_compared_with_the_source_at_the_same_sizes()
    {
        OptimizationResult result = OptimizeCase("bert_unnamed.onnx", ("input_ids:0", 1), ("input_ids:1", 16), ("attention_mask:0", 1), ("attention_mask:1", 16));
        Assert.AreEqual("passed", result.Verification!.Status, result.Verification.Reason);
        Assert.IsEmpty(result.Warnings);
        Assert.IsLessThan(result.Peak.OriginalBytes, result.Peak.Bytes);
    }

    [TestMethod]
    public void A_cache_is_empty_at_the_first_step_and_a_formula_follows_from_its_symbols()
    {
        OptimizationResult first = OptimizeCase("optimum_decoder_expr.onnx", ("batch_size", 1), ("sequence_length", 5), ("past_sequence_length", 0));
        Assert.AreEqual("passed", first.Verification!.Status, first.Verification.Reason);
        OptimizationResult later = OptimizeCase("optimum_decoder_expr.onnx", ("batch_size", 1), ("sequence_length", 1), ("past_sequence_length + sequence_length", 8));
        Assert.AreEqual("passed", later.Verification!.Status, later.Verification.Reason);
        // past = 7: 8 masked positions and a token, 8 bytes each, beside two caches of 4 * 7 * 8 floats.
        Assert.AreEqual((8 + 1) * 8 + 2 * 4 * 7 * 8 * 4, later.Peak.InputBytes);
        OptimizationResult attention = OptimizeCase("llm_gqa_int4.onnx", ("batch_size", 1), ("sequence_length", 5), ("past_sequence_length", 0), ("total_sequence_length", 5));
        Assert.AreEqual("passed", attention.Verification!.Status, attention.Verification.Reason);
    }

    [TestMethod]
    public void Sizes_that_contradict_a_formula_are_refused_with_the_right_one()
    {
        SerenityException refused = Assert.ThrowsExactly<SerenityException>(
            () => Optimize(Cached(), Executor.OnnxRuntime, ("past", 3), ("seq", 2), ("past + seq", 6)));
        Assert.AreEqual(SerenityCodes.BadFreeDimension, refused.Code);
        StringAssert.Contains(refused.Message, "sets 'past + seq' to 6, but it is 5 with past=3, seq=2", StringComparison.Ordinal);
        Assert.AreEqual("passed", Optimize(Cached(), Executor.OnnxRuntime, ("past", 3), ("seq", 2), ("past + seq", 5)).Verification!.Status);
    }

    [TestMethod]
    public void What_a_message_proposes_works()
    {
        List<(string Name, Func<IReadOnlyDictionary<string, long>, OptimizationResult> Optimize)> models =
        [
            ("unnamed", sizes => Optimize(Unnamed(), Executor.OnnxRuntime, sizes)),
            ("cached", sizes => Optimize(Cached(), Executor.OnnxRuntime, sizes)),
            ("short table", sizes => Optimize(ShortTable(), Executor.OnnxRuntime, sizes)),
        ];
        foreach (string name in (string[])["unnamed_min", "unnamed_two_inputs", "bert_unnamed", "optimum_decoder_expr", "llm_gqa_int4", "skl_logreg_zipmap"])
        {
            if (SharedData.PathOf($"cases/{name}.onnx") is { } path && File.Exists(path))
                models.Add((name, sizes => ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, FreeDimensions = sizes })));
        }
        foreach ((string name, Func<IReadOnlyDictionary<string, long>, OptimizationResult> optimize) in models)
        {
            string message = Assert.ThrowsExactly<SerenityException>(() => optimize(new Dictionary<string, long>())).Message;
            Dictionary<string, long> proposed = Proposal().Match(message).Groups[1].Value.Split(';').Select(p => p.Split('=')).ToDictionary(p => p[0], p => long.Parse(p[1]));
            OptimizationResult result = optimize(proposed);
            Assert.AreEqual("passed", result.Verification!.Status, $"{name}: {result.Verification.Reason}");
        }
    }

    [GeneratedRegex("FreeDimensions=\"([^\"]*)\"")]
    private static partial Regex Proposal();

    private static ModelProto Unnamed()
    {
        OnnxModelBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.Input("x", DataType.Float, -1, 4)]), DataType.Float, null);
        return builder.Build();
    }

    private static ModelProto Cached()
    {
        OnnxModelBuilder builder = new();
        string past = builder.SymbolicInput("cache", DataType.Float, "past", 3), now = builder.SymbolicInput("now", DataType.Float, "seq", 3);
        string all = builder.Node("Concat", [past, now], ("axis", 0L));
        builder.Output(builder.Node("Mul", [all, builder.SymbolicInput("mask", DataType.Float, "past + seq", 1)]), DataType.Float, null);
        return builder.Build();
    }

    // A table of 20 positions: no realistic length of a sequence works.
    private static ModelProto ShortTable()
    {
        OnnxModelBuilder builder = new();
        string x = builder.Input("x", DataType.Float, -1, -1, 2), table = builder.Weight(new float[40], 20, 2);
        string length = builder.Node("Gather", [builder.Node("Shape", [x]), builder.Integers(1)]);
        string rows = builder.Node("Slice", [table, builder.Integers(0), length]);
        builder.Output(builder.Node("Add", [x, rows]), DataType.Float, null);
        return builder.Build();
    }

    private static OptimizationResult Optimize(ModelProto model, Executor executor, params (string Name, long Size)[] sizes) =>
        Optimize(model, executor, sizes.ToDictionary(s => s.Name, s => s.Size));

    private static OptimizationResult Optimize(ModelProto model, Executor executor, IReadOnlyDictionary<string, long> sizes)
    {
        using TempFolder folder = new();
        string path = folder.File("model.onnx", ModelFile.ToBytes(model, null));
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Executor = executor, FreeDimensions = sizes });
    }

    private static OptimizationResult OptimizeCase(string file, params (string Name, long Size)[] sizes)
    {
        if (SharedData.PathOf($"cases/{file}") is not { } path || !File.Exists(path))
        {
            Assert.Inconclusive("../shared/cases is missing.");
            throw new InvalidOperationException();
        }
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, FreeDimensions = sizes.ToDictionary(s => s.Name, s => s.Size) });
    }
}
