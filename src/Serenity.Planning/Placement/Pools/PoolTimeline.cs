namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// The times at which a pool can become fuller, and what each choice takes from one of them up to another. A sum of spans is largest where one of them begins, so no other times matter.
/// </summary>
internal sealed class PoolTimeline
{
    private readonly int[] _times;

    private PoolTimeline(PoolChoices choices)
    {
        PoolUnit[] units = choices.Units;
        _times = [.. units.SelectMany(u => u.Choices).SelectMany(c => c.Spans).Select(s => s.From).Distinct().Order()];
        Stays = new PoolStay[units.Length][][];
        (First, End, Bytes) = (new int[units.Length], new int[units.Length], new long[units.Length][]);
        for (int u = 0; u < units.Length; u++)
            Add(u, units[u]);
    }

    /// <summary>Number of times.</summary>
    public int Count => _times.Length;

    /// <summary>For each block and choice, where it stays and how long.</summary>
    public PoolStay[][][] Stays { get; }

    /// <summary>For each block the first time at which it takes room, whatever is chosen; no earlier than <see cref="End"/> if it never does.</summary>
    public int[] First { get; }

    /// <summary>For each block the time behind the last.</summary>
    public int[] End { get; }

    /// <summary>For each block what it takes of each pool that it is in, by time from <see cref="First"/> on.</summary>
    public long[][] Bytes { get; }

    /// <summary>Reads the spans.</summary>
    public static PoolTimeline Of(PoolChoices choices) => new(choices);

    /// <summary>Index of the first time that is not before a half step.</summary>
    public int At(int half)
    {
        int at = Array.BinarySearch(_times, half);
        return at < 0 ? ~at : at;
    }

    private void Add(int u, PoolUnit unit)
    {
        (First[u], End[u]) = (Count, 0);
        foreach (PoolSpan span in unit.Choices.SelectMany(c => c.Spans))
            (First[u], End[u]) = (Math.Min(First[u], At(span.From)), Math.Max(End[u], At(span.To)));
        Bytes[u] = new long[Math.Max(End[u] - First[u], 0)];
        Stays[u] = new PoolStay[unit.Choices.Length][];
        long[] taken = new long[Bytes[u].Length];
        for (int c = 0; c < unit.Choices.Length; c++)
        {
            List<PoolStay> stays = [];
            foreach (IGrouping<int, PoolSpan> spans in unit.Choices[c].Spans.GroupBy(s => s.Pool))
            {
                // Parts that lie behind each other are one stay, whose bytes change.
                Array.Clear(taken);
                foreach (PoolSpan span in spans)
                {
                    for (int t = At(span.From) - First[u]; t < At(span.To) - First[u]; t++)
                        taken[t] += span.Bytes;
                }
                for (int t = 0; t < taken.Length; t++)
                {
                    Bytes[u][t] = Math.Max(Bytes[u][t], taken[t]);
                    if (taken[t] > 0 && (t == 0 || taken[t - 1] == 0))
                        stays.Add(new PoolStay(spans.Key, First[u] + t, First[u] + t));
                    if (taken[t] > 0)
                        stays[^1] = stays[^1] with { To = First[u] + t + 1 };
                }
            }
            Stays[u][c] = [.. stays];
        }
    }
}

/// <summary>A block in a pool for some time.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="From">The first of the times.</param>
/// <param name="To">The time behind the last.</param>
internal readonly record struct PoolStay(int Pool, int From, int To);
