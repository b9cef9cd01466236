namespace Serenity.Planning.Placement;

/// <summary>Bytes that no placement can go under: the largest sum of what is live together, alignment included.</summary>
internal static class LiveBound
{
    /// <summary>The bound, in bytes.</summary>
    /// <remarks>
    /// Buffers that are live together and all start at multiples of the alignment are a stack; each but the topmost fills its last
    /// granule. So the stack is the sum of the rounded sizes less what the topmost does not fill, which is at most the largest such
    /// remainder. Where a linked buffer starts off the grid it may lie in another's last granule, and only the plain sum is safe.
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
            bound = Math.Max(bound, plain);
            if (offGrid == 0)
                bound = Math.Max(bound, rounded - LargestRemainder());
        }
        return bound;

        void Count(int buffer, int sign)
        {
            long bytes = problem.Buffers[buffer].Bytes;
            if (bytes == 0)
                return;
            long full = (bytes + mask) & ~mask;
            plain += sign * bytes;
            rounded += sign * full;
            if (!onGrid[buffer])
                offGrid += sign;
            remainders[Math.Min(full - bytes, remainders.Length - 1)] += sign;
        }

        long LargestRemainder()
        {
            for (int r = remainders.Length - 1; r > 0; r--)
            {
                if (remainders[r] > 0)
                    return r == remainders.Length - 1 ? mask : r;
            }
            return 0;
        }
    }
}
