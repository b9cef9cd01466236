using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Tests.Models;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Pipeline;

/// <summary>What is told of a model that was planned without the nodes that nobody reads: their leaving, and the whole model's cost as it is.</summary>
[TestClass]
public sealed class UnreadPartTests
{
    private const string Unread = "nobody_reads_this";

    private static readonly AppliedRewrite _other = new("other", ["Exp_0"], Exact: true, 8);

    [TestMethod]
    [DataRow(900, 600, 300, DisplayName = "the whole costs more")]
    [DataRow(600, 600, 0, DisplayName = "both cost the same")]
    [DataRow(500, 600, 0, DisplayName = "the whole is said to cost less, without fusion")]
    public void The_nodes_that_went_are_told_with_what_they_cost(int ofWhole, int ofRest, int saved)
    {
        OptimizationResult told = Told(whole => whole with { Peak = whole.Peak with { OriginalBytes = ofWhole } }, rest => rest with { Peak = rest.Peak with { OriginalBytes = ofRest } });
        Assert.AreEqual((UnreadNodes.Kind, Unread, true, (long)saved), (told.Rewrites[0].Kind, told.Rewrites[0].Nodes.Single(), told.Rewrites[0].Exact, told.Rewrites[0].SavedBytes));
        Assert.AreSame(_other, told.Rewrites[1]);
        Assert.HasCount(2, told.Rewrites);
        Assert.AreEqual(Math.Max(ofWhole, ofRest), told.Peak.OriginalBytes);
    }

    [TestMethod]
    public void What_the_whole_says_of_them_stands()
    {
        AppliedRewrite gone = new(UnreadNodes.Kind, ["a", "b"], Exact: true, 12);
        OptimizationResult told = Told(whole => whole with { Rewrites = [gone, new AppliedRewrite("of the whole alone", ["c"], Exact: false, 4)] }, rest => rest);
        CollectionAssert.AreEqual(new[] { gone, _other }, told.Rewrites.ToArray());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void What_it_costs_as_it_is_is_the_whole_models_unless_the_rest_costs_more(bool wholeCostsMore)
    {
        long[] profile = [1, 2, 3];
        OptimizationResult? less = null;
        OptimizationResult told = Told(
            whole => whole with { Peak = whole.Peak with { OriginalBytes = wholeCostsMore ? 1_000_000 : 1, OriginalPlainSessionBytes = 77 }, OriginalProfile = profile, OriginalPeakStep = null },
            rest => less = rest with { Peak = rest.Peak with { OriginalBytes = 1000, OriginalPlainSessionBytes = 55 } });
        Assert.IsNotNull(less!.OriginalPeakStep);
        Assert.AreEqual(wholeCostsMore ? (1_000_000, 77L) : (1000, 55L), (told.Peak.OriginalBytes, told.Peak.OriginalPlainSessionBytes));
        Assert.AreSame(wholeCostsMore ? profile : less.OriginalProfile, told.OriginalProfile);
        Assert.AreSame(wholeCostsMore ? null : less.OriginalPeakStep, told.OriginalPeakStep);
        // All else is the rest's.
        Assert.AreEqual((less.Peak.Bytes, less.Model, less.Verification), (told.Peak.Bytes, told.Model, told.Verification));
    }

    [TestMethod]
    public void Of_a_whole_that_cannot_be_planned_the_rest_tells_what_went_and_its_own_cost()
    {
        OptimizationResult told = Told(_ => throw new SerenityException(SerenityCodes.UnknownSize, "net.onnx", "Made up by the test."), rest => rest with { Peak = rest.Peak with { OriginalBytes = 600 } });
        Assert.AreEqual((UnreadNodes.Kind, Unread, 0L), (told.Rewrites[0].Kind, told.Rewrites[0].Nodes.Single(), told.Rewrites[0].SavedBytes));
        Assert.AreEqual(600, told.Peak.OriginalBytes);
    }

    [TestMethod]
    [DataRow("input", true, true)]
    [DataRow("fused", true, false)]
    [DataRow("cast", false, true)]
    public void A_rest_that_ONNX_Runtime_would_run_otherwise_than_the_whole_is_not_fused_or_not_planned(string read, bool plansRest, bool fuses)
    {
        OnnxModelBuilder b = new();
        string x = b.Input("x", TensorProto.Types.DataType.Float, 4, 6), fused = b.Node("Exp", [x]), cast = b.Node("Cast", [fused], ("to", 7L));
        b.Output(b.Node("Cast", [cast], ("to", 6L)), TensorProto.Types.DataType.Int32, 4, 6);
        ModelProto model = b.Build();
        string seen = read switch { "input" => x, "fused" => fused, _ => cast };
        model.Graph.Node.Add(new NodeProto { OpType = "NonZero", Name = Unread, Input = { seen }, Output = { "positions" } });
        using TempFolder folder = new();
        string path = folder.File("net.onnx", ModelFile.ToBytes(model));
        List<(bool IsRest, bool Fuse)> planned = [];
        UnreadPart.Plan(ModelFile.Load(path), new OptimizeRequest { ModelPath = path }, (file, request) =>
        {
            planned.Add((file.Model.Graph.Node.All(n => n.OpType != "NonZero"), request.Fuse));
            using TempFolder rest = new();
            string without = rest.File("net.onnx", ModelFile.ToBytes(b.Build()));
            return ModelOptimizer.Optimize(new OptimizeRequest { ModelPath = without });
        });
        Assert.AreEqual(plansRest, planned[0].IsRest);
        Assert.AreEqual(fuses, planned[0].Fuse);
        Assert.AreEqual(plansRest, planned.Exists(p => p.IsRest));
    }

    /// <summary>The result for a model with a node that nobody reads and that may hold a plan up, where the whole and the rest are planned as told.</summary>
    private static OptimizationResult Told(Func<OptimizationResult, OptimizationResult> whole, Func<OptimizationResult, OptimizationResult> rest)
    {
        OnnxModelBuilder b = new();
        string x = b.Input("x", TensorProto.Types.DataType.Float, 4, 6);
        b.Output(b.Node("Tanh", [b.Node("Exp", [x])]), TensorProto.Types.DataType.Float, 4, 6);
        ModelProto model = b.Build();
        model.Graph.Node.Add(new NodeProto { OpType = "NonZero", Name = Unread, Input = { x }, Output = { "positions" } });
        using TempFolder folder = new();
        OptimizeRequest request = new() { ModelPath = folder.File("net.onnx", ModelFile.ToBytes(model)), Verify = false };
        List<bool> asked = [];
        OptimizationResult told = UnreadPart.Plan(ModelFile.Load(request.ModelPath), request, (file, wanted) =>
        {
            bool isWhole = file.Model.Graph.Node.Any(n => n.Name == Unread);
            asked.Add(isWhole);
            OptimizationResult made = ModelOptimizer.Optimize(request) with { Rewrites = isWhole ? [] : [_other] };
            return isWhole ? whole(made) : rest(made);
        });
        CollectionAssert.AreEqual(new[] { false, true }, asked, "the rest is planned at once, and the whole only for what it costs");
        return told;
    }
}
