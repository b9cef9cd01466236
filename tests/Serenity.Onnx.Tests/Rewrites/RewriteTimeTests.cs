using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>A rewrite that would make the model slow is not taken; one that costs little is.</summary>
[TestClass]
public sealed class RewriteTimeTests
{
    [TestMethod]
    public void A_stem_is_not_split_when_its_columns_are_most_of_the_work()
    {
        ModelProto model = ExpandedModel.Create(3, 32, kernel: 3, size: 64);
        RewriteOutcome free = Search(model, double.PositiveInfinity);
        Assert.IsTrue(free.Applied.Any(r => r.Kind == "ChannelSplit"));
        Assert.IsTrue(free.Work is { Ratio: > 1.1, Limited: false });
        RewriteOutcome limited = Search(model, null);
        Assert.IsEmpty(limited.Applied);
        Assert.IsTrue(limited.Work is { Ratio: 1, Limited: true });
        Assert.AreEqual(limited.Original.PeakBytes, limited.Best.PeakBytes);
    }

    [TestMethod]
    public void A_pointwise_expansion_is_split()
    {
        RewriteOutcome outcome = Search(ExpandedModel.Create(16, 96, kernel: 1), null);
        Assert.IsTrue(outcome.Applied.Any(r => r.Kind == "ChannelSplit"));
        Assert.IsLessThan(outcome.Original.PeakBytes, outcome.Best.PeakBytes);
    }

    /// <summary>A run that takes longer is traced to what makes it longer: the manifest and the report tell it of each rewrite.</summary>
    [TestMethod]
    public void What_each_rewrite_adds_to_the_predicted_time_comes_to_all_that_is_added()
    {
        ModelProto[] models =
        [
            ExpandedModel.Create(16, 96, kernel: 1), IrregularModels.WattsStrogatz(vertices: 10, seed: 3, channels: 12, size: 12),
            IrregularModels.DartsCell(channels: 16, size: 14), YoloModel.Create(size: 96),
        ];
        int told = 0;
        foreach (ModelProto model in models)
        {
            using TempFolder folder = new();
            string path = folder.File("model.onnx", ModelFile.ToBytes(model));
            OptimizationResult result = ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = path, Verify = false });
            Assert.IsTrue(result.Rewrites.All(r => r.AddedTime is not null && r.Kind.Length > 0 && r.Nodes.Count > 0));
            Assert.AreEqual(result.Work.Ratio - 1, result.Rewrites.Sum(r => r.AddedTime!.Value), 1e-9, model.Graph.Name);
            told += result.Rewrites.Count(r => r.AddedTime != 0);
        }
        Assert.IsGreaterThan(0, told);
    }

    private static RewriteOutcome Search(ModelProto model, double? workLimit)
    {
        ShapeTable shapes = ShapeInference.Run(model, "model.onnx", new Dictionary<string, long>(), default).Main;
        RewriteOptions options = new() { Executor = Executor.OnnxRuntime, Level = RewriteLevel.All, ModelPath = "model.onnx" };
        if (workLimit is { } limit)
            options = options with { WorkLimit = limit };
        RewriteCandidate source = RewriteCandidate.Unchanged(model, shapes);
        return RewriteSearch.Run(source, options, new OnnxRuntimeCosts(source, OnnxRuntimePlanOptions.Default));
    }
}
