namespace Serenity.Planning.Placement;

/// <summary>Bytes that no placement can go under: the largest sum of what is live together, alignment included.</summary>
internal static class LiveBound
{
    /// <summary>The bound, in bytes.</summary>
    /// <remarks>
    /// Buffers that are live together and all start at multiples of the alignment are a stack; each but the topmost fills its last
    /// granule. So the stack is the sum of the rounded sizes less what the topmost does not fill, which is at most the largest such
    /// remainder. A linked buffer that starts off the grid may lie in what one other leaves empty of its last granule, so each such buffer saves
    /// one more of the largest remainders, and counts only its plain size itself.
    /// </remarks>
    public static long Compute(RigidBlocks blocks)
    {
        ArenaProblem problem = blocks.Problem;
        long mask = problem.Alignment - 1;
        int n = problem.Buffers.Length;
        long bound = 0;
        bool[] onGrid = new bool[n];
        for (int i = 0; i < n; i++)
        {
            int block = blocks.BlockOf[i];
            onGrid[i] = ((blocks.Residue[block] + blocks.Distance[i]) & mask) == 0;

            // A block is at least as high as its highest part.
            bound = Math.Max(bound, blocks.AlignBase(block, 0) + blocks.Distance[i] + problem.Buffers[i].Bytes);
        }

        int[] starts = new int[n], ends = new int[n];
        for (int i = 0; i < n; i++)
            starts[i] = ends[i] = i;
        Array.Sort(starts, (a, b) => problem.Buffers[a].Lower.CompareTo(problem.Buffers[b].Lower));
        Array.Sort(ends, (a, b) => problem.Buffers[a].Upper.CompareTo(problem.Buffers[b].Upper));

        // remainders counts the live buffers by how much of their last granule they leave empty.
        int[] remainders = new int[Math.Min(problem.Alignment, 4096)];
        long plain = 0, rounded = 0;
        int offGrid = 0, dead = 0;
        for (int k = 0; k < n; k++)
        {
            int step = problem.Buffers[starts[k]].Lower;
            for (; dead < n && problem.Buffers[ends[dead]].Upper <= step; dead++)
                Count(ends[dead], -1);
            Count(starts[k], 1);
            if (k + 1 < n && problem.Buffers[starts[k + 1]].Lower == step)
                continue;
            bound = Math.Max(bound, Math.Max(plain, rounded - LargestRemainders(1 + offGrid)));
        }
        return bound;

        void Count(int buffer, int sign)
        {
            long bytes = problem.Buffers[buffer].Bytes;
            if (bytes == 0)
                return;
            long full = (bytes + mask) & ~mask;
            plain += sign * bytes;
            if (!onGrid[buffer])
            {
                rounded += sign * bytes;
                offGrid += sign;
                return;
            }
            rounded += sign * full;
            remainders[Math.Min(full - bytes, remainders.Length - 1)] += sign;
        }

        // The sum of so many of the largest. Remainders beyond the table's length count as the largest there can be.
        long LargestRemainders(int count)
        {
            long sum = 0;
            for (int r = remainders.Length - 1; r > 0 && count > 0; r--)
            {
                int here = Math.Min(count, remainders[r]);
                sum += here * (r == remainders.Length - 1 ? mask : r);
                count -= here;
            }
            return sum;
        }
    }
}
