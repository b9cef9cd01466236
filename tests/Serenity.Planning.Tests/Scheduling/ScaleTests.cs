using Serenity.Planning.Scheduling;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>Graphs that are long or wide: no deep recursion, no time or memory beyond what their size asks for.</summary>
[TestClass]
public sealed class ScaleTests
{
    [TestMethod]
    public void Chain_of_a_hundred_thousand()
    {
        MemoryGraphBuilder builder = new();
        int before = builder.AddTensor(10);
        for (int i = 0; i < 100_000; i++)
        {
            int op = builder.AddOperator();
            builder.Reads(op, before);
            before = builder.AddTensor(10 + (i % 7), isOutput: i == 99_999);
            builder.Writes(op, before);
        }
        AssertProven(builder.Build(), 31);
    }

    [TestMethod]
    public void Fan_out_of_five_thousand()
    {
        MemoryGraphBuilder builder = new();
        int source = builder.AddOperator(), sink = builder.AddOperator();
        int shared = builder.AddTensor(1000);
        builder.Writes(source, shared);
        for (int i = 0; i < 5000; i++)
        {
            int op = builder.AddOperator(), tensor = builder.AddTensor(1 + (i % 3));
            builder.Reads(op, shared);
            builder.Writes(op, tensor);
            builder.Reads(sink, tensor);
        }
        int result = builder.AddTensor(5, isOutput: true);
        builder.Writes(sink, result);
        // 1667 tensors of 1 byte, 1667 of 2 and 1666 of 3, with the shared one.
        AssertProven(builder.Build(), 1000 + 1667 + (2 * 1667) + (3 * 1666));
    }

    [TestMethod]
    public void Fan_out_of_five_thousand_without_a_sink()
    {
        MemoryGraphBuilder builder = new();
        int source = builder.AddOperator(), shared = builder.AddTensor(1000);
        builder.Writes(source, shared);
        for (int i = 0; i < 5000; i++)
        {
            int op = builder.AddOperator(scratchBytes: i % 11);
            builder.Reads(op, shared);
            builder.Writes(op, builder.AddTensor(2, isOutput: true));
        }
        AssertProven(builder.Build(), 1000 + 10_000);
    }

    [TestMethod]
    public void Sixty_four_branches_of_fifty()
    {
        ScheduleResult result = AssertQuick(Branches((_, _) => 10), ScheduleOptions.Default);
        // All branches end in a tensor of 10, and the last one needs 10 more on the way, as does the sink.
        Assert.AreEqual(650, result.LowerBoundBytes);
        Assert.AreEqual(650, result.PeakBytes);
    }

    [TestMethod]
    public void Sixty_four_uneven_branches_end_at_the_limit_near_the_bound()
    {
        MemoryGraph graph = Branches((branch, i) => 1 + (((branch * 50) + i) * 7919 % 101));
        ScheduleResult result = AssertQuick(graph, ScheduleOptions.Default with { StateLimit = 100_000 });
        Assert.AreEqual(LiveProfile.Peak(graph, result.Order), result.PeakBytes);
        Assert.IsLessThanOrEqualTo(result.LowerBoundBytes * 1.02, result.PeakBytes);
    }

    private static MemoryGraph Branches(Func<int, int, long> bytes)
    {
        MemoryGraphBuilder builder = new();
        int source = builder.AddOperator(), sink = builder.AddOperator(), shared = builder.AddTensor(10);
        builder.Writes(source, shared);
        for (int branch = 0; branch < 64; branch++)
        {
            int before = shared;
            for (int i = 0; i < 50; i++)
            {
                int op = builder.AddOperator();
                builder.Reads(op, before);
                before = builder.AddTensor(bytes(branch, i));
                builder.Writes(op, before);
            }
            builder.Reads(sink, before);
        }
        builder.Writes(sink, builder.AddTensor(10, isOutput: true));
        return builder.Build();
    }

    [TestMethod]
    public void Group_of_many_writers_and_many_consumers()
    {
        MemoryGraphBuilder builder = new();
        int group = builder.AddTensor(50), sink = builder.AddOperator();
        for (int i = 0; i < 400; i++)
        {
            int writer = builder.AddOperator(), part = builder.AddTensor(7), maker = builder.AddOperator();
            builder.Writes(maker, part);
            builder.Reads(writer, part);
            builder.Writes(writer, group);
            int reader = builder.AddOperator(), result = builder.AddTensor(1);
            builder.Reads(reader, group);
            builder.Writes(reader, result);
            builder.Reads(sink, result);
        }
        builder.Writes(sink, builder.AddTensor(1, isOutput: true));
        // The last reader holds the buffer and all results; one part at a time until then.
        AssertProven(builder.Build(), 50 + 400);
    }

    private static void AssertProven(MemoryGraph graph, long peak)
    {
        ScheduleResult result = AssertQuick(graph, ScheduleOptions.Default);
        Assert.AreEqual(peak, result.PeakBytes);
        Assert.AreEqual(peak, result.LowerBoundBytes);
    }

    private static ScheduleResult AssertQuick(MemoryGraph graph, ScheduleOptions options)
    {
        // In states, not by the clock: a busy machine must say the same. What it guards against takes millions.
        ScheduleResult result = Scheduler.Solve(graph, options);
        Assert.IsLessThan(1_000, result.States);
        return result;
    }
}
