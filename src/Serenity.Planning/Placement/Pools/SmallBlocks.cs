namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// Blocks so small that where they lie decides nothing: scalars, shapes, means. They are left to the end, when the others lie somewhere. Until then they cost what they cost in the cheapest
/// memory and take no room, so a bound for the others is one for all.
/// </summary>
internal static class SmallBlocks
{
    /// <summary>For each block whether it is one: the smallest, as long as those live together are never more than a share of the cheapest memory.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="blocks">Its blocks.</param>
    /// <param name="share">One part in so many of that memory.</param>
    public static bool[] Of(PoolProblem problem, RigidBlocks blocks, int share)
    {
        bool[] isSmall = new bool[blocks.Count];
        long room = problem.Pools.Where(p => p.Bytes > 0).OrderBy(p => p.AccessCost).ThenBy(p => p.Bytes).Select(p => p.Bytes).FirstOrDefault() / share;
        long[] bytes = new long[blocks.Count];
        for (int block = 0; block < bytes.Length; block++)
        {
            foreach (int part in blocks.Parts(block))
                bytes[block] += (problem.Buffers[part].Buffer.Bytes + problem.Alignment - 1) & ~(problem.Alignment - 1);
        }
        int end = problem.Buffers.Select(b => b.Buffer.Upper).DefaultIfEmpty().Max();
        long[] live = new long[end];
        foreach (int block in Enumerable.Range(0, bytes.Length).OrderBy(b => bytes[b]).ThenBy(b => b))
        {
            if (bytes[block] > room)
                break;
            (int from, int to) = (end, 0);
            foreach (int part in blocks.Parts(block))
                (from, to) = (Math.Min(from, problem.Buffers[part].Buffer.Lower), Math.Max(to, problem.Buffers[part].Buffer.Upper));
            bool fits = true;
            for (int step = from; step < to; step++)
                fits &= live[step] + bytes[block] <= room;
            if (!fits)
                continue;
            isSmall[block] = true;
            for (int step = from; step < to; step++)
                live[step] += bytes[block];
        }
        return isSmall;
    }

    /// <summary>The choices of small blocks beside those of the others: each in the cheapest memory that has room by the sum of what is there, the most used first; in the last one if none
    /// has.</summary>
    /// <param name="small">The small blocks, with their stays.</param>
    /// <param name="others">What was chosen for the others.</param>
    /// <param name="capacity">Bytes of each pool.</param>
    public static PoolChoice[] Choose(PoolUnit[] small, IEnumerable<PoolChoice> others, long[] capacity)
    {
        PoolChoice[] chosen = new PoolChoice[small.Length];
        int end = small.SelectMany(u => u.Choices).SelectMany(c => c.Spans).Select(s => s.To).DefaultIfEmpty().Max();
        long[][] used = Array.ConvertAll(capacity, _ => new long[end]);
        foreach (PoolChoice choice in others)
            Fits(choice, used, capacity, takes: true);
        foreach (int u in Enumerable.Range(0, small.Length).OrderByDescending(u => small[u].Choices.Max(c => c.Cost) - small[u].Choices[0].Cost).ThenBy(u => u))
        {
            chosen[u] = Array.Find(small[u].Choices, c => Fits(c, used, capacity, takes: false)) ?? small[u].Choices[^1];
            Fits(chosen[u], used, capacity, takes: true);
        }
        return chosen;
    }

    private static bool Fits(PoolChoice choice, long[][] used, long[] capacity, bool takes)
    {
        foreach (PoolSpan span in choice.Spans)
        {
            for (int t = span.From; t < Math.Min(span.To, used[span.Pool].Length); t++)
            {
                if (takes)
                    used[span.Pool][t] += span.Bytes;
                else if (used[span.Pool][t] + span.Bytes > capacity[span.Pool])
                    return false;
            }
        }
        return true;
    }
}
