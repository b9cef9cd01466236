using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Traffic;

/// <summary>Orders for traffic against all orders of small graphs.</summary>
[TestClass]
public sealed class TrafficOrderTests
{
    [TestMethod]
    public void Keeps_the_peak_helps_and_claims_no_bound_that_some_order_goes_under()
    {
        int least = 0, leastOfAny = 0, better = 0, cases = 0;
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
                Assert.IsLessThanOrEqualTo(any, found.LowerBoundBytes, $"seed {seed}, capacity {capacity}");
                Assert.IsLessThanOrEqualTo(of, found.Plan.Bytes, $"seed {seed}");
                Assert.IsGreaterThanOrEqualTo(equalPeak, found.Plan.Bytes, $"seed {seed}");
                TrafficOrderResult beyond = TrafficOrder.Find(graph, schedule, capacity, long.MaxValue, [found.Order]);
                Assert.IsNull(TrafficValidator.Check(graph, beyond.Order, beyond.Plan), $"seed {seed}");
                Assert.IsLessThanOrEqualTo(found.Plan.Bytes, beyond.Plan.Bytes, $"seed {seed}: never worse than what it begins with");
                Assert.IsGreaterThanOrEqualTo(any, beyond.Plan.Bytes, $"seed {seed}");
                leastOfAny += beyond.Plan.Bytes == any ? 1 : 0;
                cases++;
                least += found.Plan.Bytes == equalPeak ? 1 : 0;
                better += found.Plan.Bytes < of ? 1 : 0;
            }
        }
        Assert.IsGreaterThan(20, better);
        // A local search; on graphs this small it should nearly always end at the least.
        Assert.IsGreaterThan(cases * 95 / 100, least);
        Assert.IsGreaterThan(cases * 90 / 100, leastOfAny);
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
