using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Ranges;

/// <summary>One file for a range of sizes, for networks as people export them. The sweep runs 60 sizes of each.</summary>
[TestClass]
public sealed class OpenModelRangeTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("decoder", "batch=1;seq=1;past=0..255")]
    [DataRow("prompt", "batch=1..2;seq=1..16;past=0..32")]
    [DataRow("reader", "width=8..160")]
    [DataRow("encoder", "batch=1..4;sequence=1..64")]
    [DataRow("classifier", "batch=1..2;height=32..128;width=32..128")]
    [DataRow("MiniLM", "batch=1;sequence=1..128")]
    public void The_written_file_takes_what_the_formula_says(string kind, string dimensions)
    {
        if (kind == "MiniLM" && !RangeTruth.IsSweep)
            Assert.Inconclusive("Six layers of 384 are for the sweep.");
        ModelProto model = kind switch
        {
            "reader" => OpenModels.LineReader(),
            "classifier" => OpenModels.PhotoClassifier(),
            "MiniLM" => SentenceEncoder.Create(layers: 6, width: 384, heads: 12),
            "encoder" => SentenceEncoder.Create(layers: 2, width: 64, heads: 4),
            _ => OpenModels.DecoderStep(2, 64, 4),
        };
        DirectoryInfo folder = Directory.CreateTempSubdirectory("serenity-test-");
        try
        {
            string path = Path.Combine(folder.FullName, kind + ".onnx");
            File.WriteAllBytes(path, ModelFile.ToBytes(model, path));
            RangeTruth.Outcome outcome = RangeTruth.Check(path, dimensions, RangeTruth.SizesEach(6));
            TestContext.WriteLine($"{outcome.Result.Peak.OriginalBytes} -> {outcome.Result.Peak.Bytes}, bound {outcome.Result.Peak.LowerBoundBytes}: {string.Join(" | ", outcome.Result.Range!.Peaks)}");
            Assert.AreEqual(0, outcome.Below);
            // With one size of a prompt ONNX Runtime folds the mask, and fuses more; pieces need neither.
            double beside = RangeTruth.BesideOneSize(path, dimensions);
            TestContext.WriteLine($"{beside:0.###} times the plan for the largest sizes alone");
            Assert.IsLessThanOrEqualTo(kind == "prompt" ? 1.2 : 1.05, beside);
            TestContext.WriteLine(RangeTruth.Row(kind, path, dimensions, outcome));
            Assert.IsNull(outcome.Result.Range.OneSize?.Value);
            // Without pieces the value is named that does not exist there, with who makes it.
            OneSizeFacts? one = kind == "prompt" ? ModelOptimizer.Optimize(RangeTruth.Request(path, dimensions) with { Partition = false, Verify = false }).Range!.OneSize : null;
            Assert.AreEqual(kind == "prompt" ? "MatMul" : null, one?.Operator);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
