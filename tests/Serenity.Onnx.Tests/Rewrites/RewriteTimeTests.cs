using Serenity.Onnx.Ort;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Testing;
using Serenity.Testing.Models;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>A rewrite that would make the model slow is not taken; one that costs little is.</summary>
[TestClass]
public sealed class RewriteTimeTests
{
    [TestMethod]
    public void A_stem_is_not_split_when_its_columns_are_most_of_the_work()
    {
        ModelProto model = Expanded(3, 32, kernel: 3);
        Assert.IsTrue(Search(model, double.PositiveInfinity).Applied.Any(r => r.Kind == "ChannelSplit"));
        RewriteOutcome limited = Search(model, null);
        Assert.IsEmpty(limited.Applied);
        Assert.AreEqual(limited.Original.PeakBytes, limited.Best.PeakBytes);
    }

    [TestMethod]
    public void A_pointwise_expansion_is_split()
    {
        RewriteOutcome outcome = Search(Expanded(16, 96, kernel: 1), null);
        Assert.IsTrue(outcome.Applied.Any(r => r.Kind == "ChannelSplit"));
        Assert.IsLessThan(outcome.Original.PeakBytes, outcome.Best.PeakBytes);
    }

    /// <summary>A convolution to many channels and a 1x1 convolution back to 8, at 32x32.</summary>
    private static ModelProto Expanded(int inputChannels, int channels, int kernel)
    {
        TestRandom random = new(7);
        OnnxModelBuilder b = new();
        string input = b.Input("x", DataType.Float, 1, inputChannels, 32, 32);
        long pad = kernel / 2;
        string wide = b.Node(
            "Conv", [input, b.Weight(random.Floats(channels * inputChannels * kernel * kernel, 0.1), channels, inputChannels, kernel, kernel)],
            ("pads", new long[] { pad, pad, pad, pad }));
        string narrow = b.Node("Conv", [b.Node("Relu", [wide]), b.Weight(random.Floats(8 * channels, 0.1), 8, channels, 1, 1)]);
        b.Output(b.Node("GlobalAveragePool", [narrow]), DataType.Float, 1, 8, 1, 1);
        return b.Build();
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
