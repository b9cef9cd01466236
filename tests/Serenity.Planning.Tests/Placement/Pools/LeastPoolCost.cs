using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Planning.Tests.Placement.Pools;

/// <summary>The least cost of a tiny problem over several memories, by trying every pool and every move of every buffer, and every offset. Shares nothing with the planner.</summary>
internal static class LeastPoolCost
{
    /// <summary>The least cost; null if nothing fits.</summary>
    public static long? Of(PoolProblem problem)
    {
        List<Way>[] ways = [.. Enumerable.Range(0, problem.Buffers.Length).Select(i => WaysOf(problem, i))];
        long? best = null;
        Try(problem, ways, new Way[ways.Length], 0, 0, ref best);
        return best;
    }

    private static void Try(PoolProblem problem, List<Way>[] ways, Way[] chosen, int buffer, long cost, ref long? best)
    {
        if (cost >= best)
            return;
        if (buffer == ways.Length)
        {
            if (problem.Links.All(l => chosen[l.Buffer].Move < 0 && chosen[l.Anchor].Move < 0 && chosen[l.Buffer].Pool == chosen[l.Anchor].Pool)
                && Enumerable.Range(0, problem.Pools.Length).All(pool => Fits(problem, chosen, pool)))
            {
                best = cost;
            }
            return;
        }
        foreach (Way way in ways[buffer])
        {
            chosen[buffer] = way;
            Try(problem, ways, chosen, buffer + 1, cost + way.Cost, ref best);
        }
    }

    private static List<Way> WaysOf(PoolProblem problem, int index)
    {
        (ArenaBuffer buffer, IReadOnlyList<BufferAccess> accesses, ulong pools, bool moves) = problem.Buffers[index];
        List<Way> ways = [];
        for (int pool = 0; pool < problem.Pools.Length; pool++)
        {
            if ((pools & (1UL << pool)) == 0)
                continue;
            ways.Add(new Way(pool, -1, -1, accesses.Sum(a => a.Count * buffer.Bytes * problem.Pools[pool].AccessCost)));
            for (int step = buffer.Lower + 1; moves && buffer.Bytes > 0 && step < buffer.Upper; step++)
            {
                if (!accesses.Any(a => a.Step == step || a.Step == step - 1))
                    continue;
                for (int to = 0; to < problem.Pools.Length; to++)
                {
                    if (to == pool || (pools & (1UL << to)) == 0)
                        continue;
                    long cost = accesses.Sum(a => a.Count * buffer.Bytes * problem.Pools[a.Step < step ? pool : to].AccessCost);
                    ways.Add(new Way(pool, step, to, cost + (buffer.Bytes * (problem.Pools[pool].AccessCost + problem.Pools[to].AccessCost))));
                }
            }
        }
        return ways;
    }

    // In thirds of a step, so that a move has a moment of its own.
    private static bool Fits(PoolProblem problem, Way[] chosen, int pool)
    {
        List<ArenaBuffer> buffers = [];
        Dictionary<int, int> place = [];
        for (int i = 0; i < chosen.Length; i++)
        {
            ArenaBuffer buffer = problem.Buffers[i].Buffer;
            int from = 3 * buffer.Lower, to = (3 * (buffer.Upper - 1)) + 1;
            if (chosen[i].Move >= 0 && chosen[i].Pool == pool)
                to = 3 * chosen[i].Move;
            else if (chosen[i].Move >= 0 && chosen[i].To == pool)
                from = (3 * chosen[i].Move) - 2;
            else if (chosen[i].Pool != pool || chosen[i].Move >= 0)
                continue;
            place[i] = buffers.Count;
            buffers.Add(new ArenaBuffer(from, to, buffer.Bytes));
        }
        ArenaLink[] links = [.. problem.Links.Where(l => place.ContainsKey(l.Buffer)).Select(l => new ArenaLink(place[l.Buffer], place[l.Anchor], l.Distance))];
        return BruteForcePlacement.Fits(new ArenaProblem([.. buffers], links, problem.Alignment), problem.Pools[pool].Bytes);
    }

    private readonly record struct Way(int Pool, int Move, int To, long Cost);
}
