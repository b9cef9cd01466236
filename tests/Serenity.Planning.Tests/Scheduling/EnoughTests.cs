using Serenity.Planning.Scheduling;
using Serenity.Planning.Scheduling.Search;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Scheduling;

/// <summary>Asking whether a peak is enough, and searching with what earlier searches found out, give the same answers as searching in full.</summary>
[TestClass]
public sealed class EnoughTests
{
    [TestMethod]
    public void Enough_is_decided_as_brute_force_does()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(5_000_000 + seed, 4 + (seed % 12));
            long least = BruteForce.LeastPeak(graph)!.Value;
            // Without bounds and first orders, the search itself has to decide.
            SearchTechniques techniques = seed % 3 == 0 ? SearchTechniques.All : SearchTechniques.All & ~(SearchTechniques.CutBound | SearchTechniques.Greedy);
            SolvedSegments solved = new();
            foreach (long enough in (long[])[least - 1, least, least / 2, least + 1, least + least / 8, long.MaxValue, least])
            {
                ScheduleOptions options = new() { Techniques = techniques, Enough = enough };
                foreach (ScheduleResult result in new[] { Scheduler.Solve(graph, options), Scheduler.Solve(graph, options with { Solved = solved }) })
                {
                    Assert.AreEqual(result.PeakBytes, LiveProfile.Peak(graph, result.Order));
                    Assert.IsLessThanOrEqualTo(least, result.LowerBoundBytes);
                    Assert.AreEqual(enough >= least, result.PeakBytes <= enough, $"seed {seed}, {enough} of {least}");
                    Assert.IsTrue(enough >= least || result.LowerBoundBytes > enough, $"seed {seed}: no proof that {enough} is not enough");
                    Assert.IsTrue(result.Stop is SearchStop.Enough or SearchStop.Proven);
                }
            }
        }
    }

    [TestMethod]
    public void What_was_solved_before_changes_no_answer()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            SolvedSegments solved = new();
            ScheduleOptions options = new() { Solved = solved };
            // Three segments in a row, of which variants change one.
            for (int variant = 0; variant < 4; variant++)
            {
                MemoryGraph graph = Row([seed * 10, (seed * 10) + 1 + variant, (seed * 10) + 9]);
                ScheduleResult with = Scheduler.Solve(graph, options), without = Scheduler.Solve(graph);
                Assert.AreEqual(without.PeakBytes, with.PeakBytes);
                Assert.AreEqual(without.LowerBoundBytes, with.LowerBoundBytes);
                Assert.AreEqual(with.PeakBytes, LiveProfile.Peak(graph, with.Order));
                ScheduleResult again = Scheduler.Solve(graph, options);
                Assert.AreEqual(with.PeakBytes, again.PeakBytes);
                Assert.AreEqual(0, again.States, "It was all known.");
            }
        }
    }

    [TestMethod]
    public void A_part_that_is_known_may_stand_on_another_base()
    {
        SolvedSegments solved = new();
        ScheduleOptions options = new() { Solved = solved };
        for (int held = 0; held < 5; held++)
        {
            MemoryGraph graph = Row([77, 78], held * 1000);
            Assert.AreEqual(Scheduler.Solve(graph).PeakBytes, Scheduler.Solve(graph, options).PeakBytes);
        }
    }

    [TestMethod]
    public void A_lower_limit_later_makes_no_peak_worse()
    {
        MemoryGraph graph = RandomLayeredGraph.Create(seed: 3, operators: 600, width: 12);
        SolvedSegments solved = new();
        ScheduleOptions high = new() { StateLimit = 60_000, Solved = solved };
        ScheduleResult first = Scheduler.Solve(graph, high), then = Scheduler.Solve(graph, high with { StateLimit = 0 });
        Assert.AreEqual(first.PeakBytes, then.PeakBytes);
        Assert.AreEqual(first.LowerBoundBytes, then.LowerBoundBytes);
        ScheduleResult same = Scheduler.Solve(graph, high);
        Assert.IsLessThanOrEqualTo(first.PeakBytes, same.PeakBytes);
    }

    /// <summary>Random graphs, each behind an operator that reads all that the one before left, and a tensor held across all of them.</summary>
    private static MemoryGraph Row(int[] seeds, long held = 0)
    {
        MemoryGraphBuilder builder = new();
        int keep = held > 0 ? builder.AddTensor(held, isOutput: true) : -1;
        int last = -1;
        foreach (int seed in seeds)
        {
            MemoryGraph part = RandomMemoryGraph.Create(seed, 10);
            int[] ops = new int[part.OperatorCount], tensors = new int[part.TensorCount];
            for (int op = 0; op < ops.Length; op++)
                ops[op] = builder.AddOperator(part.Scratch(op));
            for (int t = 0; t < tensors.Length; t++)
                tensors[t] = builder.AddTensor(part.Bytes(t));
            int join = builder.AddOperator(0), token = builder.AddTensor(8);
            builder.Writes(join, token);
            for (int t = 0; t < tensors.Length; t++)
            {
                foreach (int op in part.Writers(t))
                    builder.Writes(ops[op], tensors[t]);
                foreach (int op in part.Consumers(t))
                    builder.Reads(ops[op], tensors[t]);
                if (part.Consumers(t).Length == 0 && part.Writers(t).Length > 0)
                    builder.Reads(join, tensors[t]);
            }
            for (int op = 0; op < ops.Length; op++)
            {
                if (last >= 0)
                    builder.RunsAfter(ops[op], last);
                builder.RunsAfter(join, ops[op]);
                foreach (int before in part.ControlPredecessors(op))
                    builder.RunsAfter(ops[op], ops[before]);
            }
            if (keep >= 0 && last < 0)
                builder.Writes(ops[0], keep);
            last = join;
        }
        return builder.Build();
    }
}
