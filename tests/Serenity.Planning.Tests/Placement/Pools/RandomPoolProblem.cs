using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>Random problems over several memories, small enough for brute force, with all features: links, alignment, forbidden pools, what must not move.</summary>
internal static class RandomPoolProblem
{
    public static PoolProblem Create(int seed, int pools, int buffers)
    {
        Random random = new(seed);
        long alignment = random.Next(4) == 0 ? 2 : 1;
        int steps = 3 + random.Next(5);
        PooledBuffer[] made = new PooledBuffer[buffers];
        for (int i = 0; i < buffers; i++)
        {
            int lower = random.Next(steps), upper = lower + 1 + random.Next(steps - lower);
            long bytes = random.Next(12) == 0 ? 0 : 1 + random.Next(6);
            List<BufferAccess> accesses = [];
            for (int step = lower; step < upper; step++)
            {
                if (step == lower || random.Next(2) == 0)
                    accesses.Add(new BufferAccess(step, 1 + random.Next(3)));
            }
            ulong allowed = random.Next(6) == 0 ? 1UL << random.Next(pools) : ulong.MaxValue;
            made[i] = new PooledBuffer(new ArenaBuffer(lower, upper, bytes), accesses, allowed, random.Next(4) != 0);
        }
        ArenaLink[] links = [];
        if (buffers >= 2 && random.Next(5) == 0 && alignment == 1)
        {
            made[1] = made[1] with { Pools = made[0].Pools };
            links = [new ArenaLink(1, 0, made[0].Buffer.Bytes)];
        }
        // The last pool is mostly large enough, and sometimes is not.
        ArenaPool[] memories = new ArenaPool[pools];
        for (int p = 0; p < pools; p++)
            memories[p] = new ArenaPool(p + 1 < pools ? 2 + random.Next(8) : 6 + random.Next(30), 1 + (p * (1 + random.Next(4))));
        return new PoolProblem(memories, made, links, alignment);
    }
}
