namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// Blocks so small that where they lie decides nothing: scalars, shapes, means. They are left to the end, when the others lie somewhere. Until then they cost what they cost in the cheapest
/// memory and take no room, so a bound for the others is one for all.
/// </summary>
internal static class SmallBlocks
{
    /// <summary>Where small blocks lie makes the whole dearer by no more than one part in so many.</summary>
    private const int CostShare = 400;

    /// <summary>The same where they alone could use part of a granule that a pool ends with.</summary>
    private const int PartCostShare = 150, PartShare = 20;

    /// <summary>Those that are small and live together take no more than one part in so many of the cheapest memory.</summary>
    private const int LiveShare = 4;

    /// <summary>
    /// For each block whether it is one: the smallest, as long as all of them in their dearest memory instead of their cheapest cost next to nothing, and those live together leave most of the
    /// cheapest memory to others.
    /// </summary>
    /// <param name="problem">The problem.</param>
    /// <param name="blocks">Its blocks.</param>
    /// <param name="share">Each takes at most one part in so many of the cheapest memory.</param>
    /// <param name="cost">The cost of a plan; 0 if none is known.</param>
    public static bool[] Of(PoolProblem problem, RigidBlocks blocks, int share, long cost)
    {
        bool[] isSmall = new bool[blocks.Count];
        long cheapest = problem.Pools.Where(p => p.Bytes > 0).OrderBy(p => p.AccessCost).ThenBy(p => p.Bytes).Select(p => p.Bytes).FirstOrDefault();
        long[] bytes = new long[blocks.Count], dearer = new long[blocks.Count];
        long least = 0;
        for (int block = 0; block < bytes.Length; block++)
        {
            ulong allowed = ulong.MaxValue;
            long accessed = 0;
            foreach (int part in blocks.Parts(block))
            {
                (ArenaBuffer buffer, IReadOnlyList<BufferAccess> accesses, ulong pools, _) = problem.Buffers[part];
                bytes[block] += Rounded(problem, buffer.Bytes);
                accessed += buffer.Bytes * accesses.Sum(a => (long)a.Count);
                allowed &= pools;
            }
            long[] costs = [.. problem.Pools.Where((_, p) => (allowed >> p & 1) != 0).Select(p => accessed * p.AccessCost).DefaultIfEmpty()];
            least += costs.Min();
            dearer[block] = costs.Max() - costs.Min();
        }
        cost = Math.Max(cost, least);
        int end = problem.Buffers.Select(b => b.Buffer.Upper).DefaultIfEmpty().Max();
        long[] live = new long[end];
        long spent = 0;
        // Without them sums are held against the pool's whole granules, which is what all others can use.
        long missing = problem.Pools.Select(p => Rounded(problem, p.Bytes) - p.Bytes).Where(m => m > 0).DefaultIfEmpty(long.MaxValue).Min();
        int[] partial = [.. Enumerable.Range(0, bytes.Length).Where(b => blocks.Parts(b).ToArray().Any(p =>
            problem.Buffers[p].Buffer.Bytes is > 0 and var plain && Rounded(problem, plain) - plain >= missing))];
        if (partial.All(b => bytes[b] <= cheapest / PartShare) && partial.Sum(b => dearer[b]) <= cost / PartCostShare)
        {
            foreach (int block in partial)
                isSmall[block] = true;
        }
        foreach (int block in Enumerable.Range(0, bytes.Length).OrderBy(b => bytes[b]).ThenBy(b => b))
        {
            if (isSmall[block])
                continue;
            if (bytes[block] > cheapest / share || spent + dearer[block] > cost / CostShare)
                break;
            (int from, int to) = (end, 0);
            foreach (int part in blocks.Parts(block))
                (from, to) = (Math.Min(from, problem.Buffers[part].Buffer.Lower), Math.Max(to, problem.Buffers[part].Buffer.Upper));
            bool fits = true;
            for (int step = from; step < to; step++)
                fits &= live[step] + bytes[block] <= Math.Max(cheapest / share, cheapest / LiveShare);
            if (!fits)
                continue;
            isSmall[block] = true;
            spent += dearer[block];
            for (int step = from; step < to; step++)
                live[step] += bytes[block];
        }
        return isSmall;
    }

    private static long Rounded(PoolProblem problem, long bytes) => (bytes + problem.Alignment - 1) & ~(problem.Alignment - 1);

    /// <summary>The choices of small blocks beside those of the others: each in the cheapest memory that has room by the sum of what is there, the most used first; in the last one if none
    /// has.</summary>
    /// <param name="small">The small blocks, with their stays.</param>
    /// <param name="others">What was chosen for the others.</param>
    /// <param name="capacity">Bytes of each pool.</param>
    public static PoolChoice[] Choose(PoolUnit[] small, IEnumerable<PoolChoice> others, long[] capacity)
    {
        PoolChoice[] chosen = new PoolChoice[small.Length];
        PoolChoice[] lying = [.. others];
        PoolRoom room = new(capacity, small.SelectMany(u => u.Choices).Concat(lying).SelectMany(c => c.Spans).Select(s => s.To).DefaultIfEmpty().Max());
        foreach (PoolChoice choice in lying)
            room.Add(choice, 1);
        foreach (int u in Enumerable.Range(0, small.Length).OrderByDescending(u => small[u].Choices.Max(c => c.Cost) - small[u].Choices[0].Cost).ThenBy(u => u))
        {
            chosen[u] = Array.Find(small[u].Choices, room.Fits) ?? small[u].Choices[^1];
            room.Add(chosen[u], 1);
        }
        return chosen;
    }
}
