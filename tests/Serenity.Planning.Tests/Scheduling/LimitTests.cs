using Serenity.Planning.Scheduling;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>What a search that may not finish says.</summary>
[TestClass]
public sealed class LimitTests
{
    // Wide, irregular and far too large for its limits: its proof takes millions of states and many seconds.
    private static MemoryGraph Hard() => RandomLayeredGraph.Create(seed: 1, operators: 1000, width: 40);

    [TestMethod]
    public void At_the_state_limit_the_bound_is_honest_and_the_result_the_same()
    {
        MemoryGraph graph = Hard();
        ScheduleOptions options = ScheduleOptions.Default with { StateLimit = 20_000 };
        ScheduleResult first = Scheduler.Solve(graph, options), second = Scheduler.Solve(graph, options);
        Assert.AreEqual(LiveProfile.Peak(graph, first.Order), first.PeakBytes);
        Assert.IsLessThanOrEqualTo(first.PeakBytes, first.LowerBoundBytes);
        Assert.AreEqual(SearchStop.StateLimit, first.Stop);
        Assert.IsLessThan(first.PeakBytes, first.LowerBoundBytes);
        CollectionAssert.AreEqual(first.Order, second.Order);
        Assert.AreEqual(first.LowerBoundBytes, second.LowerBoundBytes);
        Assert.AreEqual(first.States, second.States);
        ScheduleResult further = Scheduler.Solve(graph, options with { StateLimit = 200_000 });
        Assert.IsLessThanOrEqualTo(first.PeakBytes, further.PeakBytes);
        Assert.IsGreaterThanOrEqualTo(first.LowerBoundBytes, further.LowerBoundBytes);
    }

    [TestMethod]
    public void Without_states_the_bounds_are_still_right()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(seed, 10);
            long least = BruteForce.LeastPeak(graph)!.Value;
            ScheduleResult result = Scheduler.Solve(graph, ScheduleOptions.Default with { StateLimit = 0 });
            Assert.IsGreaterThanOrEqualTo(least, result.PeakBytes);
            Assert.IsLessThanOrEqualTo(least, result.LowerBoundBytes);
        }
    }

    [TestMethod]
    public void Cancellation_ends_the_search()
    {
        using CancellationTokenSource cancelled = new(TimeSpan.FromMilliseconds(300));
        // Without the token it would search for hours.
        Assert.ThrowsExactly<OperationCanceledException>(() => Scheduler.Solve(
            RandomLayeredGraph.Create(seed: 1, operators: 3000, width: 40),
            ScheduleOptions.Default with { StateLimit = long.MaxValue }, cancelled.Token));
    }
}
