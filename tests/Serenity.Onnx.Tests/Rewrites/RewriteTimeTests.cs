using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
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
