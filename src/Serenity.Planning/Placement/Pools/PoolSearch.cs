namespace Serenity.Planning.Placement.Pools;

/// <summary>What a search over the sums of what is live found.</summary>
/// <param name="Choice">For each unit the index of its choice; null if there is nothing below the cost that was to be beaten.</param>
/// <param name="Cost">What they cost together.</param>
/// <param name="LowerBoundCost">A cost that no choice goes under that fits, or the cost that was to be beaten.</param>
/// <param name="States">States expanded.</param>
internal sealed record PoolSearchResult(int[]? Choice, long Cost, long LowerBoundCost, long States);

/// <summary>
/// The cheapest choices under which no pool ever holds more than its size: block by block in order of birth. A state is how full each pool is from now on, as far as the
/// blocks that live tell; whatever was chosen before bears on the rest through that alone.
/// </summary>
internal sealed class PoolSearch
{
    /// <summary>How many of the states kept a new one is held against: those that cost least replace most.</summary>
    private const int Rivals = 100;

    /// <summary>Merged states after each buffer.</summary>
    private const int MostMerged = 256;

    private readonly PoolChoices _choices;
    private readonly PoolPrices _prices;
    private readonly PoolOptions _options;
    private readonly long[] _capacity;
    private readonly int[] _pools;
    private readonly bool _dominance;

    /// <param name="choices">The choices.</param>
    /// <param name="prices">Their bound.</param>
    /// <param name="capacity">Bytes of each pool; none above those of the choices.</param>
    /// <param name="options">Limits and techniques.</param>
    public PoolSearch(PoolChoices choices, PoolPrices prices, long[] capacity, PoolOptions options)
    {
        _choices = choices;
        _prices = prices;
        _capacity = capacity;
        _options = options;
        _dominance = options.Techniques.HasFlag(PoolTechniques.Dominance);
        _pools = [.. Enumerable.Range(0, capacity.Length).Where(p => !choices.IsRoomy[p])];
    }

    /// <summary>Searches.</summary>
    /// <param name="below">Only what costs less than this is sought.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public PoolSearchResult Run(long below, CancellationToken cancellation)
    {
        PoolUnit[] units = _choices.Units;
        long dropped = long.MaxValue, expanded = 0;
        int width = _options.Width == int.MaxValue ? int.MaxValue : (int)Math.Clamp(_options.StatesTogether / Math.Max(units.Length, 1), Math.Min(64, _options.Width), _options.Width);
        Layer layer = new([0], _pools.Length, [new State(_prices.Bound, 0, -1, 0)], new long[_pools.Length]);
        List<State[]> history = [];
        for (int u = 0; u < units.Length; u++)
        {
            cancellation.ThrowIfCancellationRequested();
            int birth = units[u].Birth;
            layer = Advance(layer, birth, u);
            (layer, long least) = Choose(layer, units[u], u, below, width);
            dropped = Math.Min(dropped, least);
            expanded += layer.States.Length;
            history.Add(layer.States);
            if (layer.States.Length == 0)
                break;
        }
        // A merged state has no choices behind it; what it costs at least, what was left out costs at least.
        foreach (State merged in layer.States.Where(s => s.IsMerged))
            dropped = Math.Min(dropped, Math.Max(merged.Bound, merged.Cost * _prices.Scale));
        long bound = Math.Min(dropped == long.MaxValue ? below : _prices.Ceiling(dropped), below);
        int exact = layer.States.Count(s => !s.IsMerged);
        if (units.Length == 0 || exact == 0)
            return new PoolSearchResult(units.Length == 0 ? [] : null, units.Length == 0 ? 0 : below, units.Length == 0 ? 0 : bound, expanded);
        int best = 0;
        for (int s = 1; s < exact; s++)
        {
            if (layer.States[s].Cost < layer.States[best].Cost)
                best = s;
        }
        long cost = layer.States[best].Cost;
        int[] choice = new int[units.Length];
        for (int u = units.Length - 1, s = best; u >= 0; u--)
        {
            choice[u] = history[u][s].Choice;
            s = history[u][s].Parent;
        }
        return new PoolSearchResult(choice, cost, Math.Min(cost, bound), expanded);
    }

    /// <summary>The same states seen from the birth of the next block: what ended is gone, and the times at which its choices begin and end are told apart.</summary>
    private Layer Advance(Layer layer, int birth, int unit)
    {
        SortedSet<int> events = [birth];
        foreach (int time in layer.Times)
        {
            if (time > birth)
                events.Add(time);
        }
        foreach (PoolChoice choice in _choices.Units[unit].Choices)
        {
            foreach (PoolSpan span in choice.Spans)
            {
                events.Add(span.From);
                events.Add(span.To);
            }
        }
        int[] times = [.. events];
        int[] source = new int[times.Length];
        for (int e = 0, from = 0; e < times.Length; e++)
        {
            while (from + 1 < layer.Times.Length && layer.Times[from + 1] <= times[e])
                from++;
            source[e] = from;
        }
        // The price of room that stayed empty is spent for nothing.
        long[] spent = new long[_pools.Length * layer.Times.Length];
        long room = 0;
        for (int e = 0; e < layer.Times.Length && layer.Times[e] < birth; e++)
        {
            int to = _prices.At(e + 1 < layer.Times.Length ? Math.Min(layer.Times[e + 1], birth) : birth), from = _prices.At(layer.Times[e]);
            for (int p = 0; p < _pools.Length; p++)
            {
                spent[(p * layer.Times.Length) + e] = _prices.Sums[_pools[p]][to] - _prices.Sums[_pools[p]][from];
                room += _prices.RoomSums[_pools[p]][to] - _prices.RoomSums[_pools[p]][from];
            }
        }
        State[] states = [.. layer.States];
        long[] used = new long[states.Length * _pools.Length * times.Length];
        for (int s = 0; s < states.Length; s++)
        {
            long wasted = room;
            for (int p = 0; p < _pools.Length; p++)
            {
                ReadOnlySpan<long> old = layer.Row(s, p), price = spent.AsSpan(p * old.Length, old.Length);
                Span<long> row = used.AsSpan(((s * _pools.Length) + p) * times.Length, times.Length);
                for (int e = 0; e < row.Length; e++)
                    row[e] = old[source[e]];
                for (int e = 0; e < old.Length && layer.Times[e] < birth; e++)
                    wasted -= price[e] * old[e];
            }
            states[s] = states[s] with { Bound = states[s].Bound + wasted, Parent = s };
        }
        return new Layer(times, _pools.Length, states, used);
    }

    private (Layer Layer, long Dropped) Choose(Layer layer, PoolUnit unit, int index, long below, int width)
    {
        int size = _pools.Length * layer.Times.Length;
        List<State> candidates = [];
        for (int s = 0; s < layer.States.Length; s++)
        {
            for (int c = 0; c < unit.Choices.Length; c++)
            {
                long bound = layer.States[s].Bound + _prices.Slack[index][c];
                if (_prices.Ceiling(bound) < below && Fits(layer, s, unit.Choices[c]))
                    candidates.Add(new State(bound, layer.States[s].Cost + unit.Choices[c].Cost, s, c) { IsMerged = layer.States[s].IsMerged });
            }
        }
        // What dominates another has no higher bound, so it comes first.
        candidates.Sort();
        List<State> kept = [];
        List<long[]> rows = [];
        Dictionary<ulong, int> seen = [];
        long dropped = long.MaxValue;
        long[] row = new long[size];
        MergedStates? merged = _options.Techniques.HasFlag(PoolTechniques.Merges) ? new(Math.Min(MostMerged, width), _pools.Length, layer.Times.Length, PricesOf(layer.Times)) : null;
        foreach (State candidate in candidates)
        {
            bool isOver = candidate.IsMerged || kept.Count >= width;
            if (isOver && merged is null)
            {
                dropped = candidate.Bound;
                break;
            }
            layer.Rows(candidate.Parent).CopyTo(row);
            Add(layer.Times, row, unit.Choices[candidate.Choice]);
            if (isOver)
            {
                if (!_dominance || !IsDominated(kept, rows, candidate.Cost, row))
                    merged!.Add(row, candidate.Bound, candidate.Cost);
                continue;
            }
            ulong hash = Hash(row);
            if (_dominance && seen.TryGetValue(hash, out int same) && rows[same].AsSpan().SequenceEqual(row) && kept[same].Cost <= candidate.Cost)
                continue;
            if (_dominance && IsDominated(kept, rows, candidate.Cost, row))
                continue;
            seen[hash] = kept.Count;
            kept.Add(candidate);
            rows.Add(row);
            row = new long[size];
        }
        for (int k = 0; k < kept.Count; k++)
            kept[k] = kept[k] with { Parent = layer.States[kept[k].Parent].Parent };
        foreach ((long[] least, long bound, long cost) in merged?.All() ?? [])
        {
            if (_prices.Ceiling(bound) >= below)
                continue;
            kept.Add(new State(bound, cost, -1, -1) { IsMerged = true });
            rows.Add(least);
        }
        long[] used = new long[kept.Count * size];
        for (int k = 0; k < kept.Count; k++)
            rows[k].CopyTo(used, k * size);
        return (new Layer(layer.Times, _pools.Length, [.. kept], used), dropped);
    }

    /// <summary>For each pool and time, the price of a byte from there up to the next time; nothing is taken behind the last.</summary>
    private long[] PricesOf(int[] times)
    {
        long[] prices = new long[_pools.Length * times.Length];
        for (int e = 0; e + 1 < times.Length; e++)
        {
            int from = _prices.At(times[e]), to = _prices.At(times[e + 1]);
            for (int p = 0; p < _pools.Length; p++)
                prices[(p * times.Length) + e] = _prices.Sums[_pools[p]][to] - _prices.Sums[_pools[p]][from];
        }
        return prices;
    }

    private static bool IsDominated(List<State> kept, List<long[]> rows, long cost, long[] row)
    {
        int rivals = Math.Min(kept.Count, Rivals);
        for (int k = 0; k < rivals; k++)
        {
            if (kept[k].Cost > cost)
                continue;
            long[] other = rows[k];
            int e = 0;
            while (e < row.Length && other[e] <= row[e])
                e++;
            if (e == row.Length)
                return true;
        }
        return false;
    }

    private bool Fits(Layer layer, int state, PoolChoice choice)
    {
        foreach (PoolSpan span in choice.Spans)
        {
            int p = Array.IndexOf(_pools, span.Pool);
            ReadOnlySpan<long> row = layer.Row(state, p);
            long room = _capacity[span.Pool] - span.Bytes;
            for (int e = Array.BinarySearch(layer.Times, span.From); e < row.Length && layer.Times[e] < span.To; e++)
            {
                if (row[e] > room)
                    return false;
            }
        }
        if (choice.Spans.Length < 2 || choice.MoveStep >= 0)
            return true;
        // Parts that lie behind each other count together.
        long[] sum = layer.Rows(state).ToArray();
        Add(layer.Times, sum, choice);
        for (int p = 0; p < _pools.Length; p++)
        {
            foreach (long bytes in sum.AsSpan(p * layer.Times.Length, layer.Times.Length))
            {
                if (bytes > _capacity[_pools[p]])
                    return false;
            }
        }
        return true;
    }

    private void Add(int[] times, long[] row, PoolChoice choice)
    {
        foreach (PoolSpan span in choice.Spans)
        {
            int at = Array.IndexOf(_pools, span.Pool) * times.Length;
            for (int e = Array.BinarySearch(times, span.From); e < times.Length && times[e] < span.To; e++)
                row[at + e] += span.Bytes;
        }
    }

    private static ulong Hash(long[] row)
    {
        ulong hash = 0x9E3779B97F4A7C15;
        foreach (long value in row)
            hash = ulong.RotateLeft((hash ^ (ulong)value) * 0xBF58476D1CE4E5B9, 29);
        return hash;
    }

    /// <summary>A state: bound, cost, the state before it and the choice made there.</summary>
    private readonly record struct State(long Bound, long Cost, int Parent, int Choice) : IComparable<State>
    {
        /// <summary>True for what stands for several states, and so only bounds them.</summary>
        public bool IsMerged { get; init; }

        public int CompareTo(State other)
        {
            int order = Bound.CompareTo(other.Bound);
            order = order != 0 ? order : Cost.CompareTo(other.Cost);
            order = order != 0 ? order : Parent.CompareTo(other.Parent);
            return order != 0 ? order : Choice.CompareTo(other.Choice);
        }
    }

    /// <summary>The states after a block: bytes of each pool that are taken from each time on, up to the next.</summary>
    private sealed record Layer(int[] Times, int Pools, State[] States, long[] Used)
    {
        public ReadOnlySpan<long> Row(int state, int pool) => Used.AsSpan(((state * Pools) + pool) * Times.Length, Times.Length);

        public ReadOnlySpan<long> Rows(int state) => Used.AsSpan(state * Pools * Times.Length, Pools * Times.Length);
    }
}
