using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>Plans made cheaper window by window, and choices made such that they can be laid down.</summary>
[TestClass]
public sealed class PoolWindowsTests
{
    [TestMethod]
    public void Windows_find_cheaper_choices_whose_sums_fit()
    {
        int cheaper = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            PoolProblem problem = Large(seed);
            (PoolChoices choices, RigidBlocks blocks) = Choices(problem);
            if (PoolGreedy.Plans(problem, blocks).MinBy(p => p.Cost) is not { } greedy)
                continue;
            PoolMeter meter = new(long.MaxValue);
            PoolBound bound = PoolBound.Of(choices, greedy.Cost + 1, PoolOptions.Default, meter, CancellationToken.None);
            int[] begin = [.. choices.Units.Select(u => u.Find(choices.Stay(u.Parts, greedy.Pool[blocks.BlockOf[u.Parts[0]]])))];
            long[][] capacity = Array.ConvertAll(choices.Capacity, bytes => Enumerable.Repeat(bytes, bound.Timeline.Count).ToArray());
            PoolWindows windows = new(choices, PoolOptions.Default, meter);
            if (windows.Improve(bound, capacity, begin, CancellationToken.None) is not { } found)
                continue;
            Assert.IsLessThan(Cost(choices, begin), Cost(choices, found), $"seed {seed}");
            Assert.IsGreaterThanOrEqualTo(bound.CostBound, Cost(choices, found), $"seed {seed}");
            Assert.IsTrue(SumsFit(choices, [.. found.Select((c, u) => choices.Units[u].Choices[c])]), $"seed {seed}");
            cheaper++;
        }
        Assert.IsGreaterThan(30, cheaper);
    }

    [TestMethod]
    public void What_is_repaired_can_be_laid_down()
    {
        int repaired = 0, changed = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            PoolProblem problem = RandomPoolProblem.Create(90_000 + seed, 3, 8);
            (PoolChoices choices, _) = Choices(problem);
            Random random = new(seed);
            PoolChoice[] choice = [.. choices.Units.Select(u => u.Choices[random.Next(u.Choices.Length)])];
            if (!SumsFit(choices, choice))
                continue;
            PoolMeter meter = new(long.MaxValue);
            PoolPlacement placement = new(problem, PoolOptions.Default, meter);
            if (new PoolRepair(problem, choices.Units, choices.Capacity, placement, meter).Of(choice, CancellationToken.None) is not { } made)
                continue;
            for (int pool = 0; pool < problem.Pools.Length; pool++)
            {
                PoolTenant[] tenants = placement.TenantsOf(pool, choices.Units, made.Choice);
                for (int i = 0; i < tenants.Length; i++)
                {
                    long at = made.Offsets[pool][i], bytes = problem.Buffers[tenants[i].Buffer].Buffer.Bytes;
                    Assert.IsTrue(at >= 0 && at + bytes <= problem.Pools[pool].Bytes, $"seed {seed}");
                    for (int j = 0; j < i; j++)
                    {
                        bool together = tenants[i].Lower < tenants[j].Upper && tenants[j].Lower < tenants[i].Upper;
                        long other = made.Offsets[pool][j], bytesOfOther = problem.Buffers[tenants[j].Buffer].Buffer.Bytes;
                        Assert.IsTrue(!together || bytes == 0 || bytesOfOther == 0 || at + bytes <= other || other + bytesOfOther <= at, $"seed {seed}");
                    }
                }
            }
            repaired++;
            changed += made.Choice.SequenceEqual(choice) ? 0 : 1;
        }
        Assert.IsGreaterThan(50, repaired);
        Assert.IsGreaterThan(0, changed);
    }

    private static (PoolChoices, RigidBlocks) Choices(PoolProblem problem)
    {
        RigidBlocks blocks = new(new ArenaProblem(Array.ConvertAll(problem.Buffers, b => b.Buffer), problem.Links, problem.Alignment));
        return (PoolChoices.Of(problem, blocks, new bool[problem.Pools.Length], new bool[blocks.Count]), blocks);
    }

    private static PoolProblem Large(int seed)
    {
        Random random = new(seed);
        PooledBuffer[] buffers = [.. Enumerable.Range(0, 60).Select(i =>
        {
            int lower = i / 2, upper = lower + 1 + random.Next(9);
            return new PooledBuffer(new ArenaBuffer(lower, upper, 1 + random.Next(40)), [new BufferAccess(lower, 1), new BufferAccess(upper - 1, 1 + random.Next(4))]);
        })];
        return new PoolProblem([new ArenaPool(50, 1), new ArenaPool(70, 2), new ArenaPool(4_000, 7)], buffers, []);
    }

    private static long Cost(PoolChoices choices, int[] choice) => choice.Select((c, u) => choices.Units[u].Choices[c].Cost).Sum();

    private static bool SumsFit(PoolChoices choices, PoolChoice[] choice)
    {
        PoolSpan[] spans = [.. choice.SelectMany(c => c.Spans)];
        return spans.All(at => spans.Where(s => s.Pool == at.Pool && s.From <= at.From && at.From < s.To).Sum(s => s.Bytes) <= choices.Capacity[at.Pool]);
    }
}
