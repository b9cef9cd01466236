namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// States of one layer that there is no room for, merged into a few: each is as cheap as the cheapest of those that it stands for, and at each time as empty as the emptiest. So whatever can
/// follow one of them can follow it, for no more.
/// </summary>
/// <param name="most">How many there may be.</param>
/// <param name="pools">Pools in a row.</param>
/// <param name="times">Times of each pool.</param>
/// <param name="prices">The price of a byte in each place of a row: a state's bound counts what it takes by these.</param>
internal sealed class MergedStates(int most, int pools, int times, long[] prices)
{
    /// <summary>Steps of fullness that are told apart.</summary>
    private const long Levels = 32;

    private readonly Dictionary<ulong, int> _byFullness = [];
    private readonly List<long[]> _rows = [];

    /// <summary>Bounds without what is taken by the row.</summary>
    private readonly List<long> _bases = [];
    private readonly List<long> _costs = [];

    /// <summary>Adds a state; the row is copied.</summary>
    public void Add(long[] row, long bound, long cost)
    {
        ulong fullness = FullnessOf(row);
        if (!_byFullness.TryGetValue(fullness, out int at))
        {
            at = _rows.Count < most ? _rows.Count : (int)(fullness % (ulong)most);
            _byFullness.Add(fullness, at);
        }
        long rest = bound - Priced(row);
        if (at == _rows.Count)
        {
            _rows.Add([.. row]);
            _bases.Add(rest);
            _costs.Add(cost);
            return;
        }
        long[] least = _rows[at];
        for (int e = 0; e < row.Length; e++)
            least[e] = Math.Min(least[e], row[e]);
        _bases[at] = Math.Min(_bases[at], rest);
        _costs[at] = Math.Min(_costs[at], cost);
    }

    /// <summary>The merged states: row, bound and cost.</summary>
    public IEnumerable<(long[] Row, long Bound, long Cost)> All()
    {
        for (int i = 0; i < _rows.Count; i++)
            yield return (_rows[i], _bases[i] + Priced(_rows[i]), _costs[i]);
    }

    private long Priced(long[] row)
    {
        long sum = 0;
        for (int e = 0; e < row.Length; e++)
            sum += prices[e] * row[e];
        return sum;
    }

    // States that are about as full, now and half way, have about the same to follow.
    private ulong FullnessOf(long[] row)
    {
        ulong fullness = 17;
        for (int p = 0; p < pools; p++)
        {
            long largest = 1;
            for (int e = 0; e < times; e++)
                largest = Math.Max(largest, row[(p * times) + e]);
            long now = row[p * times], later = row[(p * times) + (times / 2)];
            long levels = (now * (Levels - 1) / largest * Levels) + (later * (Levels - 1) / largest);
            fullness = (fullness * 0x9E3779B97F4A7C15) ^ (ulong)((System.Numerics.BitOperations.Log2((ulong)largest) * Levels * Levels) + levels);
        }
        return fullness;
    }
}
