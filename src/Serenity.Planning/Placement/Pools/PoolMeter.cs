namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// The work of all parts of a search together, in entries looked at: a price of a block at a time, an entry of a knapsack's list, a slot of a state. So a search ends where it has done
/// enough, on every machine at the same place.
/// </summary>
/// <param name="limit">How much may be done.</param>
internal sealed class PoolMeter(long limit)
{
    /// <summary>Entries that a state of the placement in a pool is counted as, and a pair of its blocks in one of the orders that are tried first.</summary>
    private const int State = 1_000, Pair = 4;

    /// <summary>Work done.</summary>
    public long Done { get; private set; }

    /// <summary>True if no more is to be begun: what goes on takes the shortest way to its end.</summary>
    public bool IsSpent => Done >= limit;

    /// <summary>True if so much of the limit is done.</summary>
    public bool IsPast(int percent) => Done >= limit / 100 * percent;

    /// <summary>Counts entries.</summary>
    public void Add(long entries) => Done += entries;

    /// <summary>Counts a placement in a pool.</summary>
    public void AddPlacement(int blocks, long states) => Done += (states * State) + ((long)blocks * blocks * Pair);
}
