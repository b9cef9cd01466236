using Serenity.Planning.Placement;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Placement;

[TestClass]
public sealed class EqualPeakSchedulesTests
{
    [TestMethod]
    public void Every_schedule_is_topological_and_no_higher_and_keeps_the_order_of_writers()
    {
        int given = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 6 + (seed % 10));
            int[] order = Scheduler.Solve(graph).Order;
            long peak = LiveProfile.Peak(graph, order);
            List<int[]> others = [.. EqualPeakSchedules.Of(graph, order, 4)];
            given += others.Count;
            foreach (int[] other in others)
            {
                // Peak refuses what is no topological order.
                Assert.IsTrue(LiveProfile.Peak(graph, other) <= peak, $"seed {seed}");
                CollectionAssert.AreNotEqual(order, other);
                for (int t = 0; t < graph.TensorCount; t++)
                {
                    int[] writers = graph.Writers(t).ToArray();
                    CollectionAssert.AreEqual(
                        writers.OrderBy(w => Array.IndexOf(order, w)).ToArray(), writers.OrderBy(w => Array.IndexOf(other, w)).ToArray(), $"seed {seed}");
                }
            }
        }
        Assert.IsTrue(given > 60, "Hardly any other schedule was found.");
    }
}
