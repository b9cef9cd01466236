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
                long? least = PoolSizes.Least(problem, pool, exact);
                if (least is not { } bytes)
                {
                    Assert.IsNull(LeastPoolCost.Of(Sized(small, pool, 60)), $"seed {seed}, pool {pool}");
                    useless++;
                    continue;
                }
                Assert.IsTrue(PoolPlanner.Place(Sized(problem, pool, bytes), exact).Fits, $"seed {seed}, pool {pool}");
                Assert.IsNotNull(LeastPoolCost.Of(Sized(small, pool, bytes / PoolSizes.Unit)), $"seed {seed}, pool {pool}");
                Assert.IsNull(LeastPoolCost.Of(Sized(small, pool, (bytes / PoolSizes.Unit) - 1)), $"seed {seed}, pool {pool}: less than {bytes} would pass");
                found++;
            }
        }
        Assert.IsGreaterThan(10, found);
        Assert.IsGreaterThan(0, useless);
    }

    private static PoolProblem Sized(PoolProblem problem, int pool, long bytes) =>
        problem with { Pools = [.. problem.Pools.Select((p, index) => index == pool ? p with { Bytes = bytes } : p)] };
}
