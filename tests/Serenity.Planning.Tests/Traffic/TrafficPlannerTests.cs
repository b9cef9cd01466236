using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;
using Serenity.Testing;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Traffic;

/// <summary>The least traffic against every choice there is, for small graphs with every feature, and for real ones against a replay.</summary>
[TestClass]
public sealed class TrafficPlannerTests
{
    /// <summary>Graphs in each part; <c>sweep traffic</c> does 2,500.</summary>
    private static readonly int _graphs = int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), out int many) ? many / 2 : 500;

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void Equals_every_choice_there_is(int part)
    {
        int checkedCases = 0, moved = 0, beladyWorse = 0;
        for (int i = 0; i < _graphs; i++)
        {
            int seed = 9_100_000 + (part * _graphs) + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 3 + (i % 6));
            if (graph.TensorCount > 9)
                continue;
            int[] order = Scheduler.Solve(graph).Order;
            long peak = LiveProfile.Peak(graph, order);
            foreach (long capacity in (long[])[peak, peak - 1, peak * 3 / 4, peak / 2, 0])
            {
                if (capacity < 0)
                    continue;
                long least = LeastTraffic.Of(graph, order, capacity);
                TrafficTechniques random = (TrafficTechniques)new Random(seed).Next((int)TrafficTechniques.All + 1);
                foreach (TrafficTechniques techniques in (TrafficTechniques[])[TrafficTechniques.All, random, TrafficTechniques.None])
                {
                    TrafficPlan plan = TrafficPlanner.Plan(graph, order, capacity, new TrafficOptions { Techniques = techniques, Width = int.MaxValue, MostSets = int.MaxValue });
                    Assert.AreEqual(least, plan.Bytes, $"seed {seed}, capacity {capacity}, {techniques}");
                    Assert.IsTrue(plan.IsOptimal);
                    Assert.IsNull(TrafficValidator.Check(graph, order, plan), $"seed {seed}, capacity {capacity}, {techniques}");
                }
                TrafficPlan belady = BeladyReplacement.Count(graph, order, capacity);
                Assert.IsNull(TrafficValidator.Check(graph, order, belady), $"seed {seed}, capacity {capacity}, Belady");
                Assert.IsGreaterThanOrEqualTo(least, belady.Bytes);
                checkedCases++;
                moved += least > 0 ? 1 : 0;
                beladyWorse += belady.Bytes > least ? 1 : 0;
            }
        }
        Assert.IsGreaterThan(500, checkedCases);
        Assert.IsGreaterThan(200, moved);
        Assert.IsGreaterThan(10, beladyWorse, "Belady's rule is not optimal for tensors, and these graphs do not show it");
    }

    [TestMethod]
    public void A_narrow_search_says_what_it_does_not_know()
    {
        int open = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(9_300_000 + seed, 25);
            int[] order = Scheduler.Solve(graph).Order;
            long capacity = LiveProfile.Peak(graph, order) / 2;
            TrafficPlan least = TrafficPlanner.Plan(graph, order, capacity), narrow = TrafficPlanner.Plan(graph, order, capacity, new TrafficOptions { Width = 1, MostSets = 1 + (seed % 3) });
            Assert.IsNull(TrafficValidator.Check(graph, order, narrow));
            Assert.IsGreaterThanOrEqualTo(least.Bytes, narrow.Bytes);
            Assert.IsLessThanOrEqualTo(least.Bytes, narrow.LowerBoundBytes);
            open += narrow.IsOptimal ? 0 : 1;
        }
        Assert.IsGreaterThan(0, open);
    }

    [TestMethod]
    public void A_tensor_that_each_of_two_hundred_thousand_steps_reads_takes_no_time_by_the_square()
    {
        // Looked for anew at each step, its last use takes 4·10^10 steps, minutes.
        MemoryGraphBuilder b = new();
        int shared = b.AddTensor(64), last = shared;
        for (int i = 0; i < 200_000; i++)
        {
            int op = b.AddOperator();
            b.Reads(op, shared);
            if (last != shared)
                b.Reads(op, last);
            b.Writes(op, last = b.AddTensor(64, isOutput: i == 199_999));
        }
        MemoryGraph graph = b.Build();
        int[] order = [.. Enumerable.Range(0, graph.OperatorCount)];
        TrafficPlan plan = TrafficPlanner.Plan(graph, order, 192);
        Assert.AreEqual(0, plan.Bytes);
        Assert.IsNull(TrafficValidator.Check(graph, order, plan));
    }

    [TestMethod]
    public void Nothing_moves_at_the_peak_and_more_room_never_costs()
    {
        IReadOnlyList<string> files = SharedData.Files("data/graphs", "paper_*.tg");
        if (files.Count == 0)
            Assert.Inconclusive("the shared test data is not here");
        foreach (string file in files)
        {
            MemoryGraph graph = TgFile.Read(file);
            int[] order = Scheduler.Solve(graph).Order;
            long peak = LiveProfile.Peak(graph, order), before = long.MaxValue;
            Assert.AreEqual(0, TrafficPlanner.Plan(graph, order, peak).Bytes);
            for (long capacity = peak / 8; capacity <= peak; capacity += peak / 8)
            {
                TrafficPlan plan = TrafficPlanner.Plan(graph, order, capacity);
                Assert.IsNull(TrafficValidator.Check(graph, order, plan), file);
                Assert.IsLessThanOrEqualTo(BeladyReplacement.Count(graph, order, capacity).Bytes, plan.Bytes);
                if (plan.IsOptimal && plan.StreamedSteps == 0)
                {
                    Assert.IsLessThanOrEqualTo(before, plan.Bytes, file);
                    before = plan.Bytes;
                }
            }
        }
    }
}
