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
    public void A_pool_that_ends_within_a_granule_is_used_as_one_that_ends_before_it()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            Random random = new(seed);
            PooledBuffer[] buffers = [.. Enumerable.Range(0, 40).Select(i =>
            {
                int lower = i / 2, upper = lower + 1 + random.Next(6);
                return new PooledBuffer(new ArenaBuffer(lower, upper, 1600L * (1 + random.Next(3))), [new BufferAccess(lower, 1), new BufferAccess(upper - 1, 1 + random.Next(3))], 3);
            })];
            PoolProblem Of(long bytes) => new([new ArenaPool(bytes, 1), new ArenaPool(1 << 20, 6)], buffers, [], 16);
            // Three of the least would fit by sums that are rounded up.
            PoolPlan before = PoolPlanner.Place(Of(4784)), within = PoolPlanner.Place(Of(4796));
            Assert.IsTrue(within.IsOptimal, $"seed {seed}");
            Assert.AreEqual(before.Cost, within.Cost, $"seed {seed}");
            Assert.IsNull(PoolValidator.FindFault(Of(4796), within), $"seed {seed}");
        }
    }

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
                    // Small blocks are half of the cheapest memory here, so that there are some, and that they matter.
                    PoolPlan plan = PoolPlanner.Place(problem, Whole(techniques, greedy) with { SmallShare = 1 + (seed % 3) });
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

    /// <summary>Sums fit that cannot be laid down, so that the search goes depth first, and finds dearer plans behind cheaper ones.</summary>
    [TestMethod]
    public void A_dearer_plan_does_not_take_the_place_of_a_cheaper_one()
    {
        // All combinations of all but the last two, each with another combination of those.
        PoolTechniques[] every = [PoolTechniques.All, .. Enumerable.Range(0, (int)PoolTechniques.Roundings).Select(t => (PoolTechniques)(t + ((t + (t / 4)) % 4 * (int)PoolTechniques.Roundings)))];
        PoolProblem two = new(
            [new ArenaPool(9, 1), new ArenaPool(22, 4)],
            [
                new(new ArenaBuffer(1, 3, 6), [new(1, 3), new(2, 2)]),
                new(new ArenaBuffer(2, 5, 4), [new(2, 1), new(3, 2)]),
                new(new ArenaBuffer(0, 1, 4), [new(0, 2)], 0b01),
                new(new ArenaBuffer(4, 5, 3), [new(4, 2)], 0b01),
                new(new ArenaBuffer(4, 5, 6), [new(4, 3)], 0b01),
                new(new ArenaBuffer(2, 4, 5), [new(2, 3), new(3, 1)]),
            ], [], 2);
        AssertEqualsEveryChoice(two, 180, every);
        PoolProblem three = new(
            [new ArenaPool(7, 1), new ArenaPool(9, 2), new ArenaPool(12, 5)],
            [
                new(new ArenaBuffer(5, 6, 4), [new(5, 2)], Moves: false),
                new(new ArenaBuffer(0, 4, 5), [new(0, 1), new(2, 1)], 0b010),
                new(new ArenaBuffer(4, 6, 3), [new(4, 2)]),
                new(new ArenaBuffer(0, 6, 4), [new(0, 1), new(1, 3), new(2, 1)]),
                new(new ArenaBuffer(0, 2, 5), [new(0, 3), new(1, 1)], 0b100, Moves: false),
            ], [], 2);
        AssertEqualsEveryChoice(three, 162, every);
    }

    /// <summary>Where the last buffer of a pool is not a multiple of the alignment, sums of rounded sizes say only nearly what fits.</summary>
    [TestMethod]
    [DataRow(2)]
    [DataRow(4)]
    public void Odd_sizes_in_pools_of_odd_size_equal_every_choice_there_is(int alignment)
    {
        (int Lower, int Upper)[][] lives = [[(0, 3), (0, 3), (0, 3), (1, 3)], [(0, 2), (0, 4), (1, 4), (2, 4)], [(0, 4), (1, 2), (1, 3), (2, 4)]];
        int unlike = 0;
        for (int sizes = 0; sizes < 81; sizes++)
        {
            for (int shape = 0; shape < 9; shape++)
            {
                PooledBuffer[] buffers = new PooledBuffer[4];
                for (int i = 0, rest = sizes; i < buffers.Length; i++, rest /= 3)
                {
                    (int lower, int upper) = lives[shape % 3][i];
                    buffers[i] = new(new ArenaBuffer(lower, upper, 3 + (rest % 3)), [.. Enumerable.Range(lower, upper - lower).Select(s => new BufferAccess(s, 1 + ((s + i) % 3)))], Moves: i != 1);
                }
                PoolProblem problem = new([new ArenaPool(7 + (shape / 3), 1), new ArenaPool(11 - (shape / 3), 3), new ArenaPool(40, 7)], buffers, [], alignment);
                long? least = LeastPoolCost.Of(problem);
                Assert.IsNotNull(least);
                AssertEqualsEveryChoice(problem, least.Value, PoolTechniques.All, PoolTechniques.Prices | PoolTechniques.Conflicts, (PoolTechniques)(sizes % ((int)PoolTechniques.All + 1)));
                unlike += least != LeastPoolCost.Of(problem with { Alignment = 1 }) ? 1 : 0;
            }
        }
        Assert.IsGreaterThan(50, unlike, "the alignment decides");
    }

    /// <summary>What lies behind another at a distance that is no multiple of the alignment may fill its last granule, so sums are of plain sizes.</summary>
    [TestMethod]
    public void The_bound_holds_off_the_grid()
    {
        int proven = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            PoolProblem random = RandomPoolProblem.Create(50_000 + seed, 2, 5);
            long first = Math.Max(random.Buffers[0].Buffer.Bytes | 1, 3);
            PoolProblem problem = random with
            {
                Alignment = 2 << (seed % 2),
                Buffers = [random.Buffers[0] with { Buffer = random.Buffers[0].Buffer with { Bytes = first } }, random.Buffers[1] with { Pools = random.Buffers[0].Pools }, .. random.Buffers[2..]],
                Links = [new ArenaLink(1, 0, first)],
            };
            long? least = LeastPoolCost.Of(problem);
            foreach (bool greedy in (bool[])[true, false])
            {
                PoolPlan plan = PoolPlanner.Place(problem, Whole(PoolTechniques.All, greedy));
                Assert.IsNull(PoolValidator.FindFault(problem, plan), $"seed {seed}");
                if (least is not { } cost)
                {
                    Assert.IsFalse(plan.Fits, $"seed {seed}");
                    continue;
                }
                Assert.IsLessThanOrEqualTo(cost, plan.LowerBoundCost, $"seed {seed}: no bound");
                if (plan.Fits)
                    Assert.IsGreaterThanOrEqualTo(cost, plan.Cost, $"seed {seed}");
                proven += plan.Fits && plan.IsOptimal ? 1 : 0;
            }
        }
        Assert.IsGreaterThan(60, proven);
    }

    private static void AssertEqualsEveryChoice(PoolProblem problem, long least, params IEnumerable<PoolTechniques> combinations)
    {
        Assert.AreEqual(least, LeastPoolCost.Of(problem));
        foreach (PoolTechniques techniques in combinations)
        {
            // Greedy plans hide what the search does.
            foreach (bool greedy in (bool[])[true, false])
            {
                PoolPlan plan = PoolPlanner.Place(problem, Whole(techniques, greedy));
                string what = $"{techniques}, greedy {greedy}: {problem.Pools[0]} {string.Join(' ', problem.Buffers.Select(b => b.Buffer))}";
                Assert.IsNull(PoolValidator.FindFault(problem, plan), what);
                Assert.AreEqual(least, plan.Cost, what);
                Assert.IsTrue(plan.IsOptimal, what);
            }
        }
    }

    private static PoolOptions Whole(PoolTechniques techniques, bool greedy) =>
        new() { Width = int.MaxValue, StateLimit = long.MaxValue, PlacementLimit = long.MaxValue, Work = long.MaxValue, Techniques = techniques, Greedy = greedy };

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

    /// <summary>Many blocks, most of them small: what is said of all of them holds, whether the small ones are left to the end or not.</summary>
    [TestMethod]
    public void Small_blocks_at_the_end_make_no_false_bound()
    {
        int proven = 0, apart = 0;
        for (int seed = 0; seed < 16; seed++)
        {
            PoolProblem problem = RandomPoolProblem.Create(80_000 + seed, 3, 40);
            Random random = new(seed);
            problem = problem with
            {
                Pools = [new ArenaPool(1_200, 1), new ArenaPool(2_000, 3), new ArenaPool(100_000, 9)],
                Buffers = [.. problem.Buffers.Select((b, i) => b with { Pools = ulong.MaxValue, Buffer = b.Buffer with { Bytes = b.Buffer.Bytes * (i % 2 == 0 ? 1 : 100 + random.Next(60)) } })],
                Links = [],
            };
            PoolOptions options = PoolOptions.Default with { StatesTogether = 50_000, Greedy = seed % 2 == 0 };
            PoolPlan last = PoolPlanner.Place(problem, options), together = PoolPlanner.Place(problem, options with { Techniques = PoolTechniques.All & ~PoolTechniques.SmallLast });
            PoolPlan plain = PoolPlanner.Place(problem, options with { Techniques = PoolTechniques.Prices | PoolTechniques.Dominance });
            foreach (PoolPlan plan in (PoolPlan[])[last, together, plain])
            {
                Assert.IsNull(PoolValidator.FindFault(problem, plan), $"seed {seed}");
                Assert.IsLessThanOrEqualTo(Math.Min(last.Cost, Math.Min(together.Cost, plain.Cost)), plan.LowerBoundCost, $"seed {seed}: no bound");
            }
            proven += last.IsOptimal ? 1 : 0;
            apart += last.States != together.States ? 1 : 0;
        }
        Assert.IsGreaterThan(3, proven);
        Assert.IsGreaterThan(5, apart);
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

    /// <summary>A network in hundreds of pieces whose weights lie in the last memory all along: as much is live as there is room for, so that whatever is tried fails late.</summary>
    [TestMethod]
    [DataRow(0)]
    [DataRow(2_000)]
    [DataRow(300_000)]
    public void Work_ends_a_search_that_time_would_not(int more)
    {
        Random random = new(7);
        List<PooledBuffer> buffers = [];
        const int steps = 300;
        for (int step = 0; step < steps; step++)
        {
            int end = Math.Min(step + 2 + random.Next(12), steps);
            SortedSet<int> used = [step, step + ((end - step) / 2), end - 1];
            buffers.Add(new(new ArenaBuffer(step, end, 2_000 + (64 * random.Next(250))), [.. used.Select(s => new BufferAccess(s, 1))], 0b111));
            if (step % 6 == 0)
                buffers.Add(new(new ArenaBuffer(0, steps, 64 * (1 + random.Next(20))), [new(step, 1)], 0b100, Moves: false));
        }
        long peak = Enumerable.Range(0, steps).Max(s => buffers.Where(b => b.Buffer.Lower <= s && s < b.Buffer.Upper).Sum(b => b.Buffer.Bytes));
        PoolProblem problem = new([new ArenaPool(16_384, 1_000), new ArenaPool(32_768, 2_000), new ArenaPool(peak - 49_152 + more, 9_600)], [.. buffers], [], 64);
        PoolOptions options = PoolOptions.Default with { Work = 40_000_000 };
        PoolPlan plan = PoolPlanner.Place(problem, options);
        Assert.IsNull(PoolValidator.FindFault(problem, plan));
        Assert.IsLessThan(2 * options.Work, plan.Work);
        Assert.IsGreaterThan(options.Work / 20, plan.Work);
        PoolPlan again = PoolPlanner.Place(problem, options);
        Assert.AreEqual((plan.Cost, plan.LowerBoundCost, plan.Work, plan.States), (again.Cost, again.LowerBoundCost, again.Work, again.States));
        CollectionAssert.AreEqual(plan.Places.ToArray(), again.Places.ToArray());
        if (more == 300_000)
            Assert.IsTrue(plan.Fits);
        if (!plan.Fits)
            Assert.IsNotNull(PoolSizes.Least(problem, 2, options));
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
