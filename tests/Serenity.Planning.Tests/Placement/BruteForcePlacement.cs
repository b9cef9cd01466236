using Serenity.Planning.Placement;

namespace Serenity.Planning.Tests.Placement;

/// <summary>The least arena of a tiny problem, by trying every base of every block byte by byte. Shares nothing with the placers.</summary>
internal static class BruteForcePlacement
{
    /// <summary>The least arena size, or -1 if it is above <paramref name="most"/>.</summary>
    public static long Least(ArenaProblem problem, long most)
    {
        for (long capacity = LargestLiveSum(problem); capacity <= most; capacity++)
        {
            if (Fits(problem, capacity))
                return capacity;
        }
        return -1;
    }

    private static long LargestLiveSum(ArenaProblem problem) => problem.Buffers.Length == 0 ? 0 : problem.Buffers.Max(
        at => problem.Buffers.Where(b => b.Lower <= at.Lower && at.Lower < b.Upper).Sum(b => b.Bytes));

    /// <summary>True if there is a placement within a capacity.</summary>
    public static bool Fits(ArenaProblem problem, long capacity) => Fill(problem, new long[problem.Buffers.Length], 0, capacity);

    private static bool Fill(ArenaProblem problem, long[] offsets, int buffer, long capacity)
    {
        if (buffer == offsets.Length)
            return problem.Links.All(link => offsets[link.Buffer] == offsets[link.Anchor] + link.Distance);
        bool linked = problem.Links.Any(link => link.Buffer == buffer);
        long bytes = problem.Buffers[buffer].Bytes;
        for (long at = 0; at + bytes <= capacity; at += linked ? 1 : problem.Alignment)
        {
            offsets[buffer] = at;
            if (Fits(problem, offsets, buffer) && Fill(problem, offsets, buffer + 1, capacity))
                return true;
        }
        return false;
    }

    private static bool Fits(ArenaProblem problem, long[] offsets, int buffer)
    {
        foreach (ArenaLink link in problem.Links)
        {
            if (link.Buffer <= buffer && link.Anchor <= buffer && offsets[link.Buffer] != offsets[link.Anchor] + link.Distance)
                return false;
        }
        ArenaBuffer b = problem.Buffers[buffer];
        for (int i = 0; i < buffer; i++)
        {
            ArenaBuffer a = problem.Buffers[i];
            if (a.Bytes > 0 && b.Bytes > 0 && a.Lower < b.Upper && b.Lower < a.Upper
                && offsets[i] < offsets[buffer] + b.Bytes && offsets[buffer] < offsets[i] + a.Bytes)
            {
                return false;
            }
        }
        return true;
    }
}
