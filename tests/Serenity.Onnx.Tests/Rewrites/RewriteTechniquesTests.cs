using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites;

/// <summary>What makes the search fast changes nothing of what it finds.</summary>
[TestClass]
public sealed class RewriteTechniquesTests
{
    private const RewriteTechniques OfSearch = RewriteTechniques.Goals | RewriteTechniques.RememberSets;

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void The_search_finds_the_same_with_each_technique_on_and_off(Executor executor)
    {
        int rewritten = 0;
        for (ulong seed = 1; seed <= 60 && rewritten < 3; seed++)
        {
            (ModelProto model, ModelShapes shapes) = Model(300 + seed);
            RewriteOutcome none = Search(model, shapes, executor, RewriteTechniques.None);
            if (none.Applied.Count == 0 && seed % 8 != 0)
                continue;
            rewritten += none.Applied.Count > 0 ? 1 : 0;
            foreach (RewriteTechniques techniques in new[] { RewriteTechniques.Goals, RewriteTechniques.RememberSets, OfSearch, RewriteTechniques.All & ~RewriteTechniques.FreeOrder })
            {
                RewriteOutcome other = Search(model, shapes, executor, techniques);
                string what = $"seed {seed}, {techniques}";
                Assert.AreEqual(none.Best.PeakBytes, other.Best.PeakBytes, what);
                Assert.AreEqual(none.Original.PeakBytes, other.Original.PeakBytes, what);
                Assert.AreEqual(other.Original.PeakBytes - other.Best.PeakBytes, other.Applied.Sum(r => r.SavedBytes), what);
                Assert.IsTrue(other.Applied.All(r => r.SavedBytes >= 0), what);
                // Those of the costs may give another schedule of the same peak, and so another set.
                if ((techniques & ~OfSearch) == RewriteTechniques.None)
                    CollectionAssert.AreEqual(none.Applied.Select(Text).ToArray(), other.Applied.Select(Text).ToArray(), what);
            }
        }
        Assert.IsGreaterThan(2, rewritten);

        static string Text(AppliedRewrite rewrite) => $"{rewrite.Kind} {string.Join(" ", rewrite.Nodes)} {rewrite.SavedBytes}";
    }

    [TestMethod]
    [DataRow(Executor.OnnxRuntime)]
    [DataRow(Executor.StaticArena)]
    public void A_set_costs_the_same_with_each_technique_on_and_off(Executor executor)
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            (ModelProto model, ModelShapes shapes) = Model(400 + seed);
            TestRandom random = new(seed);
            RewriteCandidate source = RewriteCandidate.Unchanged(model, shapes.Main);
            ICandidateCosts[] costs =
                [.. new[] { RewriteTechniques.None, RewriteTechniques.SolvedSegments, RewriteTechniques.KnownShapes, RewriteTechniques.Estimates, RewriteTechniques.All & ~RewriteTechniques.FreeOrder }
                .Select(techniques => Costs(source, shapes, executor, techniques))];
            for (int set = 0; set < 4; set++)
            {
                RewriteGraph graph = new(source, executor, "model.onnx");
                RewriteSequence.Apply(graph, RewriteLevel.All, new TestedSites(_ => random.Chance(set == 0 ? 1 : 0.5)));
                RewriteCandidate candidate = graph.ToCandidate();
                long peak = costs[0].Find(candidate, CostEffort.Compare, default).PeakBytes;
                for (int i = 0; i < costs.Length; i++)
                {
                    string what = $"seed {seed}, set {set}, techniques {i}";
                    Assert.IsNull(costs[i].Within(candidate, peak - 1, default), what);
                    RewriteCost? within = costs[i].Within(candidate, peak, default);
                    Assert.IsNotNull(within, what);
                    Assert.AreEqual(peak, within.PeakBytes, what);
                    Assert.IsLessThanOrEqualTo(peak + 64, costs[i].Within(candidate, peak + 64, default)!.PeakBytes, what);
                    Assert.AreEqual(peak, costs[i].Find(candidate, CostEffort.Compare, default).PeakBytes, what);
                }
            }
        }
    }

    [TestMethod]
    public void A_set_is_predicted_the_same_time_with_what_its_nodes_share_computed_once()
    {
        int shared = 0;
        for (ulong seed = 1; seed <= 8; seed++)
        {
            (ModelProto model, ModelShapes shapes) = Model(500 + seed);
            TestRandom random = new(seed);
            RewriteCandidate source = RewriteCandidate.Unchanged(model, shapes.Main);
            SharedTimes times = new(model.Graph, shapes.Main);
            Assert.AreEqual(KernelTime.Of(model.Graph, shapes.Main), times.Of(model.Graph, shapes.Main));
            for (int set = 0; set < 6; set++)
            {
                RewriteGraph graph = new(source, Executor.StaticArena, "model.onnx");
                RewriteSequence.Apply(graph, RewriteLevel.All, new TestedSites(_ => random.Chance(set == 0 ? 1 : 0.5)));
                RewriteCandidate candidate = graph.ToCandidate();
                Assert.AreEqual(KernelTime.Of(candidate.Model.Graph, candidate.Shapes), times.Of(candidate.Model.Graph, candidate.Shapes), $"seed {seed}, set {set}");
                shared += candidate.Model.Graph.Node.Count(node => model.Graph.Node.Any(own => ReferenceEquals(own, node)));
            }
        }
        Assert.IsGreaterThan(20, shared);
    }

    private static (ModelProto Model, ModelShapes Shapes) Model(ulong seed)
    {
        ModelProto model = RandomConcatModel.Create(seed);
        UniqueNames.Assign(model);
        return (model, new ModelShapes(OrtRun.Shapes(model), new Dictionary<SubgraphKey, ShapeTable>(), new Dictionary<SubgraphKey, string>()));
    }

    private static ICandidateCosts Costs(RewriteCandidate source, ModelShapes shapes, Executor executor, RewriteTechniques techniques) =>
        executor == Executor.StaticArena
            ? new StaticArenaCosts(new ArenaTask(shapes, new OptimizeRequest { ModelPath = "model.onnx" }), ScheduleOptions.Default, techniques)
            : new OnnxRuntimeCosts(source, OnnxRuntimePlanOptions.Default, techniques);

    private static RewriteOutcome Search(ModelProto model, ModelShapes shapes, Executor executor, RewriteTechniques techniques)
    {
        RewriteCandidate source = RewriteCandidate.Unchanged(model, shapes.Main);
        RewriteOptions options = new() { Executor = executor, Level = RewriteLevel.All, ModelPath = "model.onnx", Techniques = techniques };
        return RewriteSearch.Run(source, options, Costs(source, shapes, executor, techniques));
    }
}
