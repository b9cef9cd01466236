using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>Detectors with their post-processing, and speech of predicted length: planned with a bound, for every executor.</summary>
[TestClass]
public sealed class DetectorTests
{
    private static IEnumerable<object[]> Kinds => DetectorModels.Kinds.Select(kind => new object[] { kind });

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void A_model_with_its_post_processing_is_planned(string kind)
    {
        ModelProto model = DetectorModels.Create(kind);
        Dictionary<string, long[]>? bounds = null;
        if (kind == "TTS")
        {
            // No rule says how long speech gets; the message has the line.
            SerenityException unknown = Assert.ThrowsExactly<SerenityException>(() => Optimize(model, Executor.OnnxRuntime, null));
            string name = model.Graph.Node.Single(n => n.OpType == "Range").Output[0];
            StringAssert.Contains(unknown.Message, $"Bounds=\"{name}=100\"");
            bounds = new() { [name] = [400] };
        }
        OptimizationResult result = Optimize(model, Executor.OnnxRuntime, bounds), arena = Optimize(model, Executor.StaticArena, bounds);
        Assert.IsTrue(result.Peak.AtMost && arena.Peak.AtMost);
        Assert.AreNotEqual("skipped", result.Verification!.Status, result.Verification.Reason);
        Assert.IsLessThanOrEqualTo(result.Peak.Bytes, result.Verification.MeasuredBytes!.Value);
        Assert.IsLessThanOrEqualTo(arena.Peak.OriginalBytes, arena.Peak.Bytes);
        Assert.DoesNotContain("was not run in its arena", arena.Verification!.Reason ?? "");
        Assert.IsTrue(result.Bounds.All(b => b.Origin == (kind == "TTS" ? SizeOrigin.Stated : SizeOrigin.Rule)), string.Join(", ", result.Bounds));
    }

    [TestMethod]
    public void The_detectors_that_were_met_are_planned()
    {
        string[] files = [.. SharedData.Files("models/detseg", "*.onnx")];
        if (files.Length == 0)
        {
            Assert.Inconclusive("../shared/models is missing.");
            return;
        }
        foreach (string path in files.Where(f => f.Contains("ssdlite", StringComparison.Ordinal)))
            Assert.IsGreaterThan(0, ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Verify = false, Partition = false, Rewrite = RewriteLevel.None }).Peak.Bytes);
    }

    [TestMethod]
    public void A_classifier_of_classical_machine_learning_takes_any_number_of_rows()
    {
        if (SharedData.Files("models", "*.onnx").FirstOrDefault(f => f.Contains("tract_linear_classifier", StringComparison.Ordinal)) is not { } path)
        {
            Assert.Inconclusive("../shared/models is missing.");
            return;
        }
        OptimizationResult five = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, FreeDimensions = new Dictionary<string, long> { ["input:0"] = 5 } });
        Assert.AreEqual("passed", five.Verification!.Status, five.Verification.Reason);
        Assert.AreEqual(five.Peak.Bytes, five.Verification.MeasuredBytes);
    }

    private static OptimizationResult Optimize(ModelProto model, Executor executor, IReadOnlyDictionary<string, long[]>? bounds)
    {
        using TempFolder folder = new();
        return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = folder.File("model.onnx", ModelFile.ToBytes(model)), Executor = executor, Bounds = bounds });
    }
}
