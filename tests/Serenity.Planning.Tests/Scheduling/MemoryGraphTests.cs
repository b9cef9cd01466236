using Serenity.Planning.Scheduling;
using Serenity.Testing;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>What the builder refuses, and the memory model by hand.</summary>
[TestClass]
public sealed class MemoryGraphTests
{
    [TestMethod]
    public void Refuses_a_cycle()
    {
        MemoryGraphBuilder builder = new();
        int a = builder.AddOperator(), b = builder.AddOperator(), t = builder.AddTensor(1);
        builder.Writes(a, t);
        builder.Reads(b, t);
        builder.RunsAfter(a, b);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(builder.Build).Message, "cycle");
    }

    [TestMethod]
    public void Refuses_to_read_and_write_one_tensor()
    {
        MemoryGraphBuilder builder = new();
        int a = builder.AddOperator(), t = builder.AddTensor(1);
        builder.Writes(a, t);
        builder.Reads(a, t);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(builder.Build).Message, "both reads and writes");
    }

    [TestMethod]
    public void Refuses_in_place_on_another_size()
    {
        MemoryGraphBuilder builder = new();
        int a = builder.AddOperator(), t = builder.AddTensor(1), u = builder.AddTensor(2);
        builder.Reads(a, t);
        builder.Writes(a, u);
        builder.AllowInPlace(a, t);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(builder.Build).Message, "another size");
    }

    [TestMethod]
    public void Refuses_sizes_that_overflow()
    {
        MemoryGraphBuilder builder = new();
        builder.AddTensor(long.MaxValue / 2);
        builder.AddTensor(2);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(builder.Build).Message, "62 bits");
    }

    [TestMethod]
    public void States_of_one_fact_count_once()
    {
        MemoryGraphBuilder builder = new();
        int a = builder.AddOperator(), b = builder.AddOperator(), t = builder.AddTensor(1);
        builder.Writes(a, t);
        builder.Writes(a, t);
        builder.Reads(b, t);
        builder.Reads(b, t);
        builder.RunsAfter(b, a);
        MemoryGraph graph = builder.Build();
        Assert.IsFalse(graph.IsAccumulationGroup(t));
        CollectionAssert.AreEqual(new[] { a }, graph.Predecessors(b).ToArray());
        CollectionAssert.AreEqual(new[] { t }, graph.Inputs(b).ToArray());
    }

    [TestMethod]
    public void A_groups_first_writer_takes_over_a_dying_input()
    {
        // Two inputs of 4 bytes are added into one buffer, each by its own writer; either may start in its own input's place.
        MemoryGraph graph = TgFile.Parse("""
            format2 2 3
            tensor 0 4 -1 0 1 0
            tensor 1 4 -1 0 1 1
            tensor 2 4 0 1 0
            writers 2 0 1
            inplace 0
            inplace 1
            """);
        CollectionAssert.AreEqual(new long[] { 8, 8 }, LiveProfile.Compute(graph, [0, 1]));
        ScheduleResult result = Scheduler.Solve(graph);
        Assert.AreEqual(8, result.PeakBytes);
        Assert.AreEqual(8, result.LowerBoundBytes);
    }

    [TestMethod]
    public void An_empty_graph_costs_its_throughputs()
    {
        MemoryGraphBuilder builder = new();
        builder.AddTensor(7, isOutput: true);
        builder.AddTensor(5);
        ScheduleResult result = Scheduler.Solve(builder.Build());
        Assert.AreEqual(7, result.PeakBytes);
        Assert.AreEqual(7, result.LowerBoundBytes);
        Assert.IsEmpty(result.Order);
    }

    [TestMethod]
    [DataRow("2\n0 4 0\n1 4 1 7", "line 3")]
    [DataRow("2\n0 4 0\n0 4 0", "stands twice")]
    [DataRow("2\n0 4 0", "missing")]
    [DataRow("format2 1 1\ntensor 0 4 x 0 0", "line 2")]
    [DataRow("format2 1 1\ntensor 0 4 0 0 0\nwhat 1", "line 3")]
    public void A_bad_file_names_the_line(string text, string expected) =>
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => TgFile.Parse(text)).Message, expected);
}
