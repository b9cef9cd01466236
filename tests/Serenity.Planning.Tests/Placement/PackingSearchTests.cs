using Serenity.Planning.Placement;

namespace Serenity.Planning.Tests.Placement;

[TestClass]
public sealed class PackingSearchTests
{
    private const int Instances = 100;

    /// <summary>None, each technique alone, all but each one, all.</summary>
    private static readonly ArenaTechniques[] _combinations = MakeCombinations();

    [TestMethod]
    [DataRow(1, false, DisplayName = "bytes")]
    [DataRow(4, false, DisplayName = "aligned")]
    [DataRow(1, true, DisplayName = "linked")]
    [DataRow(2, true, DisplayName = "linked and aligned")]
    [DataRow(8, true, DisplayName = "linked off a coarse grid")]
    public void Every_combination_finds_the_least_arena_and_refutes_one_byte_less(int alignment, bool links)
    {
        for (int seed = 0; seed < Instances; seed++)
        {
            Random random = new(7919 * alignment + 2 * seed + (links ? 1 : 0));
            ArenaProblem problem = Draw(random, alignment, links);
            long least = BruteForcePlacement.Least(problem, 64);
            RigidBlocks blocks = new(problem);
            SectionModel model = new(blocks);
            long bound = LiveBound.Compute(blocks);
            Assert.IsTrue(bound <= least, $"seed {seed}: the bound {bound} is above the least arena {least}");
            int[][] orders = PackingOrders.All(model);
            for (int k = 0; k < _combinations.Length; k++)
            {
                string what = $"seed {seed}, {_combinations[k]}";
                PackingSearch search = new(model, _combinations[k], least);
                PackingOutcome outcome = search.Run(orders[(seed + k) % orders.Length], long.MaxValue / 2, default);
                if (model.OnGrid)
                    Assert.AreEqual(PackingOutcome.Found, outcome, what);
                if (least > 0)
                {
                    search = new(model, _combinations[k], least - 1);
                    Assert.AreEqual(PackingOutcome.Refuted, search.Run(orders[seed % orders.Length], long.MaxValue / 2, default), what);
                }
            }
        }
    }

    [TestMethod]
    public void Every_combination_decides_tight_problems_as_brute_force_does()
    {
        int refuted = 0;
        for (int seed = 0; seed < 250; seed++)
        {
            ArenaProblem problem = DrawTight(new Random(seed), 12, 10);
            bool fits = BruteForcePlacement.Fits(problem, 12);
            refuted += fits ? 0 : 1;
            SectionModel model = new(new RigidBlocks(problem));
            int[][] orders = PackingOrders.All(model);
            for (int k = 0; k < _combinations.Length; k++)
            {
                PackingSearch search = new(model, _combinations[k], 12);
                PackingOutcome outcome = search.Run(orders[(seed + k) % orders.Length], long.MaxValue / 2, default);
                Assert.AreEqual(fits ? PackingOutcome.Found : PackingOutcome.Refuted, outcome, $"seed {seed}, {_combinations[k]}");
            }
        }
        Assert.IsTrue(refuted > 1, "Too few instances without a placement at the bound.");
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(8, false)]
    [DataRow(1, true)]
    [DataRow(4, true)]
    public void Plans_are_valid_and_optimal_where_they_claim_it(int alignment, bool links)
    {
        for (int seed = 0; seed < Instances; seed++)
        {
            ArenaProblem problem = Draw(new Random(104729 * alignment + 2 * seed + (links ? 1 : 0)), alignment, links);
            ArenaPlan plan = ArenaPlanner.Place(problem, new ArenaOptions { Greedy = seed % 2 == 0 });
            Assert.IsNull(ArenaValidator.FindFault(problem, plan), $"seed {seed}");
            long least = BruteForcePlacement.Least(problem, 64);
            Assert.IsTrue(plan.LowerBoundBytes <= least && least <= plan.SizeBytes, $"seed {seed}: {plan} and {least}");
            if (new SectionModel(new RigidBlocks(problem)).OnGrid)
                Assert.AreEqual(least, plan.SizeBytes, $"seed {seed}");
        }
    }

    /// <summary>
    /// Two blocks of linked buffers: where part of the second came to be fixed below the floor beside a dip that it reaches over, the dip was
    /// raised to where it was already, for ever.
    /// </summary>
    [TestMethod]
    public void A_part_that_is_fixed_below_the_floor_ends_its_branch()
    {
        ArenaProblem problem = new(
            [
                new(0, 2, 4), new(0, 3, 16), new(0, 1, 4), new(0, 7, 64), new(1, 5, 32), new(2, 4, 24), new(2, 8, 4), new(3, 8, 4), new(4, 6, 48),
                new(5, 8, 8), new(6, 8, 96), new(7, 8, 16),
            ],
            [new(1, 4, 32), new(3, 4, 48), new(7, 9, 8), new(11, 9, 12)],
            16);
        ArenaPlan plan = ArenaPlanner.Place(problem);
        Assert.IsNull(ArenaValidator.FindFault(problem, plan));
        Assert.IsLessThanOrEqualTo(plan.SizeBytes, plan.LowerBoundBytes);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(8)]
    [DataRow(16)]
    public void Several_blocks_of_linked_buffers_give_valid_plans(int alignment)
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            Random random = new(31 * seed + alignment);
            ArenaProblem problem = Draw(random, alignment, true, buffers: 14, span: 9, largest: 24);
            ArenaPlan plan = ArenaPlanner.Place(problem, new ArenaOptions { StateLimit = 20_000, Greedy = seed % 2 == 0 });
            Assert.IsNull(ArenaValidator.FindFault(problem, plan), $"seed {seed}");
        }
    }

    [TestMethod]
    public void The_limit_in_states_is_kept_and_still_gives_a_plan()
    {
        ArenaProblem problem = Draw(new Random(5), 1, false, buffers: 120, span: 40, largest: 1000);
        ArenaPlan plan = ArenaPlanner.Place(problem, new ArenaOptions { StateLimit = 5_000 });
        Assert.IsNull(ArenaValidator.FindFault(problem, plan));
        Assert.IsTrue(plan.States <= 5_100, plan.States.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [TestMethod]
    public void The_same_problem_gives_the_same_plan()
    {
        ArenaProblem problem = Draw(new Random(11), 1, false, buffers: 80, span: 30, largest: 64);
        ArenaOptions options = new() { StateLimit = 50_000 };
        CollectionAssert.AreEqual(ArenaPlanner.Place(problem, options).Offsets, ArenaPlanner.Place(problem, options).Offsets);
    }

    [TestMethod]
    public void Cancellation_ends_the_search()
    {
        using CancellationTokenSource source = new();
        source.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(
            () => ArenaPlanner.Place(new ArenaProblem([new(0, 1, 1)], []), null, source.Token));
    }

    internal static ArenaProblem Draw(Random random, int alignment, bool links, int buffers = 7, int span = 7, int largest = 6)
    {
        ArenaBuffer[] drawn = new ArenaBuffer[buffers];
        for (int i = 0; i < buffers; i++)
        {
            int lower = random.Next(span - 1);
            drawn[i] = new ArenaBuffer(lower, lower + 1 + random.Next(Math.Min(4, span - lower)), random.Next(20) == 0 ? 0 : random.Next(1, largest + 1));
        }
        if (!links)
            return new ArenaProblem(drawn, [], alignment);

        // Two or three of the buffers side by side, as the parts of a view; now and then a chain with a gap, and a second view.
        List<ArenaLink> ties = [];
        for (int first = 0; first < buffers - 2 && (first == 0 || random.Next(2) == 0); first += 3)
        {
            for (int i = first + 1, end = first + random.Next(2, 4); i < end; i++)
                ties.Add(new ArenaLink(i, i - 1, drawn[i - 1].Bytes + (random.Next(4) == 0 ? random.Next(3) : 0)));
        }
        return new ArenaProblem(drawn, [.. ties], alignment);
    }

    /// <summary>Every section is filled to the capacity: what dies at a step is replaced by as many bytes.</summary>
    private static ArenaProblem DrawTight(Random random, int capacity, int steps)
    {
        List<ArenaBuffer> dead = [];
        List<(int From, int Bytes)> live = [];
        int free = capacity;
        for (int step = 0; step < steps; step++)
        {
            while (free > 0)
            {
                int bytes = Math.Min(free, random.Next(1, capacity / 2 + 1));
                live.Add((step, bytes));
                free -= bytes;
            }
            for (int i = live.Count - 1; i >= 0; i--)
            {
                if (random.Next(3) > 0)
                    continue;
                dead.Add(new ArenaBuffer(live[i].From, step + 1, live[i].Bytes));
                free += live[i].Bytes;
                live.RemoveAt(i);
            }
        }
        foreach ((int from, int bytes) in live)
            dead.Add(new ArenaBuffer(from, steps, bytes));
        dead.Sort((a, b) => a.Lower.CompareTo(b.Lower));
        return new ArenaProblem([.. dead], []);
    }

    private static ArenaTechniques[] MakeCombinations()
    {
        List<ArenaTechniques> all = [ArenaTechniques.None, ArenaTechniques.All];
        foreach (ArenaTechniques one in Enum.GetValues<ArenaTechniques>())
        {
            if (one is ArenaTechniques.None or ArenaTechniques.All)
                continue;
            all.Add(one);
            all.Add(ArenaTechniques.All & ~one);
            all.Add((ArenaTechniques)((int)one * 37 & (int)ArenaTechniques.All));
        }
        return [.. all.Distinct()];
    }
}
