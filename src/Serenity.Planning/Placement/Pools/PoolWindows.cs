namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// A plan made cheaper part of the time after part (large-neighbourhood search): what is live in a window chooses anew, everything else lies as it does. A search of a window is narrow and
/// near the best; one over all of the time is either far wider or loses its way.
/// </summary>
/// <param name="choices">The choices.</param>
/// <param name="options">Techniques.</param>
/// <param name="meter">Counts the work, and ends it.</param>
internal sealed class PoolWindows(PoolChoices choices, PoolOptions options, PoolMeter meter)
{
    /// <summary>Times that the windows go over the whole at most.</summary>
    private const int Rounds = 3;

    /// <summary>A window is one part in so many of all times, or this many if that is less; two of them share a half.</summary>
    private const int Share = 24, Shortest = 8;

    /// <summary>States kept after each decision in a window.</summary>
    private const int Width = 200;

    /// <summary>The share of all work, in hundredths, at which no more is tried.</summary>
    private const int MostShare = 80;

    /// <summary>States expanded.</summary>
    public long States { get; private set; }

    /// <summary>Makes choices cheaper; no pool is overfull by sums, but they may be such that cannot be laid down.</summary>
    /// <param name="bound">A bound.</param>
    /// <param name="capacity">Bytes of each pool at each time.</param>
    /// <param name="choice">For each block its choice.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <returns>Cheaper choices; null if none were found.</returns>
    public int[]? Improve(PoolBound bound, long[][] capacity, int[] choice, CancellationToken cancellation)
    {
        int[] current = choice;
        long cost = choice.Select((c, u) => choices.Units[u].Choices[c].Cost).Sum();
        Dictionary<(int Unit, int Choice), PoolMoves> known = [];
        int length = Math.Max(bound.Timeline.Count / Share, Shortest);
        bool better = true;
        for (int round = 0; round < Rounds && better; round++)
        {
            better = false;
            for (int from = 0; from < bound.Timeline.Count && !meter.IsPast(MostShare); from += length / 2)
            {
                bool[] isFree = [.. bound.Timeline.First.Zip(bound.Timeline.End, (first, end) => first < from + length && end > from)];
                PoolBound around = bound.Around(current, isFree);
                PoolSearch search = new(choices, around, capacity, options, meter, [.. current.Select((c, u) => MovesOf(u, ReferenceEquals(around.Total[u], bound.Total[u]) ? -1 : c, around))]);
                PoolSearchResult found = search.Run(cost, Width, cancellation);
                States += found.States;
                if (found.Choice is not null)
                    (current, cost, better) = (found.Choice, found.Cost, true);
            }
        }
        return ReferenceEquals(current, choice) ? null : current;

        PoolMoves MovesOf(int unit, int only, PoolBound around) =>
            known.TryGetValue((unit, only), out PoolMoves? moves) ? moves : known[(unit, only)] = new PoolMoves(choices, around, unit);
    }
}
