namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// A bound from a decomposition (Lagrangian decomposition): each block at each time in each pool has a worth. Every block takes what is cheapest for it alone, its worths included; every pool
/// at every time holds what is worth most of what fits into it together, and that comes off. No choice that fits costs less, whatever the worths.
/// </summary>
/// <remarks>
/// Prices of bytes are worths; better ones than those follow block by block and time by time: a worth is set half way between where the block and where the pool would change its mind, which
/// never makes the bound lower (dual block coordinate ascent). All in whole numbers, so that it is a bound, and the same on every machine.
/// </remarks>
internal sealed class PoolBound
{
    /// <summary>What cannot be chosen.</summary>
    public const long Never = long.MaxValue / 4;

    /// <summary>More than this, and less than its negative, no worth has: sums stay whole numbers.</summary>
    private const long MostWorth = 1L << 50;

    /// <summary>The share of all work, in hundredths, at which raising ends: the rest is for the search.</summary>
    private const int MostShare = 75;

    private readonly PoolChoices _choices;
    private readonly RoomKnapsack _knapsack = new();
    private readonly long[] _bytes, _worths;

    /// <summary>For each block the choices that are left.</summary>
    private readonly int[][] _open;

    /// <summary>For each block how often its worths were changed, and for each pool and time the changes of its guests when it was looked at last.</summary>
    private readonly long[] _changes;
    private readonly long[][] _seen;
    private long _work;

    /// <summary>What the bound is added to, how much of its work is there already, and what it takes to settle it.</summary>
    private readonly PoolMeter _meter;
    private long _metered;
    private readonly long _settling;

    /// <summary>For each pool and time those that may be there and may be elsewhere.</summary>
    private readonly int[][][] _guests;

    /// <summary>For each pool and time what is left by those that are there in any case.</summary>
    private readonly long[][] _left;

    private PoolBound(PoolChoices choices, PoolTimeline timeline, PoolMeter meter)
    {
        _meter = meter;
        _settling = (4L * timeline.Count * choices.Capacity.Length) + timeline.Stays.Sum(u => u.Sum(c => c.Sum(s => (long)s.To - s.From)));
        (_choices, Timeline) = (choices, timeline);
        long most = choices.Units.Sum(u => u.Choices.Max(c => c.Cost));
        Scale = most < 1L << 44 ? 256 : most < 1L << 52 ? 4 : 1;
        Total = Array.ConvertAll(choices.Units, u => Array.ConvertAll(u.Choices, c => checked(c.Cost * Scale)));
        (_bytes, _worths) = (new long[choices.Units.Length], new long[choices.Units.Length]);
        _open = new int[choices.Units.Length][];
        _changes = new long[choices.Units.Length];
        _seen = Array.ConvertAll(choices.Capacity, _ => Enumerable.Repeat(-1L, timeline.Count).ToArray());
        Least = new long[choices.Units.Length];
        Worth = new long[choices.Units.Length][][];
        for (int u = 0; u < Worth.Length; u++)
            Worth[u] = Array.ConvertAll(choices.Capacity, _ => new long[timeline.Bytes[u].Length]);
        Room = Array.ConvertAll(choices.Capacity, _ => new long[timeline.Count]);
        _guests = Array.ConvertAll(choices.Capacity, _ => new int[timeline.Count][]);
        _left = Array.ConvertAll(choices.Capacity, _ => new long[timeline.Count]);
    }

    private PoolBound(PoolBound of)
    {
        (_choices, Timeline, Scale, _meter, _settling) = (of._choices, of.Timeline, of.Scale, of._meter, of._settling);
        (Worth, Room, Bound) = (of.Worth, of.Room, of.Bound);
        (Total, Least) = ([.. of.Total], [.. of.Least]);
        (_bytes, _worths, _open, _changes, _seen, _guests, _left) = ([], [], [], [], [], [], []);
    }

    /// <summary>The times.</summary>
    public PoolTimeline Timeline { get; }

    /// <summary>The cost 1, in the unit of the bound.</summary>
    public long Scale { get; }

    /// <summary>The bound, in 1/<see cref="Scale"/> of the cost's unit.</summary>
    public long Bound { get; private set; }

    /// <summary>For each block and choice its cost and worths; <see cref="Never"/> for what no plan below the known cost can choose.</summary>
    public long[][] Total { get; }

    /// <summary>For each block the least of them.</summary>
    public long[] Least { get; }

    /// <summary>For each block and pool its worth by time, from its first on.</summary>
    public long[][][] Worth { get; }

    /// <summary>For each pool and time the most that is worth of what fits there together.</summary>
    public long[][] Room { get; }

    /// <summary>The bound in the cost's own unit.</summary>
    public long CostBound => Ceiling(Bound);

    /// <summary>The least whole cost that is not below a bound.</summary>
    public long Ceiling(long bound) => bound <= 0 ? 0 : (bound + Scale - 1) / Scale;

    private long Work => _knapsack.Work + _work;

    /// <summary>By how much the bound rises if something is chosen.</summary>
    public long Slack(int unit, int choice) => Total[unit][choice] >= Never ? Never : Total[unit][choice] - Least[unit];

    /// <summary>Makes a bound.</summary>
    /// <param name="choices">The choices.</param>
    /// <param name="known">The cost of a plan that fits, or more; sets the length of steps, and what cannot be chosen below it is left out.</param>
    /// <param name="options">Techniques, and the work that may be done.</param>
    /// <param name="meter">Counts the work, and ends it.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    public static PoolBound Of(PoolChoices choices, long known, PoolOptions options, PoolMeter meter, CancellationToken cancellation)
    {
        PoolTimeline timeline = PoolTimeline.Of(choices);
        PoolPrices? prices = options.Techniques.HasFlag(PoolTechniques.Prices) && timeline.Count > 0
            ? PoolPrices.Seek(choices, timeline, known, options.Techniques.HasFlag(PoolTechniques.Roundings), meter) : null;
        PoolBound bound = new(choices, timeline, meter);
        if (prices is not null)
            bound.Begin(prices);
        bound.Settle();
        if (options.Techniques.HasFlag(PoolTechniques.Worths))
            bound.Raise(known, options.BoundWork / 4, options, cancellation);
        return bound;
    }

    /// <summary>Raises the bound, as far as some work allows.</summary>
    /// <param name="below">The cost of a plan that is known: what cannot be part of a cheaper one is left out.</param>
    /// <param name="work">Entries of lists that may be looked at.</param>
    /// <param name="options">Techniques.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <param name="finer">How many times less a sweep may bring before the next one is not made.</param>
    public void Raise(long below, long work, PoolOptions options, CancellationToken cancellation, int finer = 1)
    {
        long end = Work + work;
        for (int sweep = 0; Work < end && CostBound < below && !_meter.IsPast(MostShare); sweep++)
        {
            cancellation.ThrowIfCancellationRequested();
            long before = Bound;
            for (int i = 0; i < Timeline.Count && !_meter.IsPast(MostShare); i++)
            {
                int time = (sweep & 1) == 0 ? i : Timeline.Count - 1 - i;
                for (int pool = 0; pool < Room.Length; pool++)
                    Ascend(pool, time);
                Meter();
            }
            Settle();
            if (options.Techniques.HasFlag(PoolTechniques.Exclusion))
                Exclude(below);
            if (Bound - before <= ((below * Scale) - before) / (2_000 * finer))
                break;
        }
    }

    /// <summary>The same bound where most blocks lie as they do in a plan: what may be changed in it for the better.</summary>
    /// <param name="choice">For each block its choice in the plan.</param>
    /// <param name="isFree">Blocks that may choose anew, besides those whose choice no cheaper plan can make.</param>
    public PoolBound Around(int[] choice, bool[] isFree)
    {
        PoolBound around = new(this);
        for (int u = 0; u < choice.Length; u++)
        {
            if (isFree[u] || Total[u][choice[u]] >= Never)
                continue;
            around.Total[u] = [.. Total[u].Select((total, c) => c == choice[u] ? total : Never)];
            around.Bound += Total[u][choice[u]] - Least[u];
            around.Least[u] = Total[u][choice[u]];
        }
        return around;
    }

    /// <summary>Leaves out what no plan below a cost can choose.</summary>
    public void Exclude(long below)
    {
        bool any = false;
        for (int u = 0; u < Total.Length; u++)
        {
            for (int c = 0; c < Total[u].Length; c++)
            {
                if (Total[u][c] < Never && Total[u].Length > 1 && Total[u][c] > Least[u] && Ceiling(Bound + Total[u][c] - Least[u]) >= below)
                {
                    (Total[u][c], any) = (Never, true);
                    _changes[u]++;
                }
            }
        }
        if (any)
            Settle();
    }

    private void Meter()
    {
        _meter.Add(Work - _metered);
        _metered = Work;
    }

    private void Begin(PoolPrices prices)
    {
        for (int u = 0; u < Worth.Length; u++)
        {
            for (int pool = 0; pool < Worth[u].Length; pool++)
            {
                double[] price = prices.Of(u, pool);
                for (int t = 0; t < price.Length; t++)
                    Worth[u][pool][t] = (long)Math.Min(price[t] * Scale, MostWorth);
            }
            for (int c = 0; c < Total[u].Length; c++)
            {
                foreach (PoolStay stay in Timeline.Stays[u][c])
                {
                    for (int t = stay.From; t < stay.To; t++)
                        Total[u][c] += Worth[u][stay.Pool][t - Timeline.First[u]];
                }
            }
        }
    }

    // One pool at one time: block by block.
    private void Ascend(int pool, int time)
    {
        int[] guests = _guests[pool][time];
        if (guests.Length == 0)
            return;
        // Where nothing has changed since, nothing will.
        long before = 0;
        foreach (int u in guests)
            before += _changes[u];
        if (_seen[pool][time] == before)
            return;
        _seen[pool][time] = before;
        Read(guests, pool, time);
        ReadOnlySpan<long> bytes = _bytes.AsSpan(0, guests.Length), worths = _worths.AsSpan(0, guests.Length);
        _knapsack.Begin(_left[pool][time], bytes, worths);
        for (int i = 0; i < guests.Length; i++)
        {
            int u = guests[i];
            (long there, long elsewhere) = Leasts(u, pool, time);
            if (bytes[i] > _left[pool][time])
            {
                // Those that are there in any case leave no room for it.
                for (int c = 0; c < Total[u].Length && elsewhere < Never; c++)
                    Total[u][c] = IsThere(u, c, pool, time) ? Never : Total[u][c];
                continue;
            }
            long change = there >= Never || elsewhere >= Never ? 0 : -((there - elsewhere + _knapsack.Margin(i, bytes[i], worths[i])) / 2);
            change = Math.Clamp(worths[i] + change, -MostWorth, MostWorth) - worths[i];
            if (change != 0)
            {
                _changes[u]++;
                Worth[u][pool][time - Timeline.First[u]] += change;
                foreach (int c in _open[u])
                    Total[u][c] += Total[u][c] < Never && IsThere(u, c, pool, time) ? change : 0;
            }
            _knapsack.Take(bytes[i], worths[i] + change);
        }
    }

    private void Read(int[] guests, int pool, int time)
    {
        for (int i = 0; i < guests.Length; i++)
        {
            int t = time - Timeline.First[guests[i]];
            (_bytes[i], _worths[i]) = (Timeline.Bytes[guests[i]][t], Worth[guests[i]][pool][t]);
        }
    }

    private (long There, long Elsewhere) Leasts(int unit, int pool, int time)
    {
        (long there, long elsewhere) = (Never, Never);
        _work += _open[unit].Length;
        foreach (int c in _open[unit])
        {
            if (IsThere(unit, c, pool, time))
                there = Math.Min(there, Total[unit][c]);
            else
                elsewhere = Math.Min(elsewhere, Total[unit][c]);
        }
        return (there, elsewhere);
    }

    private bool IsThere(int unit, int choice, int pool, int time)
    {
        foreach (PoolStay stay in Timeline.Stays[unit][choice])
        {
            if (stay.Pool == pool && stay.From <= time && time < stay.To)
                return true;
        }
        return false;
    }

    // Who may be where, what is then worth most, and the bound.
    private void Settle()
    {
        List<int>[][] guests = Array.ConvertAll(Room, r => Array.ConvertAll(r, _ => new List<int>()));
        for (int pool = 0; pool < Room.Length; pool++)
            Array.Fill(_left[pool], _choices.Capacity[pool]);
        Bound = 0;
        _work += 4L * Timeline.Count * Room.Length;
        _meter.Add(_settling);
        for (int u = 0; u < Total.Length; u++)
        {
            _open[u] = [.. Enumerable.Range(0, Total[u].Length).Where(c => Total[u][c] < Never)];
            int possible = _open[u].Length;
            int[] there = new int[Timeline.Bytes[u].Length];
            for (int pool = 0; pool < Room.Length; pool++)
            {
                Array.Clear(there);
                foreach (int c in _open[u])
                {
                    foreach (PoolStay stay in Timeline.Stays[u][c])
                    {
                        for (int t = stay.From; t < stay.To && stay.Pool == pool; t++)
                            there[t - Timeline.First[u]]++;
                    }
                }
                for (int t = 0; t < there.Length; t++)
                {
                    int time = Timeline.First[u] + t;
                    if (there[t] == possible)
                    {
                        // It is there in any case, so its worth there tells nothing apart.
                        _left[pool][time] -= Timeline.Bytes[u][t];
                        Spread(u, -Worth[u][pool][t]);
                        Worth[u][pool][t] = 0;
                    }
                    else if (there[t] > 0)
                    {
                        guests[pool][time].Add(u);
                    }
                }
            }
        }
        for (int u = 0; u < Total.Length; u++)
        {
            Least[u] = Total[u].Min();
            Bound = checked(Bound + Least[u]);
        }
        for (int pool = 0; pool < Room.Length; pool++)
        {
            for (int time = 0; time < Timeline.Count; time++)
            {
                int[] here = _guests[pool][time] = [.. guests[pool][time]];
                Read(here, pool, time);
                Room[pool][time] = _knapsack.WorthOf(_left[pool][time], _bytes.AsSpan(0, here.Length), _worths.AsSpan(0, here.Length));
                Bound = checked(Bound - Room[pool][time]);
            }
        }
    }

    private void Spread(int unit, long change)
    {
        for (int c = 0; c < Total[unit].Length; c++)
            Total[unit][c] += Total[unit][c] < Never ? change : 0;
    }
}
