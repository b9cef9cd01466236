using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;
using Serenity.Testing.Models;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Traffic;

/// <summary>
/// The check of what stays on a chip is checked: plans are changed on purpose, one thing at a time. A change is harmless exactly if the plan, carried out with contents
/// (<see cref="TrafficExecution"/>), still does what it says; every other one has to be found.
/// </summary>
[TestClass]
public sealed class TrafficMutationTests
{
    private const int Wanted = 1_000;

    private static readonly (string What, Func<Case, TestRandom, TrafficPlan?> Change)[] _changes =
    [
        ("a transfer to the chip dropped", (of, random) => Changed(of, random, s => s.Read.Length > 0, s => s with { Read = Without(s.Read, random) })),
        ("a transfer off the chip dropped", (of, random) => Changed(of, random, s => s.Dropped.Length > 0, s => s with { Dropped = Without(s.Dropped, random) })),
        ("another tensor read", (of, random) => Changed(of, random, s => s.Read.Length > 0, s => s with { Read = [.. Without(s.Read, random), of.AnyTensor(random)] })),
        ("another tensor dropped", (of, random) => Changed(of, random, s => s.Dropped.Length > 0, s => s with { Dropped = [.. Without(s.Dropped, random), of.AnyTensor(random)] })),
        ("a tensor read as well", (of, random) => Changed(of, random, _ => true, s => s with { Read = [.. s.Read, of.AnyTensor(random)] })),
        ("a tensor dropped as well", (of, random) => Changed(of, random, _ => true, s => s with { Dropped = [.. s.Dropped, of.AnyTensor(random)] })),
        ("streamed or not", (of, random) => Changed(of, random, _ => true, s => s with { Streams = !s.Streams })),
        ("a step's moves left out", (of, random) => of.Plan with { Steps = Without([.. of.Plan.Steps], random) }),
        ("moves at another step", AtAnotherStep),
        ("a read past its reader", (of, random) => AtOtherStep(of, random, s => s.Read, (s, read) => s with { Read = read })),
        ("a drop at another time", (of, random) => AtOtherStep(of, random, s => s.Dropped, (s, dropped) => s with { Dropped = dropped })),
        ("bytes read", (of, random) => of.Plan with { ReadBytes = of.Plan.ReadBytes + Off(random) }),
        ("bytes written", (of, random) => of.Plan with { WrittenBytes = of.Plan.WrittenBytes + Off(random) }),
        ("steps streamed", (of, random) => of.Plan with { StreamedSteps = of.Plan.StreamedSteps + Off(random) }),
        ("a bound above the plan", (of, random) => of.Plan with { LowerBoundBytes = of.Plan.Bytes + random.Next(-1, 3) }),
    ];

    public required TestContext TestContext { get; init; }

    [TestMethod]
    public void Every_harmful_change_of_a_plan_is_found() => AllFound(_changes.Length, (of, random, kind) =>
    {
        TrafficPlan? changed = _changes[kind].Change(of, random);
        // In half of them the sums are made to fit, so that they do not give it away.
        if (changed is null || kind >= _changes.Length - 4 || random.Chance(0.5))
            return (of.Graph, of.Order, changed, _changes[kind].What);
        TrafficExecution told = TrafficExecution.Of(of.Graph, of.Order, changed);
        return (of.Graph, of.Order, changed with { ReadBytes = told.Read, WrittenBytes = told.Written, StreamedSteps = told.Streamed, LowerBoundBytes = 0 }, _changes[kind].What);
    });

    /// <summary>The plan is of a graph in which one tensor has another size, or the scratch of an operator, or for operators in another order.</summary>
    [TestMethod]
    public void Every_plan_that_is_of_another_graph_or_order_is_found() => AllFound(3, (of, random, kind) =>
    {
        if (kind == 2)
        {
            int[] order = [.. of.Order];
            int at = random.Next(order.Length - 1);
            if (of.Graph.Predecessors(order[at + 1]).Contains(order[at]))
                return (of.Graph, order, null, "");
            (order[at], order[at + 1]) = (order[at + 1], order[at]);
            return (of.Graph, order, of.Plan, "another order");
        }
        if (kind == 1)
        {
            long[] more = new long[of.Graph.OperatorCount];
            more[random.Next(more.Length)] = random.Next(1, 5);
            return (of.Graph.WithScratch(more), of.Order, of.Plan, "another scratch");
        }
        return (Resized(of.Graph, of.AnyTensor(random), random.Chance(0.5) ? 1 : -1), of.Order, of.Plan, "another size");
    });

    private void AllFound(int kinds, Func<Case, TestRandom, int, (MemoryGraph Graph, int[] Order, TrafficPlan? Plan, string What)> change)
    {
        TestRandom random = new(17);
        List<Case> cases = [.. Cases()];
        SortedDictionary<string, int> found = new(StringComparer.Ordinal);
        int harmless = 0;
        for (int i = 0; found.Values.Sum() < Wanted; i++)
        {
            Case of = cases[random.Next(cases.Count)];
            (MemoryGraph graph, int[] order, TrafficPlan? plan, string what) = change(of, random, i % kinds);
            if (plan is null)
                continue;
            TrafficExecution carriedOut = TrafficExecution.Of(graph, order, plan);
            if (carriedOut.IsRight)
            {
                harmless++;
                continue;
            }
            Assert.IsNotNull(TrafficValidator.Check(graph, order, plan), $"change {i} of graph {of.Seed}, {what}: {carriedOut.Fault ?? "sums"}");
            found[what] = found.GetValueOrDefault(what) + 1;
        }
        TestContext.WriteLine($"{harmless} harmless; found: {string.Join(", ", found.Select(f => $"{f.Key} {f.Value}"))}");
        Assert.IsGreaterThan(Wanted / 200, found.Values.Min(), "every kind of change does harm often");
    }

    /// <summary>Plans in which something moves: the least and Belady's, with all features.</summary>
    private static IEnumerable<Case> Cases()
    {
        for (int i = 0, made = 0; made < 60; i++)
        {
            MemoryGraph graph = RandomMemoryGraph.Create(9_800_000 + i, 5 + (i % 12));
            int[] order = Scheduler.Solve(graph).Order;
            long capacity = LiveProfile.Peak(graph, order) * (2 + (i % 3)) / 5;
            TrafficPlan plan = i % 4 == 0 ? BeladyReplacement.Count(graph, order, capacity) : TrafficPlanner.Plan(graph, order, capacity);
            if (plan.Steps.Count == 0)
                continue;
            made++;
            TrafficExecution carriedOut = TrafficExecution.Of(graph, order, plan);
            Assert.IsTrue(carriedOut.IsRight, $"seed {i}: {carriedOut.Fault}");
            Assert.IsNull(TrafficValidator.Check(graph, order, plan), $"seed {i}");
            yield return new Case(i, graph, order, plan);
        }
    }

    private static TrafficPlan? Changed(Case of, TestRandom random, Predicate<TrafficStep> may, Func<TrafficStep, TrafficStep> change)
    {
        TrafficStep[] steps = [.. of.Plan.Steps];
        int at = random.Next(steps.Length);
        if (!may(steps[at]))
            return null;
        steps[at] = change(steps[at]);
        return of.Plan with { Steps = steps };
    }

    /// <summary>All moves of a step are before another, in the order of steps, or before no step at all.</summary>
    private static TrafficPlan AtAnotherStep(Case of, TestRandom random)
    {
        int at = random.Next(of.Plan.Steps.Count);
        return of.Plan with { Steps = [.. of.Plan.Steps.Select((s, i) => i == at ? s with { Step = s.Step + (random.Chance(0.5) ? 1 : -1) * random.Next(1, 3) } : s).OrderBy(s => s.Step)] };
    }

    /// <summary>One tensor moves before a step nearby in place of its own.</summary>
    private static TrafficPlan? AtOtherStep(Case of, TestRandom random, Func<TrafficStep, int[]> moves, Func<TrafficStep, int[], TrafficStep> with)
    {
        List<TrafficStep> steps = [.. of.Plan.Steps];
        int at = random.Next(steps.Count);
        if (moves(steps[at]).Length == 0)
            return null;
        int moved = random.Pick(moves(steps[at])), to = steps[at].Step + (random.Chance(0.7) ? 1 : -1);
        steps[at] = with(steps[at], [.. moves(steps[at]).Where(t => t != moved)]);
        int other = steps.FindIndex(s => s.Step == to);
        if (other >= 0)
            steps[other] = with(steps[other], [.. moves(steps[other]), moved]);
        else
            steps.Add(with(new TrafficStep(to, [], [], false), [moved]));
        return of.Plan with { Steps = [.. steps.OrderBy(s => s.Step)] };
    }

    private static MemoryGraph Resized(MemoryGraph graph, int tensor, long more)
    {
        MemoryGraphBuilder builder = new();
        for (int op = 0; op < graph.OperatorCount; op++)
            builder.AddScratch(builder.AddOperator(), graph.Scratch(op));
        for (int t = 0; t < graph.TensorCount; t++)
            builder.AddTensor(Math.Max(0, graph.Bytes(t) + (t == tensor ? more : 0)), graph.IsOutput(t));
        for (int op = 0; op < graph.OperatorCount; op++)
        {
            foreach (int t in graph.Inputs(op))
                builder.Reads(op, t);
            foreach (int t in graph.Outputs(op))
                builder.Writes(op, t);
            foreach (int before in graph.ControlPredecessors(op))
                builder.RunsAfter(op, before);
            // In place is only what has the size of the output.
            foreach (int t in graph.InPlaceInputs(op))
            {
                if (t != tensor && !graph.Outputs(op).Contains(tensor))
                    builder.AllowInPlace(op, t);
            }
        }
        return builder.Build();
    }

    private static T[] Without<T>(T[] all, TestRandom random)
    {
        int at = random.Next(all.Length);
        return [.. all.Where((_, i) => i != at)];
    }

    private static int Off(TestRandom random) => (random.Chance(0.5) ? 1 : -1) * random.Next(1, 4);

    private sealed record Case(int Seed, MemoryGraph Graph, int[] Order, TrafficPlan Plan)
    {
        public int AnyTensor(TestRandom random) => random.Next(Graph.TensorCount);
    }
}
