namespace Serenity.Planning.Placement.Pools;

/// <summary>What a search over the sums of what is live found.</summary>
/// <param name="Choice">For each unit the index of its choice; null if there is nothing below the cost that was to be beaten.</param>
/// <param name="Cost">What they cost together.</param>
/// <param name="LowerBoundCost">A cost that no choice goes under that fits, or the cost that was to be beaten.</param>
/// <param name="States">States expanded.</param>
internal sealed record PoolSearchResult(int[]? Choice, long Cost, long LowerBoundCost, long States);

/// <summary>
/// The cheapest choices under which no pool ever holds more than its size: time by time, and at each time block by block. A state is where each live block lies, and whether it may still move:
/// a move is decided when it happens. Whatever was decided before bears on the rest through that alone.
/// </summary>
internal sealed partial class PoolSearch
{
    /// <summary>The share of all work, in hundredths, from which on no more states are kept than these: so the search still comes to its end.</summary>
    private const int WideShare = 90, LastWidth = 16;

    /// <summary>Entries that a state is counted as when a block is decided, besides its row.</summary>
    private const int EntriesPerState = 8;

    private readonly PoolChoices _choices;
    private readonly PoolBound _bound;
    private readonly PoolTimeline _timeline;
    private readonly long[][] _capacity;
    private readonly PoolMeter _meter;
    private readonly bool _dominance;
    private readonly int _pools;
    private readonly int[] _tight, _tightOf;
    private readonly int[] _slotOf;
    private readonly int _slots;
    private readonly List<(int Unit, bool IsBirth)>[] _decisions;
    private readonly PoolMoves[] _moves;
    private readonly List<int>[] _live;

    // The states: rows of places, one a slot; bounds; bytes of each tight pool now.
    private PoolLayer _now, _next;
    private readonly List<(int[] Parents, ushort[]? Places, int Unit, int Time)> _history = [];

    /// <summary>By time, by how much the bound of any state rises from there on at least.</summary>
    private long[] _ahead;

    /// <param name="choices">The choices.</param>
    /// <param name="bound">Their bound.</param>
    /// <param name="capacity">Bytes of each pool at each time; none above those of the choices.</param>
    /// <param name="options">Techniques.</param>
    /// <param name="meter">Counts the work; where most of it is done, few states are kept.</param>
    /// <param name="moves">The choices of the blocks as decisions, if they are known; null to work them out.</param>
    public PoolSearch(PoolChoices choices, PoolBound bound, long[][] capacity, PoolOptions options, PoolMeter meter, PoolMoves[]? moves = null)
    {
        _meter = meter;
        (_choices, _bound, _timeline, _capacity) = (choices, bound, bound.Timeline, capacity);
        _dominance = options.Techniques.HasFlag(PoolTechniques.Dominance);
        _pools = capacity.Length;
        _tight = [.. Enumerable.Range(0, _pools).Where(p => !choices.IsRoomy[p])];
        _tightOf = [.. Enumerable.Range(0, _pools).Select(p => Array.IndexOf(_tight, p))];
        int units = choices.Units.Length;
        _moves = moves ?? [.. Enumerable.Range(0, units).Select(u => new PoolMoves(choices, bound, u))];
        _decisions = [.. Enumerable.Range(0, _timeline.Count).Select(_ => new List<(int, bool)>())];
        _live = [.. Enumerable.Range(0, _timeline.Count).Select(_ => new List<int>())];
        _slotOf = new int[units];
        List<int> births = [];
        for (int u = 0; u < units; u++)
        {
            if (_timeline.First[u] >= _timeline.End[u])
                continue;
            // What may move is asked before what is born; a block that may move at once is born before that.
            if (_moves[u].Times is [int first, ..] && first == _timeline.First[u])
                _decisions[first].Add((u, true));
            else
                births.Add(u);
            foreach (int time in _moves[u].Times)
                _decisions[time].Add((u, false));
            for (int t = _timeline.First[u]; t < _timeline.End[u]; t++)
                _live[t].Add(u);
        }
        foreach (int u in births)
            _decisions[_timeline.First[u]].Add((u, true));
        List<int> free = [];
        foreach (int u in Enumerable.Range(0, units).Where(u => _timeline.First[u] < _timeline.End[u]).OrderBy(u => _timeline.First[u]).ThenBy(u => u))
        {
            int from = _timeline.First[u], slot = free.FindIndex(end => end <= from);
            if (slot < 0)
            {
                slot = free.Count;
                free.Add(0);
            }
            free[slot] = _timeline.End[u];
            _slotOf[u] = slot;
        }
        _slots = free.Count;
        (_now, _next) = (new PoolLayer(_slots, _tight.Length), new PoolLayer(_slots, _tight.Length));
        _ahead = new long[_timeline.Count + 1];
    }

    /// <summary>By time, by how much the bound of any state rises from there on at least; zero unless known. What holds with more room holds with less.</summary>
    public long[] Ahead
    {
        get => _ahead;
        init => _ahead = value;
    }

    /// <summary>Decisions from the first time to the last.</summary>
    public int Decisions => _decisions.Sum(d => d.Count);

    /// <summary>Searches.</summary>
    /// <param name="below">Only what costs less than this is sought.</param>
    /// <param name="width">States kept after each decision; with more, the best are kept, and the bound says what the others might have reached.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public PoolSearchResult Run(long below, int width, CancellationToken cancellation)
    {
        _history.Clear();
        _now.Clear();
        _now.Add(_bound.Bound, 0);
        (long dropped, long expanded) = Advance(0, _timeline.Count, below, width, keeps: true, cancellation);
        long bound = Math.Min(dropped == long.MaxValue ? below : _bound.Ceiling(dropped), below);
        if (_now.Count == 0)
            return new PoolSearchResult(null, below, bound, expanded);
        int best = 0;
        for (int s = 1; s < _now.Count; s++)
            best = _now.Bounds[s] < _now.Bounds[best] ? s : best;
        int[] choice = Choice(best);
        long cost = 0;
        for (int u = 0; u < choice.Length; u++)
            cost += _choices.Units[u].Choices[choice[u]].Cost;
        return cost < below ? new PoolSearchResult(choice, cost, Math.Min(bound, cost), expanded) : new PoolSearchResult(null, below, bound, expanded);
    }

    // From one time to another: what the states left out might have reached, and states expanded.
    private (long Dropped, long Expanded) Advance(int from, int to, long below, int width, bool keeps, CancellationToken cancellation)
    {
        long dropped = long.MaxValue, expanded = 0;
        for (int time = from; time < to && _now.Count > 0; time++)
        {
            cancellation.ThrowIfCancellationRequested();
            Arrive(time, keeps);
            _meter.Add((long)_now.Count * (_slots + _pools));
            foreach ((int unit, bool isBirth) in _decisions[time])
            {
                Decide(unit, isBirth, time, below);
                // A row is copied, not read.
                _meter.Add((long)_now.Count * (EntriesPerState + (_slots / 8)));
                dropped = Math.Min(dropped, Narrow(_meter.IsPast(WideShare) ? Math.Min(width, LastWidth) : width, _ahead[time + 1]));
                expanded += _now.Count;
                if (keeps)
                    _history.Add((_now.Parents[.._now.Count], Places(_slotOf[unit]), unit, time));
            }
            Leave(time, below, keeps);
        }
        return (dropped, expanded);
    }

    private ushort[] Places(int slot)
    {
        ushort[] places = new ushort[_now.Count];
        for (int s = 0; s < places.Length; s++)
            places[s] = _now.Places[(s * _slots) + slot];
        return places;
    }

    /// <summary>States as a time finds them: who is gone is gone, who moved is there, and those that are alike are one.</summary>
    private void Arrive(int time, bool keeps)
    {
        int[] older = [.. _live[time].Where(u => _timeline.First[u] < time)];
        int[] slots = Array.ConvertAll(older, u => _slotOf[u]);
        long[] bytes = Array.ConvertAll(older, u => _timeline.Bytes[u][time - _timeline.First[u]]);
        Dictionary<ulong, int> seen = [];
        _next.Clear();
        for (int s = 0; s < _now.Count; s++)
        {
            int at = _next.Add(_now.Bounds[s], s);
            ReadOnlySpan<ushort> row = _now.Row(s);
            Span<ushort> kept = _next.Row(at);
            Span<long> used = _next.Filled(at);
            kept.Clear();
            used.Clear();
            ulong hash = 0x9E3779B97F4A7C15;
            for (int i = 0; i < slots.Length; i++)
            {
                ushort place = PoolMoves.Arrived(row[slots[i]], _pools);
                kept[slots[i]] = place;
                hash = ulong.RotateLeft((hash ^ place) * 0xBF58476D1CE4E5B9, 29);
                int pool = _tightOf[PoolMoves.PoolOf(place, _pools)];
                if (pool >= 0)
                    used[pool] += bytes[i];
            }
            if (_dominance && seen.TryGetValue(hash, out int same) && _next.Row(same).SequenceEqual(kept))
            {
                if (_now.Bounds[s] < _next.Bounds[same])
                    (_next.Bounds[same], _next.Parents[same]) = (_now.Bounds[s], s);
                _next.RemoveLast();
                continue;
            }
            bool fits = true;
            for (int p = 0; p < used.Length; p++)
                fits &= used[p] <= _capacity[_tight[p]][time];
            if (fits)
                seen[hash] = at;
            else
                _next.RemoveLast();
        }
        (_now, _next) = (_next, _now);
        if (keeps)
            _history.Add((_now.Parents[.._now.Count], null, -1, time));
    }

    private void Decide(int unit, bool isBirth, int time, long below)
    {
        PoolMoves moves = _moves[unit];
        int slot = _slotOf[unit];
        long bytes = _timeline.Bytes[unit][time - _timeline.First[unit]];
        _next.Clear();
        for (int s = 0; s < _now.Count; s++)
        {
            ushort place = _now.Row(s)[slot];
            if (isBirth)
            {
                foreach ((ushort at, long rise) in moves.Births)
                    Try(s, slot, at, rise, PoolMoves.PoolOf(at, _pools), bytes, time, below);
            }
            else if (place >= 1 && place <= _pools)
            {
                foreach ((ushort at, long rise, int pool) in moves.From(place - 1, time))
                    Try(s, slot, at, rise, pool, bytes, time, below);
            }
            else
            {
                Try(s, slot, place, 0, -1, 0, time, below);
            }
        }
        (_now, _next) = (_next, _now);
    }

    // A state with one block somewhere else, if there is room for it in that pool and its bound allows.
    private void Try(int state, int slot, ushort place, long rise, int pool, long bytes, int time, long below)
    {
        long bound = _now.Bounds[state] + rise;
        if (_bound.Ceiling(bound + _ahead[time + 1]) >= below)
            return;
        int p = pool < 0 ? -1 : _tightOf[pool];
        if (p >= 0 && _now.Filled(state)[p] + bytes > _capacity[pool][time])
            return;
        int at = _next.Add(bound, state);
        _now.Row(state).CopyTo(_next.Row(at));
        _now.Filled(state).CopyTo(_next.Filled(at));
        _next.Row(at)[slot] = place;
        if (p >= 0)
            _next.Filled(at)[p] += bytes;
    }

    // The worth of room that stayed empty is spent for nothing.
    private void Leave(int time, long below, bool keeps)
    {
        long room = 0;
        foreach (int pool in _tight)
            room += _bound.Room[pool][time];
        int[] slots = [.. _live[time].Select(u => _slotOf[u])];
        long[] worths = [.. _live[time].SelectMany(u => _bound.Worth[u].Select(w => w[time - _timeline.First[u]]))];
        int kept = 0;
        int[] parents = new int[_now.Count];
        for (int s = 0; s < _now.Count; s++)
        {
            long bound = _now.Bounds[s] + room;
            ReadOnlySpan<ushort> row = _now.Row(s);
            for (int i = 0; i < slots.Length; i++)
            {
                (int from, int to) = PoolMoves.PoolsOf(row[slots[i]], _pools);
                bound -= worths[(i * _pools) + from] + (to < 0 ? 0 : worths[(i * _pools) + to]);
            }
            if (_bound.Ceiling(bound + _ahead[time + 1]) >= below)
                continue;
            _now.Move(s, kept);
            _now.Bounds[kept] = bound;
            parents[kept++] = s;
        }
        _now.Truncate(kept);
        Array.Resize(ref parents, kept);
        if (keeps)
            _history.Add((parents, null, -1, time));
    }

    // The best states, in the order that they are in; the bound of the best that is left out.
    private long Narrow(int width, long ahead)
    {
        if (_now.Count <= width)
            return long.MaxValue;
        long[] sorted = _now.Bounds[.._now.Count];
        Array.Sort(sorted);
        long last = sorted[width - 1];
        int equal = width - Array.FindIndex(sorted, b => b == last), kept = 0;
        for (int s = 0; s < _now.Count; s++)
        {
            if (_now.Bounds[s] < last || (_now.Bounds[s] == last && equal-- > 0))
                _now.Move(s, kept++);
        }
        _now.Truncate(kept);
        return sorted[width] + ahead;
    }

    private int[] Choice(int state)
    {
        int[] pool = new int[_choices.Units.Length], moveTime = new int[pool.Length], movePool = new int[pool.Length];
        Array.Fill(pool, -1);
        Array.Fill(movePool, -1);
        for (int h = _history.Count - 1; h >= 0; h--)
        {
            (int[] parents, ushort[]? places, int unit, int time) = _history[h];
            if (places is not null)
            {
                (int from, int to) = PoolMoves.PoolsOf(places[state], _pools);
                // The first decision about a block comes last here: where it was born.
                if (to >= 0)
                    (moveTime[unit], movePool[unit]) = (time, to);
                if (_timeline.First[unit] == time)
                    pool[unit] = from;
            }
            state = parents[state];
        }
        int[] choice = new int[pool.Length];
        for (int u = 0; u < choice.Length; u++)
            choice[u] = pool[u] < 0 ? Array.IndexOf(_bound.Total[u], _bound.Least[u]) : _moves[u].Find(pool[u], moveTime[u], movePool[u]);
        return choice;
    }
}
