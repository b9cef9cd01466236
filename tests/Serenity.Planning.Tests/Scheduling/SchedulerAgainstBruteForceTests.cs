using Serenity.Planning.Scheduling;
using Serenity.Planning.Scheduling.Search;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>Peak and bound against every down-set of random graphs with every feature, for combinations of switches. The whole sweep: <c>bench sweep</c>.</summary>
[TestClass]
public sealed class SchedulerAgainstBruteForceTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void Agrees_on_small_graphs_under_random_switches(int part)
    {
        for (int i = 0; i < 400; i++)
        {
            int seed = 7_000_000 + (part * 400) + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 3 + (i % 11));
            long least = BruteForce.LeastPeak(graph)!.Value;
            AssertSolved(graph, least, SearchTechniques.All, seed);
            AssertSolved(graph, least, (SearchTechniques)new Random(seed).Next((int)SearchTechniques.All + 1) | SearchTechniques.DeadStates, seed);
        }
    }

    [TestMethod]
    public void Agrees_with_each_technique_off_and_alone()
    {
        for (int i = 0; i < 60; i++)
        {
            int seed = 8_000_000 + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 8 + (i % 5));
            long least = BruteForce.LeastPeak(graph)!.Value;
            foreach (SearchTechniques technique in Enum.GetValues<SearchTechniques>())
            {
                // Without the memory of dead states a search of this size may not end.
                AssertSolved(graph, least, (SearchTechniques.All & ~technique) | SearchTechniques.DeadStates, seed);
                AssertSolved(graph, least, technique | SearchTechniques.DeadStates, seed);
            }
        }
    }

    [TestMethod]
    public void Agrees_without_memory_of_dead_states()
    {
        for (int i = 0; i < 60; i++)
        {
            int seed = 8_500_000 + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 3 + (i % 5));
            long least = BruteForce.LeastPeak(graph)!.Value;
            AssertSolved(graph, least, SearchTechniques.All & ~SearchTechniques.DeadStates, seed);
            AssertSolved(graph, least, SearchTechniques.None, seed);
        }
    }

    [TestMethod]
    public void Agrees_on_graphs_whose_sizes_have_a_common_divisor_and_decides_no_more_then()
    {
        long with = 0, without = 0;
        for (int i = 0; i < 200; i++)
        {
            int seed = 8_700_000 + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 6 + (i % 9), multiple: 1000);
            long least = BruteForce.LeastPeak(graph)!.Value;
            AssertSolved(graph, least, SearchTechniques.All, seed);
            // Without what mostly leaves nothing to search for.
            with += AssertSolved(graph, least, SearchTechniques.DeadStates | SearchTechniques.Grain, seed);
            without += AssertSolved(graph, least, SearchTechniques.DeadStates, seed);
        }
        Assert.IsLessThan(without, with);
    }

    [TestMethod]
    public void Agrees_on_larger_graphs()
    {
        int solved = 0;
        for (int i = 0; solved < 12; i++)
        {
            int seed = 9_000_000 + i;
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 20 + (i % 21));
            if (BruteForce.LeastPeak(graph, 3000) is not { } least)
                continue;
            solved++;
            AssertSolved(graph, least, SearchTechniques.All, seed);
        }
    }

    private static long AssertSolved(MemoryGraph graph, long least, SearchTechniques techniques, int seed)
    {
        ScheduleResult result = Scheduler.Solve(graph, ScheduleOptions.Default with { Techniques = techniques });
        Assert.AreEqual(least, result.PeakBytes, $"peak, seed {seed}, {techniques}");
        Assert.AreEqual(least, result.LowerBoundBytes, $"bound, seed {seed}, {techniques}");
        Assert.AreEqual(least, LiveProfile.Peak(graph, result.Order), $"order, seed {seed}, {techniques}");
        Assert.AreEqual(SearchStop.Proven, result.Stop);
        Assert.IsTrue(result.IsOptimal);
        return result.States;
    }
}
