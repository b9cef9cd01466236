namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// What takes part of a pool's room at a time, measured in several ways, each of which says of no set that fits that it takes more than all: the share of its bytes, and shares rounded to
/// multiples of a k-th (dual feasible functions, Lueker 1983), by which what is larger than a half counts as all, what is larger than a third as a half, and so on.
/// </summary>
/// <remarks>
/// Room is what is left by those that are there in any case, and no more than some of the others can fill together: of seven units none of the sets of twos and fours uses the last.
/// </remarks>
internal sealed class RoomMeasures
{
    /// <summary>Roundings are to multiples of a half, a third, … of room, up to this.</summary>
    private const int Finest = 5;

    /// <summary>Sums of sizes are listed as bits, at most so many.</summary>
    private const int MostSums = 1 << 16;

    /// <summary>With more entries than this, bytes are all that is measured.</summary>
    private const long MostEntries = 3_000_000;

    private RoomMeasures(PoolChoices choices, PoolTimeline timeline)
    {
        int pools = choices.Capacity.Length;
        (Room, Roundings) = (Array.ConvertAll(choices.Capacity, _ => new long[timeline.Count]), new int[pools][]);
        Sizes = new double[timeline.Stays.Length][][];
    }

    /// <summary>For each pool and time the bytes that are to be had; -1 where all that may be there fits.</summary>
    public long[][] Room { get; }

    /// <summary>For each pool into how many parts its roundings divide room.</summary>
    public int[][] Roundings { get; }

    /// <summary>
    /// For each block and pool what it takes of the room, by time from its first on, all measures of one time behind each other, bytes first; empty where it never is, or never beside more
    /// than fits.
    /// </summary>
    public double[][][] Sizes { get; }

    /// <summary>How many of them there are.</summary>
    public long Entries { get; private set; }

    /// <summary>Measures of a pool.</summary>
    public int Count(int pool) => 1 + Roundings[pool].Length;

    /// <summary>Measures what may be in the pools.</summary>
    /// <param name="choices">The choices.</param>
    /// <param name="timeline">Their times.</param>
    /// <param name="rounds">True to measure rounded shares too.</param>
    /// <param name="meter">Counts the work.</param>
    public static RoomMeasures Of(PoolChoices choices, PoolTimeline timeline, bool rounds, PoolMeter meter)
    {
        RoomMeasures measures = new(choices, timeline);
        ulong[] sums = new ulong[(MostSums / 64) + 1];
        for (int u = 0; u < measures.Sizes.Length; u++)
            measures.Sizes[u] = Array.ConvertAll(choices.Capacity, _ => Array.Empty<double>());
        for (int pool = 0; pool < choices.Capacity.Length; pool++)
        {
            List<(int Unit, long Bytes)>[] guests = measures.Guests(choices, timeline, pool);
            for (int t = 0; t < timeline.Count; t++)
                measures.Room[pool][t] = Reachable(guests[t], measures.Room[pool][t], sums, meter);
            measures.Roundings[pool] = [.. Enumerable.Range(1, rounds ? Finest : 0).Where(parts => Enumerable.Range(0, timeline.Count).Any(t =>
                measures.Room[pool][t] > 0 && guests[t].Any(g => Rounded(g.Bytes, measures.Room[pool][t], parts) > (double)g.Bytes / measures.Room[pool][t])))];
            long entries = guests.Sum(g => (long)g.Count);
            if (measures.Entries + (entries * measures.Count(pool)) > MostEntries)
                measures.Roundings[pool] = [];
            measures.Measure(guests, timeline, pool);
        }
        return measures;
    }

    // Who may be in a pool and may be elsewhere, by time; takes those that are there in any case off its room.
    private List<(int Unit, long Bytes)>[] Guests(PoolChoices choices, PoolTimeline timeline, int pool)
    {
        List<(int, long)>[] guests = [.. Enumerable.Range(0, timeline.Count).Select(_ => new List<(int, long)>())];
        Array.Fill(Room[pool], choices.Capacity[pool]);
        for (int u = 0; u < timeline.Stays.Length; u++)
        {
            int[] there = new int[timeline.Bytes[u].Length];
            foreach (PoolStay stay in timeline.Stays[u].SelectMany(s => s))
            {
                for (int t = stay.From; t < stay.To && stay.Pool == pool; t++)
                    there[t - timeline.First[u]]++;
            }
            for (int t = 0; t < there.Length; t++)
            {
                if (there[t] == timeline.Stays[u].Length)
                    Room[pool][timeline.First[u] + t] -= timeline.Bytes[u][t];
                else if (there[t] > 0 && timeline.Bytes[u][t] > 0)
                    guests[timeline.First[u] + t].Add((u, timeline.Bytes[u][t]));
            }
        }
        return guests;
    }

    /// <summary>The largest sum of sizes that fits into some room; -1 where all of them do.</summary>
    private static long Reachable(List<(int Unit, long Bytes)> guests, long room, ulong[] sums, PoolMeter meter)
    {
        long together = 0, unit = 0;
        foreach ((_, long bytes) in guests)
        {
            together += bytes;
            unit = bytes > room ? unit : GreatestDivisor(unit, bytes);
        }
        if (together <= room)
            return -1;
        if (unit == 0 || room <= 0)
            return 0;
        long most = room / unit;
        if (most >= MostSums)
            return most * unit;
        // Bit n: some of them take n units together.
        int words = (int)(most >> 6) + 1;
        Span<ulong> set = sums.AsSpan(0, words);
        set.Clear();
        set[0] = 1;
        foreach ((_, long bytes) in guests)
        {
            if (bytes > room)
                continue;
            meter.Add(words / 4);
            (int word, int bit) = ((int)(bytes / unit >> 6), (int)(bytes / unit & 63));
            for (int w = words - 1; w >= word; w--)
                set[w] |= (set[w - word] << bit) | (bit > 0 && w > word ? set[w - word - 1] >> (64 - bit) : 0);
            if ((set[(int)(most >> 6)] >> (int)(most & 63) & 1) != 0)
                return most * unit;
        }
        while ((set[(int)(most >> 6)] >> (int)(most & 63) & 1) == 0)
            most--;
        return most * unit;
    }

    private void Measure(List<(int Unit, long Bytes)>[] guests, PoolTimeline timeline, int pool)
    {
        int count = Count(pool);
        for (int time = 0; time < guests.Length; time++)
        {
            long room = Room[pool][time];
            foreach ((int u, long bytes) in guests[time])
            {
                // What is larger than all room is told by the bound itself.
                if (room <= 0 || bytes > room)
                    continue;
                if (Sizes[u][pool].Length == 0)
                {
                    Sizes[u][pool] = new double[timeline.Bytes[u].Length * count];
                    Entries += Sizes[u][pool].Length;
                }
                int at = (time - timeline.First[u]) * count;
                Sizes[u][pool][at] = (double)bytes / room;
                for (int m = 1; m < count; m++)
                    Sizes[u][pool][at + m] = Rounded(bytes, room, Roundings[pool][m - 1]);
            }
        }
    }

    // A share as it is where it is a multiple of one of so many parts and one more, else rounded to parts.
    private static double Rounded(long bytes, long room, int parts) =>
        bytes > room ? 0 : (parts + 1) * bytes % room == 0 ? (double)bytes / room : (double)((parts + 1) * bytes / room) / parts;

    private static long GreatestDivisor(long a, long b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
