using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Traffic;

/// <summary>Orders for traffic against all orders of small graphs.</summary>
[TestClass]
public sealed class TrafficOrderTests
{
    /// <summary>Graphs in each part; <c>sweep traffic</c> does 2,500.</summary>
    private static readonly int _graphs = int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), out int many) ? many / 2 : 150;

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void Equals_every_choice_of_every_order(int part)
    {
        TrafficOrderOptions limits = new() { Width = int.MaxValue, MostSets = int.MaxValue, Work = long.MaxValue };
        int moved = 0, above = 0, cases = 0;
        for (int i = 0; i < _graphs; i++)
        {
            int seed = 9_700_000 + (part * _graphs) + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 3 + (i % 5));
            if (graph.TensorCount > 9)
                continue;
            ScheduleResult schedule = Scheduler.Solve(graph);
            Random random = new(seed);
            foreach (long capacity in (long[])[schedule.PeakBytes * 3 / 4, schedule.PeakBytes / 2, 0])
            {
                long equal = 0;
                foreach (long most in (long[])[schedule.PeakBytes, schedule.PeakBytes + random.Next(1 + (int)(schedule.PeakBytes / 2)), long.MaxValue])
                {
                    string of = $"seed {seed}, capacity {capacity}, peak at most {most}";
                    long least = LeastTraffic.OfAnyOrder(graph, capacity, most);
                    foreach (TrafficOrderTechniques techniques in (TrafficOrderTechniques[])[TrafficOrderTechniques.All, (TrafficOrderTechniques)random.Next((int)TrafficOrderTechniques.All + 1)])
                    {
                        TrafficOrderResult found = TrafficOrder.Find(graph, schedule, capacity, most, null, limits with { Techniques = techniques, LocalSteps = random.Next(2) * 1000 });
                        Assert.AreEqual(least, found.Plan.Bytes, $"{of}, {techniques}");
                        Assert.IsTrue(found.IsOptimal, $"{of}, {techniques}");
                        Assert.IsNull(TrafficValidator.Check(graph, found.Order, found.Plan), of);
                        Assert.IsLessThanOrEqualTo(Math.Max(most, schedule.PeakBytes), LiveProfile.Peak(graph, found.Order), of);
                    }
                    TrafficOrderResult narrow = TrafficOrder.Find(
                        graph, schedule, capacity, most, null, new() { Width = 1 + random.Next(3), MostSets = 1 + random.Next(3), Work = random.Next(3) == 0 ? 200 : 100_000, LocalSteps = 0 });
                    Assert.IsLessThanOrEqualTo(least, narrow.LowerBoundBytes, of);
                    Assert.IsGreaterThanOrEqualTo(least, narrow.Plan.Bytes, of);
                    equal = most == schedule.PeakBytes ? least : equal;
                    moved += least > 0 ? 1 : 0;
                    above += least < equal ? 1 : 0;
                    cases++;
                }
            }
        }
        Assert.IsGreaterThan(200, moved);
        Assert.IsGreaterThan(5, above, $"of {cases} cases");
    }

    [TestMethod]
    public void Keeps_the_peak_helps_and_claims_no_bound_that_some_order_goes_under()
    {
        int better = 0;
        for (int i = 0; i < 200; i++)
        {
            int seed = 9_500_000 + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 4 + (i % 4));
            ScheduleResult schedule = Scheduler.Solve(graph);
            foreach (long capacity in (long[])[schedule.PeakBytes * 3 / 4, schedule.PeakBytes / 2, 0])
            {
                TrafficOrderResult found = TrafficOrder.Find(graph, schedule, capacity);
                Assert.AreEqual(schedule.PeakBytes, LiveProfile.Peak(graph, found.Order), $"seed {seed}");
                Assert.IsNull(TrafficValidator.Check(graph, found.Order, found.Plan), $"seed {seed}");
                long of = TrafficPlanner.Plan(graph, schedule.Order, capacity).Bytes, any = long.MaxValue, equalPeak = long.MaxValue;
                foreach (int[] order in Orders(graph, []))
                {
                    long bytes = TrafficPlanner.Plan(graph, order, capacity).Bytes;
                    any = Math.Min(any, bytes);
                    if (LiveProfile.Peak(graph, order) == schedule.PeakBytes)
                        equalPeak = Math.Min(equalPeak, bytes);
                }
                Assert.IsLessThanOrEqualTo(equalPeak, found.LowerBoundBytes, $"seed {seed}, capacity {capacity}");
                Assert.IsLessThanOrEqualTo(of, found.Plan.Bytes, $"seed {seed}");
                TrafficOrderResult beyond = TrafficOrder.Find(graph, schedule, capacity, long.MaxValue, [found.Order]);
                Assert.IsNull(TrafficValidator.Check(graph, beyond.Order, beyond.Plan), $"seed {seed}");
                Assert.IsLessThanOrEqualTo(found.Plan.Bytes, beyond.Plan.Bytes, $"seed {seed}: never worse than what it begins with");
                Assert.IsLessThanOrEqualTo(any, beyond.LowerBoundBytes, $"seed {seed}, capacity {capacity}");
                Assert.AreEqual(any, beyond.Plan.Bytes, $"seed {seed}");
                Assert.AreEqual(equalPeak, found.Plan.Bytes, $"seed {seed}");
                better += found.Plan.Bytes < of ? 1 : 0;
            }
        }
        Assert.IsGreaterThan(20, better);
    }

    private static IEnumerable<int[]> Orders(MemoryGraph graph, int[] begun)
    {
        if (begun.Length == graph.OperatorCount)
            yield return begun;
        for (int op = 0; op < graph.OperatorCount; op++)
        {
            if (begun.Contains(op) || graph.Predecessors(op).ToArray().Except(begun).Any())
                continue;
            foreach (int[] order in Orders(graph, [.. begun, op]))
                yield return order;
        }
    }
}
