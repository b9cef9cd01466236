using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Testing;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Models that were met at users', or rebuilt from what they reported: each is planned and verified, or refused for the reason that it is known for.</summary>
[TestClass]
public sealed class SharedCasesTests
{
    /// <summary>Sizes of what a case leaves open.</summary>
    private static readonly Dictionary<string, (string Name, long Size)[]> _sizes = new(StringComparer.Ordinal)
    {
        ["bert_unnamed"] = [("input_ids:0", 1), ("input_ids:1", 16), ("attention_mask:0", 1), ("attention_mask:1", 16)],
        ["llm_gqa_int4"] = [("batch_size", 1), ("sequence_length", 5), ("total_sequence_length", 5), ("past_sequence_length", 0)],
        ["optimum_decoder_expr"] = [("batch_size", 1), ("sequence_length", 4), ("past_sequence_length", 0)],
        ["piper_like"] = [("batch_size", 1), ("phonemes", 16)],
        ["skl_logreg_zipmap"] = [("float_input:0", 5)],
        ["unnamed_min"] = [("x:0", 3)],
        ["unnamed_two_inputs"] = [("ids:0", 1), ("ids:1", 9), ("mask:0", 1), ("mask:1", 9)],
        ["whisper_merged"] = [("batch_size", 1), ("decoder_sequence_length", 1), ("encoder_sequence_length", 128), ("past_decoder_sequence_length", 127), ("encoder_sequence_length_out", 64)],
    };

    /// <summary>Those that are no models that ONNX Runtime loads.</summary>
    private static readonly Dictionary<string, string> _refused = new(StringComparer.Ordinal)
    {
        ["fchain4000"] = SerenityCodes.InvalidGraph,
        ["funcs40000"] = SerenityCodes.InvalidGraph,
        ["laughs30"] = SerenityCodes.InvalidGraph,
    };

    // Ends the process that it is run in; SER1702 has tests of its own.
    private const string Crashes = "onnx_test_if_opt";

    private static IEnumerable<object[]> Cases => SharedData.Files("cases", "*.onnx").Select(Path.GetFileNameWithoutExtension).Where(name => name != Crashes).DefaultIfEmpty("").Select(name => new object[] { name! });

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void It_is_planned_or_refused_for_what_is_wrong(string name)
    {
        if (Find(name) is not { } path)
        {
            Assert.Inconclusive("../shared/cases is missing.");
            return;
        }
        OptimizeRequest request = new()
        {
            ModelPath = path,
            FreeDimensions = _sizes.GetValueOrDefault(name, []).ToDictionary(s => s.Name, s => s.Size),
            Bounds = name == "piper_like" ? new Dictionary<string, long[]> { ["t18_0"] = [400] } : null,
        };
        if (_refused.TryGetValue(name, out string? code))
        {
            Assert.AreEqual(code, Assert.ThrowsExactly<SerenityException>(() => ModelOptimizer.Optimize(request)).Code);
            return;
        }
        OptimizationResult result = ModelOptimizer.Optimize(request);
        Assert.AreNotEqual("skipped", result.Verification!.Status, result.Verification.Reason);
        Assert.IsLessThanOrEqualTo(result.Peak.OriginalBytes, result.Peak.Bytes);
        Assert.IsTrue(!result.Peak.Optimal || result.Peak.Bytes == result.Peak.LowerBoundBytes);
        if (result.Verification.MeasuredBytes is { } measured)
            Assert.IsTrue(result.Peak.AtMost ? measured <= result.Peak.Bytes : measured >= result.Peak.Bytes && measured <= result.Peak.RequiredBytes, $"{measured} of {result.Peak.Bytes}");
    }

    [TestMethod]
    [DataRow(RewriteLevel.None)]
    [DataRow(RewriteLevel.Exact)]
    [DataRow(RewriteLevel.All)]
    public void Stated_sizes_cost_no_more_than_stated_scales(RewriteLevel level)
    {
        if (Find("resize_sizes") is not { } sizes || Find("resize_scales") is not { } scales)
        {
            Assert.Inconclusive("../shared/cases is missing.");
            return;
        }
        long Peak(string path) => ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Rewrite = level }).Peak.Bytes;
        Assert.AreEqual(Peak(scales), Peak(sizes));
    }

    private static string? Find(string name) => name.Length > 0 && SharedData.PathOf($"cases/{name}.onnx") is { } path && File.Exists(path) ? path : null;
}
