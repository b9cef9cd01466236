namespace Serenity.Planning.Placement;

/// <summary>
/// Checks a placement against the definition of the problem, pair by pair. Shares no code with the placers, so that a mistake
/// in them cannot hide here.
/// </summary>
public static class ArenaValidator
{
    /// <summary>What is wrong with a plan, in words; null if nothing is.</summary>
    /// <param name="problem">The buffers and links that were to be placed.</param>
    /// <param name="plan">The plan to check.</param>
    /// <remarks>Checks every pair of buffers that are live together for disjoint bytes, every link, every alignment, that the arena
    /// size is the largest end, and that the claimed lower bound is not above the arena size. Quadratic in the number of buffers.</remarks>
    public static string? FindFault(ArenaProblem problem, ArenaPlan plan)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(plan);
        return FindFault(problem, plan.Offsets, plan.SizeBytes)
            ?? (plan.LowerBoundBytes > plan.SizeBytes
                ? Invariant($"The lower bound {plan.LowerBoundBytes} is above the arena size {plan.SizeBytes}.") : null);
    }

    /// <summary>What is wrong with offsets in an arena of <paramref name="sizeBytes"/> bytes, in words; null if nothing is.</summary>
    public static string? FindFault(ArenaProblem problem, ReadOnlySpan<long> offsets, long sizeBytes)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArenaBuffer[] buffers = problem.Buffers;
        if (offsets.Length != buffers.Length)
            return Invariant($"There are {buffers.Length} buffers and {offsets.Length} offsets.");

        long end = 0;
        for (int i = 0; i < buffers.Length; i++)
        {
            if (offsets[i] < 0)
                return Invariant($"Buffer {i} lies at {offsets[i]}, before the arena.");
            if (offsets[i] + buffers[i].Bytes > sizeBytes)
                return Invariant($"Buffer {i} ends at {offsets[i] + buffers[i].Bytes}, behind the arena of {sizeBytes} bytes.");
            end = Math.Max(end, offsets[i] + buffers[i].Bytes);
        }
        if (end != sizeBytes)
            return Invariant($"The arena has {sizeBytes} bytes, but the last buffer ends at {end}.");

        bool[] linked = new bool[buffers.Length];
        foreach (ArenaLink link in problem.Links)
        {
            linked[link.Buffer] = true;
            if (offsets[link.Buffer] != offsets[link.Anchor] + link.Distance)
                return Invariant($"Buffer {link.Buffer} does not lie {link.Distance} bytes from buffer {link.Anchor}.");
        }
        for (int i = 0; i < buffers.Length; i++)
        {
            if (!linked[i] && offsets[i] % problem.Alignment != 0)
                return Invariant($"Buffer {i} lies at {offsets[i]}, which is no multiple of {problem.Alignment}.");
        }

        for (int i = 0; i < buffers.Length; i++)
        {
            ArenaBuffer a = buffers[i];
            for (int j = i + 1; j < buffers.Length; j++)
            {
                ArenaBuffer b = buffers[j];
                bool together = a.Lower < b.Upper && b.Lower < a.Upper;
                bool overlap = offsets[i] < offsets[j] + b.Bytes && offsets[j] < offsets[i] + a.Bytes;
                if (together && overlap && a.Bytes > 0 && b.Bytes > 0)
                    return Invariant($"Buffers {i} and {j} are live together and share bytes.");
            }
        }
        return null;
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
