using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>The least sizes of memories that pass, against every choice there is.</summary>
[TestClass]
public sealed class PoolSizesTests
{
    [TestMethod]
    public void The_least_size_passes_and_less_does_not()
    {
        int found = 0, useless = 0;
        PoolOptions exact = PoolOptions.Default with { PlacementLimit = long.MaxValue };
        for (int seed = 0; seed < 60; seed++)
        {
            PoolProblem random = RandomPoolProblem.Create(40_000 + seed, 2, 5);
            PoolProblem small = random with { Pools = Array.ConvertAll(random.Pools, p => p with { Bytes = p.Bytes / 3 }) };
            // In units of a KiB, as sizes are told; small has the same answers.
            PoolProblem problem = small with
            {
                Pools = Array.ConvertAll(small.Pools, p => p with { Bytes = p.Bytes * PoolSizes.Unit }),
                Buffers = Array.ConvertAll(small.Buffers, b => b with { Buffer = b.Buffer with { Bytes = b.Buffer.Bytes * PoolSizes.Unit } }),
                Links = Array.ConvertAll(small.Links, l => l with { Distance = l.Distance * PoolSizes.Unit }),
                Alignment = small.Alignment * PoolSizes.Unit,
            };
            if (PoolPlanner.Place(problem, exact).Fits)
                continue;
            for (int pool = 0; pool < problem.Pools.Length; pool++)
            {
                if (PoolSizes.Least(problem, pool, exact) is not (var bytes, var isLeast))
                {
                    Assert.IsNull(LeastPoolCost.Of(Sized(small, pool, 60)), $"seed {seed}, pool {pool}");
                    useless++;
                    continue;
                }
                Assert.IsTrue(isLeast, $"seed {seed}, pool {pool}");
                Assert.IsTrue(PoolPlanner.Place(Sized(problem, pool, bytes), exact).Fits, $"seed {seed}, pool {pool}");
                Assert.IsNotNull(LeastPoolCost.Of(Sized(small, pool, bytes / PoolSizes.Unit)), $"seed {seed}, pool {pool}");
                Assert.IsNull(LeastPoolCost.Of(Sized(small, pool, (bytes / PoolSizes.Unit) - 1)), $"seed {seed}, pool {pool}: less than {bytes} would pass");
                found++;
            }
        }
        Assert.IsGreaterThan(10, found);
        Assert.IsGreaterThan(0, useless);
    }

    [TestMethod]
    public void A_search_that_ends_names_a_size_that_passes_and_says_that_less_may()
    {
        int open = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            PoolProblem random = RandomPoolProblem.Create(41_000 + seed, 2, 9);
            PoolProblem small = random with { Pools = Array.ConvertAll(random.Pools, p => p with { Bytes = p.Bytes / 3 }) };
            PoolProblem problem = small with
            {
                Pools = Array.ConvertAll(small.Pools, p => p with { Bytes = p.Bytes * 64 * PoolSizes.Unit }),
                Buffers = Array.ConvertAll(small.Buffers, b => b with { Buffer = b.Buffer with { Bytes = b.Buffer.Bytes * 64 * PoolSizes.Unit } }),
                Links = Array.ConvertAll(small.Links, l => l with { Distance = l.Distance * 64 * PoolSizes.Unit }),
                Alignment = small.Alignment * 64 * PoolSizes.Unit,
            };
            PoolOptions ends = new() { Work = 4_000 };
            if (PoolPlanner.Place(problem, ends).Fits)
                continue;
            for (int pool = 0; pool < problem.Pools.Length; pool++)
            {
                if (PoolSizes.Least(problem, pool, ends) is not { } size)
                    continue;
                Assert.IsTrue(PoolPlanner.Place(Sized(problem, pool, size.Bytes), ends).Fits, $"seed {seed}, pool {pool}");
                if (size.IsLeast && size.Bytes > problem.Pools[pool].Bytes / PoolSizes.Unit * PoolSizes.Unit + PoolSizes.Unit)
                    Assert.IsFalse(PoolPlanner.Place(Sized(problem, pool, size.Bytes - PoolSizes.Unit), ends).Fits, $"seed {seed}, pool {pool}");
                open += size.IsLeast ? 0 : 1;
            }
        }
        Assert.IsGreaterThan(0, open);
    }

    private static PoolProblem Sized(PoolProblem problem, int pool, long bytes) =>
        problem with { Pools = [.. problem.Pools.Select((p, index) => index == pool ? p with { Bytes = bytes } : p)] };
}
