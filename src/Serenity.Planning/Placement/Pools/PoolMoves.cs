namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// The choices of a block as decisions: where it is born, and at each time at which it may move, whether it does and to where; each with the rise of the bound. Places are numbers: 0 for nowhere,
/// pool + 1 while it may still move, pools + pool + 1 once it stays, and above these on the way from one pool to another.
/// </summary>
internal sealed class PoolMoves
{
    private readonly int _pools;
    private readonly (int From, int Time, int To, long Total)[] _ways;
    private readonly int[] _choiceOf;
    private readonly Dictionary<(int Pool, int Time), (ushort Place, long Rise, int Pool)[]> _from = [];

    public PoolMoves(PoolChoices choices, PoolBound bound, int unit)
    {
        _pools = choices.Capacity.Length;
        PoolUnit choicesOf = choices.Units[unit];
        long[] total = bound.Total[unit];
        // Of moves that take the same room, and so the same worths, one is enough.
        _choiceOf = [.. Enumerable.Range(0, total.Length).Where(c => total[c] < PoolBound.Never)
            .GroupBy(c => (choicesOf.Choices[c].Pool, TimeOf(choicesOf.Choices[c], bound.Timeline.Stays[unit][c]), choicesOf.Choices[c].MovePool)).Select(same => same.MinBy(c => total[c]))];
        _ways = Array.ConvertAll(_choiceOf, c => (choicesOf.Choices[c].Pool, TimeOf(choicesOf.Choices[c], bound.Timeline.Stays[unit][c]), choicesOf.Choices[c].MovePool, total[c]));
        long least = bound.Least[unit];
        List<(ushort, long)> births = [];
        foreach (int pool in _ways.Select(w => w.From).Distinct().Order())
            births.Add((Waiting(pool, -1), LeastFrom(pool, -1) - least));
        Births = [.. births];
        Times = [.. _ways.Where(w => w.Time >= 0).Select(w => w.Time).Distinct().Order()];
        foreach (int time in Times)
        {
            foreach (int pool in _ways.Where(w => w.Time >= time).Select(w => w.From).Distinct())
            {
                List<(ushort, long, int)> on = [];
                long before = LeastFrom(pool, time - 1), after = LeastFrom(pool, time);
                if (after < PoolBound.Never)
                    on.Add((Waiting(pool, time), after - before, -1));
                foreach ((int from, int at, int to, long way) in _ways)
                {
                    if (from == pool && at == time)
                        on.Add(((ushort)(1 + (2 * _pools) + (from * _pools) + to), way - before, to));
                }
                _from[(pool, time)] = [.. on];
            }
        }
    }

    /// <summary>Where it can be when a time comes, if it was born before.</summary>
    public ushort[] PlacesAt(int time)
    {
        List<ushort> places = [];
        foreach (int pool in _ways.Where(w => w.Time < 0 || w.Time >= time).Select(w => w.From).Distinct().Order())
            places.Add(Waiting(pool, time - 1));
        foreach (int pool in _ways.Where(w => w.Time >= 0 && w.Time < time).Select(w => w.To).Distinct().Order())
            places.Add((ushort)(1 + _pools + pool));
        return [.. places.Distinct()];
    }

    /// <summary>Where it can be born.</summary>
    public (ushort Place, long Rise)[] Births { get; }

    /// <summary>Times at which it may move.</summary>
    public int[] Times { get; }

    /// <summary>What it can do at a time, in a pool from which it may still move: its place then, and the pool that it needs room in besides, or -1.</summary>
    public (ushort Place, long Rise, int Pool)[] From(int pool, int time) => _from[(pool, time)];

    /// <summary>The choice that begins in a pool and moves to another at a time; to -1 if it stays.</summary>
    public int Find(int pool, int time, int to) => _choiceOf[Array.FindIndex(_ways, w => w.From == pool && w.To == to && (to < 0 || w.Time == time))];

    /// <summary>The pool that a place is in, or is on the way to.</summary>
    public static int PoolOf(ushort place, int pools) => place == 0 ? -1 : (place - 1) % pools;

    /// <summary>The pools that a place is in; the second is -1 but on the way.</summary>
    public static (int From, int To) PoolsOf(ushort place, int pools) =>
        place <= 2 * pools ? ((place - 1) % pools, -1) : ((place - 1 - (2 * pools)) / pools, (place - 1) % pools);

    /// <summary>The place of a block when the next time comes.</summary>
    public static ushort Arrived(ushort place, int pools) => place <= 2 * pools ? place : (ushort)(1 + pools + ((place - 1) % pools));

    // The last time at which it is still where it was; where that cannot be full, the first at which it is where it goes.
    private static int TimeOf(PoolChoice choice, PoolStay[] stays)
    {
        if (choice.MoveStep < 0)
            return -1;
        int from = Array.FindIndex(stays, s => s.Pool == choice.Pool);
        return from >= 0 ? stays[from].To - 1 : stays[0].From;
    }

    private ushort Waiting(int pool, int after) => (ushort)(1 + pool + (_ways.Any(w => w.From == pool && w.Time > after) ? 0 : _pools));

    private long LeastFrom(int pool, int after)
    {
        long least = PoolBound.Never;
        foreach ((int from, int time, _, long total) in _ways)
        {
            if (from == pool && (time < 0 || time > after))
                least = Math.Min(least, total);
        }
        return least;
    }
}
