using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>The cheapest use of several memories against every choice there is, for small problems with every feature, and against the validator.</summary>
[TestClass]
public sealed class PoolPlannerTests
{
    /// <summary>Problems; <c>sweep pools</c> does 2,000.</summary>
    private static readonly int _cases = int.TryParse(Environment.GetEnvironmentVariable("SERENITY_SWEEP"), out int many) ? many : 200;

    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    public void Equals_every_choice_there_is(int pools)
    {
        int cases = _cases / 2;
        int moved = 0, full = 0, none = 0;
        for (int i = 0; i < cases; i++)
        {
            int seed = (10_000 * pools) + i;
            PoolProblem problem = RandomPoolProblem.Create(seed, pools, 3 + (i % 4));
            long? least = LeastPoolCost.Of(problem);
            PoolTechniques random = (PoolTechniques)new Random(seed).Next((int)PoolTechniques.All + 1);
            foreach (PoolTechniques techniques in (PoolTechniques[])[PoolTechniques.All, random, PoolTechniques.None])
            {
                foreach (bool greedy in (bool[])[true, false])
                {
                    PoolOptions options = new() { Width = int.MaxValue, StateLimit = long.MaxValue, PlacementLimit = long.MaxValue, Techniques = techniques, Greedy = greedy };
                    PoolPlan plan = PoolPlanner.Place(problem, options);
                    Assert.IsNull(PoolValidator.FindFault(problem, plan), $"seed {seed}, {techniques}");
                    Assert.AreEqual(least is not null, plan.Fits, $"seed {seed}, {techniques}");
                    if (least is not { } cost)
                        continue;
                    Assert.AreEqual(cost, plan.Cost, $"seed {seed}, {techniques}, greedy {greedy}");
                    Assert.IsTrue(plan.IsOptimal, $"seed {seed}, {techniques}, greedy {greedy}: bound {plan.LowerBoundCost} of {plan.Cost}");
                    moved += plan.Places.Any(p => p.Move is not null) ? 1 : 0;
                }
            }
            none += least is null ? 1 : 0;
            full += least > problem.Buffers.Sum(b => b.Accesses.Sum(a => a.Count * b.Buffer.Bytes) * problem.Pools.Min(p => p.AccessCost)) ? 1 : 0;
        }
        Assert.IsGreaterThan(cases / 20, moved);
        Assert.IsGreaterThan(cases / 3, full);
        Assert.IsGreaterThan(0, none);
    }

    [TestMethod]
    public void A_narrow_search_says_what_it_does_not_know()
    {
        int open = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            PoolProblem problem = RandomPoolProblem.Create(70_000 + seed, 3, 24);
            // The last memory holds whatever comes, so that there is always a plan.
            problem = problem with
            {
                Pools = [new ArenaPool(9, 1), new ArenaPool(14, 3), new ArenaPool(1_000, 9)],
                Buffers = Array.ConvertAll(problem.Buffers, b => b with { Pools = ulong.MaxValue }),
            };
            PoolPlan wide = PoolPlanner.Place(problem, PoolOptions.Default with { StatesTogether = 100_000 });
            PoolPlan narrow = PoolPlanner.Place(problem, PoolOptions.Default with { Width = 2, StateLimit = 20, BoundWork = 0 });
            Assert.IsNull(PoolValidator.FindFault(problem, wide), $"seed {seed}");
            Assert.IsNull(PoolValidator.FindFault(problem, narrow), $"seed {seed}");
            Assert.IsLessThanOrEqualTo(wide.Cost, narrow.LowerBoundCost, $"seed {seed}: no bound");
            Assert.IsLessThanOrEqualTo(narrow.Cost, wide.LowerBoundCost, $"seed {seed}: no bound");
            open += narrow.IsOptimal ? 0 : 1;
        }
        Assert.IsGreaterThan(3, open);
    }

    [TestMethod]
    public void What_is_read_often_lies_in_the_cheap_memory()
    {
        PoolProblem problem = new(
            [new ArenaPool(8, 1), new ArenaPool(100, 10)],
            [new(new ArenaBuffer(0, 4, 8), [new(0, 1), new(3, 1)]), new(new ArenaBuffer(0, 4, 8), [new(0, 1), new(1, 5), new(2, 5)])], []);
        PoolPlan plan = PoolPlanner.Place(problem);
        Assert.AreEqual(1, plan.Places[0].Pool);
        Assert.AreEqual(0, plan.Places[1].Pool);
        Assert.AreEqual((8 * 20) + (8 * 11), plan.Cost);
        Assert.IsTrue(plan.IsOptimal);
    }

    [TestMethod]
    public void A_buffer_moves_where_that_pays()
    {
        // Used much at first, then waits until the end, while another needs the room.
        PoolProblem problem = new(
            [new ArenaPool(8, 1), new ArenaPool(100, 10)],
            [new(new ArenaBuffer(0, 10, 8), [new(0, 9), new(9, 1)]), new(new ArenaBuffer(4, 8, 8), [new(4, 9), new(7, 9)])], []);
        PoolPlan plan = PoolPlanner.Place(problem);
        Assert.AreEqual(new BufferMove(1, 1, 0), plan.Places[0].Move);
        Assert.AreEqual((8 * 9) + (8 * 11) + (8 * 10) + (8 * 18), plan.Cost);
        Assert.IsTrue(plan.IsOptimal);
    }

    [TestMethod]
    public void What_fits_nowhere_is_said()
    {
        PoolProblem problem = new([new ArenaPool(8, 1), new ArenaPool(8, 2)], [new(new ArenaBuffer(0, 1, 30), [new(0, 1)])], []);
        PoolPlan plan = PoolPlanner.Place(problem);
        Assert.IsFalse(plan.Fits);
        Assert.AreEqual(30, plan.UsedBytes[1]);
        Assert.IsNull(PoolValidator.FindFault(problem, plan));
    }

    [TestMethod]
    public void The_validator_finds_every_planted_fault()
    {
        PoolProblem problem = new(
            [new ArenaPool(8, 1), new ArenaPool(100, 10)],
            [new(new ArenaBuffer(0, 10, 8), [new(0, 9), new(9, 1)]), new(new ArenaBuffer(4, 8, 8), [new(4, 9), new(7, 9)], 0b01)], []);
        PoolPlan plan = PoolPlanner.Place(problem);
        Assert.IsNull(PoolValidator.FindFault(problem, plan));
        foreach (PoolPlan wrong in (PoolPlan[])[
            plan with { Cost = plan.Cost - 1 },
            plan with { UsedBytes = [9, 8] },
            plan with { Fits = false },
            plan with { LowerBoundCost = plan.Cost + 1 },
            plan with { Places = [plan.Places[0] with { Move = null }, plan.Places[1]] },
            plan with { Places = [plan.Places[0] with { Move = new BufferMove(5, 1, 0) }, plan.Places[1]] },
            plan with { Places = [plan.Places[0] with { Move = new BufferMove(1, 0, 0) }, plan.Places[1]] },
            plan with { Places = [plan.Places[0] with { Move = new BufferMove(9, 1, 0) }, plan.Places[1]] },
            plan with { Places = [plan.Places[0], new BufferPlace(1, 0)] },
            plan with { Places = [plan.Places[0], new BufferPlace(0, 4)] }])
        {
            Assert.IsNotNull(PoolValidator.FindFault(problem, wrong));
        }
    }
}
