using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;
using Serenity.Testing.Scheduling;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>
/// The check of plans over several memories is checked: plans are changed on purpose, one thing at a time, or belong to another problem. A change is harmless exactly if the plan, carried out byte by
/// byte (<see cref="PoolExecution"/>), still does what it says; every other one has to be found.
/// </summary>
[TestClass]
public sealed class PoolMutationTests
{
    private const int Wanted = 1_000;

    private static readonly (string What, Func<Case, TestRandom, PoolPlan?> Change)[] _changes =
    [
        ("an offset by one step", (of, random) => Placed(of, random, p => p with { Offset = p.Offset + (random.Chance(0.5) ? 1 : -1) * of.Problem.Alignment })),
        ("an offset by some bytes", (of, random) => Placed(of, random, p => p with { Offset = p.Offset + random.Next(-3, 4) })),
        ("on another buffer", (of, random) => random.Pick(of.Plan.Places) is var other ? Placed(of, random, p => p with { Pool = other.Pool, Offset = other.Offset }) : null),
        ("in another memory", (of, random) => Placed(of, random, p => p with { Pool = random.Next(-1, of.Problem.Pools.Length + 1) })),
        ("a move left out", (of, random) => Moved(of, random, _ => null)),
        ("a move at another step", (of, random) => Moved(of, random, m => m with { Step = m.Step + (random.Chance(0.5) ? 1 : -1) * random.Next(1, 3) })),
        ("a move to another memory", (of, random) => Moved(of, random, m => m with { Pool = random.Next(-1, of.Problem.Pools.Length + 1) })),
        ("a move to another place", (of, random) => Moved(of, random, m => m with { Offset = m.Offset + random.Next(-3, 4) })),
        ("a move more", (of, random) => Placed(of, random, p => p with
        {
            Move = p.Move is null ? new BufferMove(random.Next(9), random.Next(of.Problem.Pools.Length), random.Pick(of.Plan.Places).Offset) : null,
        })),
        ("two in each other's place", (of, random) => Swapped(of, random)),
        ("bytes used", (of, random) => of.Plan with { UsedBytes = [.. of.Plan.UsedBytes.Select((b, i) => i == of.Seed % of.Plan.UsedBytes.Count ? b + Off(random) : b)] }),
        ("cost", (of, random) => of.Plan with { Cost = of.Plan.Cost + Off(random) }),
        ("whether it fits", (of, _) => of.Plan with { Fits = !of.Plan.Fits }),
        ("a bound above the plan", (of, random) => of.Plan with { LowerBoundCost = of.Plan.Cost + random.Next(1, 3) }),
    ];

    private static readonly (string What, Func<PoolProblem, TestRandom, PoolProblem> Change)[] _others =
    [
        ("another size", (of, random) => Rebuffered(of, random, b => b with { Buffer = b.Buffer with { Bytes = Math.Max(0, b.Buffer.Bytes + Off(random)) } })),
        ("a longer life", (of, random) => Rebuffered(of, random, b => b with { Buffer = b.Buffer with { Upper = b.Buffer.Upper + random.Next(1, 3) } })),
        ("more accesses", (of, random) => Rebuffered(of, random, b => b with { Accesses = [.. b.Accesses, new BufferAccess(b.Buffer.Upper - 1, 1)] })),
        ("other memories allowed", (of, random) => Rebuffered(of, random, b => b with { Pools = b.Pools & ~(1UL << random.Next(of.Pools.Length)) })),
        ("must stay", (of, random) => Rebuffered(of, random, b => b with { Moves = false })),
        ("a smaller memory", (of, random) => Repooled(of, random, p => p with { Bytes = Math.Max(0, p.Bytes - random.Next(1, 4)) })),
        ("a dearer memory", (of, random) => Repooled(of, random, p => p with { AccessCost = p.AccessCost + 1 })),
        ("another alignment", (of, _) => of with { Alignment = of.Alignment * 2 }),
        ("another link", (of, random) => of with { Links = [.. of.Links, new ArenaLink(1, 0, random.Next(8))] }),
    ];

    public required TestContext TestContext { get; init; }

    [TestMethod]
    public void Every_harmful_change_of_a_plan_is_found() => AllFound(_changes.Length, (of, random, kind) =>
    {
        PoolPlan? changed = _changes[kind].Change(of, random);
        // In half of them what the plan says of itself is made to fit, so that it does not give the change away.
        if (changed is null || kind >= _changes.Length - 4 || random.Chance(0.5))
            return (of.Problem, changed, _changes[kind].What);
        PoolExecution told = PoolExecution.Of(of.Problem, changed);
        return (of.Problem, told.Used.Length == 0 ? changed : Fitting(changed, told), _changes[kind].What);
    });

    [TestMethod]
    public void Every_plan_that_is_of_another_problem_is_found() => AllFound(_others.Length, (of, random, kind) =>
    {
        PoolProblem other = _others[kind].Change(of.Problem, random);
        PoolExecution told = PoolExecution.Of(other, of.Plan);
        return (other, told.Used.Length == 0 || random.Chance(0.5) ? of.Plan : Fitting(of.Plan, told), _others[kind].What);
    });

    private static PoolPlan Fitting(PoolPlan plan, PoolExecution told) => plan with { Cost = told.Cost, UsedBytes = told.Used, Fits = told.Fits, LowerBoundCost = 0 };

    private void AllFound(int kinds, Func<Case, TestRandom, int, (PoolProblem Problem, PoolPlan? Plan, string What)> change)
    {
        TestRandom random = new(19);
        List<Case> cases = [.. Cases()];
        SortedDictionary<string, int> found = new(StringComparer.Ordinal);
        int harmless = 0;
        for (int i = 0; found.Values.Sum() < Wanted; i++)
        {
            Case of = cases[random.Next(cases.Count)];
            (PoolProblem problem, PoolPlan? plan, string what) = change(of, random, i % kinds);
            if (plan is null)
                continue;
            PoolExecution carriedOut = PoolExecution.Of(problem, plan);
            if (carriedOut.IsRight)
            {
                harmless++;
                continue;
            }
            Assert.IsNotNull(PoolValidator.FindFault(problem, plan), $"change {i} of problem {of.Seed}, {what}: {carriedOut.Fault ?? "what the plan says of itself"}");
            found[what] = found.GetValueOrDefault(what) + 1;
        }
        TestContext.WriteLine($"{harmless} harmless; found: {string.Join(", ", found.Select(f => $"{f.Key} {f.Value}"))}");
        Assert.AreEqual(kinds, found.Count);
        Assert.IsGreaterThan(Wanted / 200, found.Values.Min(), "every kind of change does harm often");
    }

    /// <summary>Plans of problems with every feature, of which half have a buffer that moves, and of schedules of graphs.</summary>
    private static IEnumerable<Case> Cases()
    {
        for (int i = 0, made = 0; made < 60; i++)
        {
            PoolProblem problem = i % 4 == 0 ? OfGraph(i) : RandomPoolProblem.Create(77_000 + i, 2 + (i % 2), 4 + (i % 4));
            PoolPlan plan = PoolPlanner.Place(problem);
            if (made % 2 == 0 && !plan.Places.Any(p => p.Move is not null))
                continue;
            made++;
            PoolExecution carriedOut = PoolExecution.Of(problem, plan);
            Assert.IsTrue(carriedOut.IsRight, $"seed {i}: {carriedOut.Fault}");
            Assert.IsNull(PoolValidator.FindFault(problem, plan), $"seed {i}");
            yield return new Case(i, problem, plan);
        }
    }

    /// <summary>The tensors of a schedule, used by every operator that reads or writes them, for a large dear memory behind a small cheap one.</summary>
    private static PoolProblem OfGraph(int seed)
    {
        MemoryGraph graph = RandomMemoryGraph.Create(78_000 + seed, 9);
        int[] order = Scheduler.Solve(graph).Order;
        List<PooledBuffer> buffers = [];
        for (int t = 0; t < graph.TensorCount; t++)
        {
            int[] uses = [.. Enumerable.Range(0, order.Length).Where(s => graph.Inputs(order[s]).Contains(t) || graph.Outputs(order[s]).Contains(t))];
            if (uses.Length == 0)
                continue;
            int from = graph.IsGraphInput(t) ? 0 : uses[0], to = graph.IsOutput(t) ? order.Length : uses[^1] + 1;
            buffers.Add(new PooledBuffer(new ArenaBuffer(from, to, graph.Bytes(t)), [.. uses.Select(s => new BufferAccess(s, 1))]));
        }
        long peak = LiveProfile.Peak(graph, order);
        return new PoolProblem([new ArenaPool(peak / 2, 1), new ArenaPool(2 * peak, 6)], [.. buffers], []);
    }

    private static PoolPlan Placed(Case of, TestRandom random, Func<BufferPlace, BufferPlace> change)
    {
        BufferPlace[] places = [.. of.Plan.Places];
        int at = random.Next(places.Length);
        places[at] = change(places[at]);
        return of.Plan with { Places = places };
    }

    private static PoolPlan? Moved(Case of, TestRandom random, Func<BufferMove, BufferMove?> change)
    {
        int[] moving = [.. Enumerable.Range(0, of.Plan.Places.Count).Where(i => of.Plan.Places[i].Move is not null)];
        if (moving.Length == 0)
            return null;
        BufferPlace[] places = [.. of.Plan.Places];
        int at = random.Pick(moving);
        places[at] = places[at] with { Move = change(places[at].Move!) };
        return of.Plan with { Places = places };
    }

    private static PoolPlan Swapped(Case of, TestRandom random)
    {
        BufferPlace[] places = [.. of.Plan.Places];
        (int a, int b) = (random.Next(places.Length), random.Next(places.Length));
        (places[a], places[b]) = (places[b], places[a]);
        return of.Plan with { Places = places };
    }

    private static PoolProblem Rebuffered(PoolProblem of, TestRandom random, Func<PooledBuffer, PooledBuffer> change)
    {
        int at = random.Next(of.Buffers.Length);
        return of with { Buffers = [.. of.Buffers.Select((b, i) => i == at ? change(b) : b)] };
    }

    private static PoolProblem Repooled(PoolProblem of, TestRandom random, Func<ArenaPool, ArenaPool> change)
    {
        int at = random.Next(of.Pools.Length);
        return of with { Pools = [.. of.Pools.Select((p, i) => i == at ? change(p) : p)] };
    }

    private static int Off(TestRandom random) => (random.Chance(0.5) ? 1 : -1) * random.Next(1, 4);

    private sealed record Case(int Seed, PoolProblem Problem, PoolPlan Plan);
}
