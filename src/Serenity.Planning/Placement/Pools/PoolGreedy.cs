namespace Serenity.Planning.Placement.Pools;

/// <summary>A plan in which every block stays where it is put.</summary>
/// <param name="Pool">For each block its pool.</param>
/// <param name="Base">For each block the base of its place.</param>
/// <param name="Cost">What all accesses cost.</param>
internal sealed record GreedyPools(int[] Pool, long[] Base, long Cost);

/// <summary>
/// Buffers one after the other, each in the cheapest pool that has room for it all its life, at the lowest place there. Where none has, the last pool that may hold it grows.
/// </summary>
internal static class PoolGreedy
{
    /// <summary>Plans that fit.</summary>
    public static IEnumerable<GreedyPools> Plans(PoolProblem problem, RigidBlocks blocks)
    {
        foreach (int[] order in Orders(problem, blocks))
        {
            (int[] pool, long[] bases, bool fits) = Place(problem, blocks, order);
            if (!fits)
                continue;
            long cost = 0;
            for (int i = 0; i < problem.Buffers.Length; i++)
                cost += problem.Buffers[i].Buffer.Bytes * problem.Buffers[i].Accesses.Sum(a => (long)a.Count) * problem.Pools[pool[blocks.BlockOf[i]]].AccessCost;
            yield return new GreedyPools(pool, bases, cost);
        }
    }

    /// <summary>Orders that are tried, as block numbers: by accesses, by accesses in a step, by bytes moved, by size.</summary>
    public static IEnumerable<int[]> Orders(PoolProblem problem, RigidBlocks blocks)
    {
        int n = blocks.Count;
        double[] accesses = new double[n], rate = new double[n], traffic = new double[n], bytes = new double[n];
        for (int block = 0; block < n; block++)
        {
            double span = 0;
            foreach (int part in blocks.Parts(block))
            {
                (ArenaBuffer buffer, IReadOnlyList<BufferAccess> uses, _, _) = problem.Buffers[part];
                bytes[block] += buffer.Bytes;
                span += buffer.Bytes * (double)(buffer.Upper - buffer.Lower);
                traffic[block] += buffer.Bytes * (double)uses.Sum(u => (long)u.Count);
            }
            accesses[block] = traffic[block] / Math.Max(bytes[block], 1);
            rate[block] = traffic[block] / Math.Max(span, 1);
        }
        foreach ((double[] first, double[] second) in ((double[], double[])[])[(accesses, bytes), (rate, bytes), (traffic, accesses), (bytes, accesses)])
        {
            int[] order = [.. Enumerable.Range(0, n)];
            Array.Sort(order, (a, b) => first[a] != first[b] ? first[b].CompareTo(first[a]) : second[a] != second[b] ? second[b].CompareTo(second[a]) : a.CompareTo(b));
            yield return order;
        }
    }

    /// <summary>For each block its pool and the base of its place; whether all lie within their pools.</summary>
    public static (int[] Pool, long[] Base, bool Fits) Place(PoolProblem problem, RigidBlocks blocks, int[] order)
    {
        int[] byCost = [.. Enumerable.Range(0, problem.Pools.Length).OrderBy(p => problem.Pools[p].AccessCost).ThenByDescending(p => problem.Pools[p].Bytes)];
        List<(int Buffer, long Offset)>[] placed = Array.ConvertAll(problem.Pools, _ => new List<(int, long)>());
        int[] pool = new int[blocks.Count];
        long[] bases = new long[blocks.Count];
        bool fits = true;
        foreach (int block in order)
        {
            ulong allowed = ulong.MaxValue;
            foreach (int part in blocks.Parts(block))
                allowed &= problem.Buffers[part].Pools;
            int last = -1;
            bool found = false;
            foreach (int p in byCost)
            {
                if ((allowed >> p & 1) == 0)
                    continue;
                last = p;
                bases[block] = Lowest(problem, blocks, block, placed[p]);
                found = true;
                foreach (int part in blocks.Parts(block))
                    found &= bases[block] + blocks.Distance[part] + problem.Buffers[part].Buffer.Bytes <= problem.Pools[p].Bytes;
                if (found)
                    break;
            }
            pool[block] = last;
            fits &= found;
            foreach (int part in blocks.Parts(block))
                placed[last].Add((part, bases[block] + blocks.Distance[part]));
        }
        return (pool, bases, fits);
    }

    private static long Lowest(PoolProblem problem, RigidBlocks blocks, int block, List<(int Buffer, long Offset)> placed)
    {
        List<(long From, long To)> forbidden = [];
        foreach (int part in blocks.Parts(block))
        {
            ArenaBuffer buffer = problem.Buffers[part].Buffer;
            foreach ((int other, long offset) in placed)
            {
                ArenaBuffer there = problem.Buffers[other].Buffer;
                if (there.Lower < buffer.Upper && buffer.Lower < there.Upper && there.Bytes > 0 && buffer.Bytes > 0)
                    forbidden.Add((offset - buffer.Bytes - blocks.Distance[part], offset + there.Bytes - blocks.Distance[part]));
            }
        }
        forbidden.Sort();
        long at = blocks.AlignBase(block, 0);
        foreach ((long from, long to) in forbidden)
        {
            // Ascending starts: what a raised base has passed cannot hold it again.
            if (from >= at)
                break;
            if (to > at)
                at = blocks.AlignBase(block, to);
        }
        return at;
    }
}
