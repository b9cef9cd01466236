using Serenity.Testing;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>One file for a range of sizes, for models that people ship.</summary>
[TestClass]
public sealed class SharedRangeTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("models/seq/own_tiny_bert.onnx", "batch=1..4;seq=1..64")]
    [DataRow("models/seq/own_conv_gru_lstm.onnx", "frames=8..200")]
    [DataRow("models/cnn/tv_mobilenet_v3_small_dyn.onnx", "batch=1..2;height=32..128;width=32..128")]
    [DataRow("cases/optimum_decoder_expr.onnx", "batch_size=1..2;sequence_length=1..8;past_sequence_length=0..64")]
    [DataRow("cases/llm_gqa_int4.onnx", "batch_size=1;sequence_length=1;past_sequence_length=0..255;total_sequence_length=past_sequence_length+sequence_length")]
    public void The_written_file_takes_what_the_formula_says(string model, string dimensions)
    {
        string path = SharedData.PathOf(model) ?? "";
        if (!File.Exists(path))
            Assert.Inconclusive($"{model} is not beside the checkout.");
        RangeTruth.Outcome outcome = RangeTruth.Check(path, dimensions, RangeTruth.SizesEach(6));
        TestContext.WriteLine($"{outcome.Result.Peak.OriginalBytes} -> {outcome.Result.Peak.Bytes}, bound {outcome.Result.Peak.LowerBoundBytes}: {string.Join(" | ", outcome.Result.Range!.Peaks)}");
        TestContext.WriteLine(string.Join("\n", outcome.Result.Warnings.Select(w => w.Message)));
        TestContext.WriteLine($"required {outcome.Result.Peak.RequiredBytes}, equal at {outcome.RequiredEqual} of {outcome.Equal + outcome.Below}: {string.Join(" | ", outcome.Result.Range.Required)}");
        Assert.AreEqual(0, outcome.Below);
        Assert.AreEqual(outcome.Equal, outcome.RequiredEqual);
        TestContext.WriteLine(RangeTruth.Row(Path.GetFileNameWithoutExtension(model), path, dimensions, outcome));
        double beside = RangeTruth.BesideOneSize(path, dimensions);
        TestContext.WriteLine($"{beside:0.###} times the plan for the largest sizes alone");
        Assert.IsLessThanOrEqualTo(1.05, beside);
    }
}
