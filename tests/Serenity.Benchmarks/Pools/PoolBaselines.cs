using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Benchmarks.Pools;

/// <summary>What others do with several memories, to be compared with. Neither moves a buffer.</summary>
internal static class PoolBaselines
{
    /// <summary>Buffers by how often they are used, the larger first of those used equally, each into the cheapest pool with room at any place; null if one fits nowhere.</summary>
    public static PoolPlan? ByAccessDensity(PoolProblem problem)
    {
        long[] accesses = Array.ConvertAll(problem.Buffers, b => b.Accesses.Sum(a => (long)a.Count));
        int[] order = [.. Enumerable.Range(0, accesses.Length).OrderByDescending(i => accesses[i]).ThenByDescending(i => problem.Buffers[i].Buffer.Bytes)];
        (int Pool, long Offset)[] places = new (int, long)[order.Length];
        List<int> placed = [];
        foreach (int buffer in order)
        {
            bool found = false;
            foreach (int pool in Cheapest(problem))
            {
                if (Allows(problem, buffer, pool) && Lowest(problem, buffer, pool, placed, places) is { } at && at + problem.Buffers[buffer].Buffer.Bytes <= problem.Pools[pool].Bytes)
                {
                    (places[buffer], found) = ((pool, at), true);
                    break;
                }
            }
            if (!found)
                return null;
            placed.Add(buffer);
        }
        return Plan(problem, places);
    }

    /// <summary>
    /// TVM's Unified Static Memory Planner, as its greedy algorithms do it (src/tir/usmp/algo/greedy.cc): buffers by size, or by the number of others live with them; in each pool a buffer comes
    /// behind everything live with it that is there; of the pools where it then ends within the size hint, the first in the user's order, here the cheapest first, takes it. Null if one fits nowhere.
    /// </summary>
    /// <param name="problem">The problem.</param>
    /// <param name="byConflicts">greedy_by_conflicts; else greedy_by_size.</param>
    public static PoolPlan? Usmp(PoolProblem problem, bool byConflicts)
    {
        int n = problem.Buffers.Length;
        int[] conflicts = new int[n];
        for (int i = 0; i < n; i++)
            conflicts[i] = Enumerable.Range(0, n).Count(j => j != i && Together(problem, i, j));
        IEnumerable<int> all = Enumerable.Range(0, n);
        IOrderedEnumerable<int> sorted = byConflicts
            ? all.OrderByDescending(i => conflicts[i]).ThenByDescending(i => problem.Buffers[i].Buffer.Bytes)
            : all.OrderByDescending(i => problem.Buffers[i].Buffer.Bytes).ThenByDescending(i => conflicts[i]);
        (int Pool, long Offset)[] places = new (int, long)[n];
        List<int> placed = [];
        foreach (int buffer in sorted.ThenByDescending(i => i))
        {
            bool found = false;
            foreach (int pool in Cheapest(problem))
            {
                if (!Allows(problem, buffer, pool))
                    continue;
                long at = 0;
                foreach (int other in placed)
                {
                    if (places[other].Pool == pool && Together(problem, buffer, other))
                        at = Math.Max(at, Aligned(problem, places[other].Offset + problem.Buffers[other].Buffer.Bytes));
                }
                if (at + problem.Buffers[buffer].Buffer.Bytes > problem.Pools[pool].Bytes)
                    continue;
                (places[buffer], found) = ((pool, at), true);
                break;
            }
            if (!found)
                return null;
            placed.Add(buffer);
        }
        return Plan(problem, places);
    }

    private static IEnumerable<int> Cheapest(PoolProblem problem) => Enumerable.Range(0, problem.Pools.Length).OrderBy(p => problem.Pools[p].AccessCost);

    private static bool Allows(PoolProblem problem, int buffer, int pool) => (problem.Buffers[buffer].Pools & (1UL << pool)) != 0;

    private static bool Together(PoolProblem problem, int a, int b)
    {
        (ArenaBuffer x, ArenaBuffer y) = (problem.Buffers[a].Buffer, problem.Buffers[b].Buffer);
        return x.Lower < y.Upper && y.Lower < x.Upper;
    }

    private static long Aligned(PoolProblem problem, long offset) => (offset + problem.Alignment - 1) / problem.Alignment * problem.Alignment;

    private static long? Lowest(PoolProblem problem, int buffer, int pool, List<int> placed, (int Pool, long Offset)[] places)
    {
        long at = 0, bytes = problem.Buffers[buffer].Buffer.Bytes;
        foreach (int other in placed.Where(o => places[o].Pool == pool && Together(problem, buffer, o)).OrderBy(o => places[o].Offset))
        {
            if (places[other].Offset >= at + bytes)
                break;
            at = Math.Max(at, Aligned(problem, places[other].Offset + problem.Buffers[other].Buffer.Bytes));
        }
        return at;
    }

    private static PoolPlan Plan(PoolProblem problem, (int Pool, long Offset)[] places)
    {
        long[] used = new long[problem.Pools.Length];
        long cost = 0;
        for (int i = 0; i < places.Length; i++)
        {
            used[places[i].Pool] = Math.Max(used[places[i].Pool], places[i].Offset + problem.Buffers[i].Buffer.Bytes);
            cost += problem.Buffers[i].Accesses.Sum(a => a.Count * problem.Buffers[i].Buffer.Bytes) * problem.Pools[places[i].Pool].AccessCost;
        }
        return new PoolPlan([.. places.Select(p => new BufferPlace(p.Pool, p.Offset))], used, cost, 0, true, 0);
    }
}
