namespace Serenity.Planning.Placement.Pools;

/// <summary>
/// The most that sets of items which fit into some room are worth: as lists of weights and worths, neither of which another beats, for all items up to one and from one on. So the worth of
/// the best set with an item and without it is at hand for one item after the other, while their worths change.
/// </summary>
internal sealed class RoomKnapsack
{
    /// <summary>Entries of a list. With more, neighbours become one that is as light as the lighter and worth as much as the other: worths are then at least what they say.</summary>
    private const int Most = 1024;

    private readonly List<long[]> _weights = [], _worths = [];
    private readonly List<int> _counts = [];
    private long[] _weight = new long[2 * Most], _worth = new long[2 * Most], _next = new long[2 * Most], _nextWorth = new long[2 * Most];
    private int _count;
    private long _room;

    /// <summary>Entries looked at so far: the measure of work.</summary>
    public long Work { get; private set; }

    /// <summary>The most that a set of items is worth which fits.</summary>
    public long WorthOf(long room, ReadOnlySpan<long> weights, ReadOnlySpan<long> worths)
    {
        _room = room;
        Clear();
        for (int i = 0; i < weights.Length; i++)
            Take(weights[i], worths[i]);
        return _worth[_count - 1];
    }

    /// <summary>Begins with the lists from each item on.</summary>
    /// <param name="room">Bytes there are.</param>
    /// <param name="weights">Bytes of the items.</param>
    /// <param name="worths">What they are worth; what is worth nothing is never taken.</param>
    public void Begin(long room, ReadOnlySpan<long> weights, ReadOnlySpan<long> worths)
    {
        _room = room;
        while (_counts.Count <= weights.Length)
        {
            _weights.Add(new long[Most]);
            _worths.Add(new long[Most]);
            _counts.Add(0);
        }
        Clear();
        Store(weights.Length);
        for (int i = weights.Length - 1; i >= 0; i--)
        {
            Take(weights[i], worths[i]);
            Store(i);
        }
        Clear();
    }

    /// <summary>What the best set with an item is worth, above the best without it; the items before it have been taken, and those behind it are as they were at the beginning.</summary>
    public long Margin(int item, long weight, long worth) => Best(item + 1, _room - weight) + worth - Best(item + 1, _room);

    /// <summary>Adds the next item.</summary>
    public void Take(long weight, long worth)
    {
        if (worth <= 0 || weight > _room)
            return;
        // Both lists rise in weight and worth; so does what they are merged to.
        long[] weights = _next, worths = _nextWorth;
        int n = 0, a = 0, b = 0;
        long last = -1;
        while (a < _count || b < _count)
        {
            bool takesOld = b >= _count || (a < _count && (_weight[a] < _weight[b] + weight || (_weight[a] == _weight[b] + weight && _worth[a] >= _worth[b] + worth)));
            long w = takesOld ? _weight[a] : _weight[b] + weight, v = takesOld ? _worth[a++] : _worth[b++] + worth;
            if (w > _room || v <= last)
                continue;
            (weights[n], worths[n++], last) = (w, v, v);
        }
        Work += n;
        if (n > Most)
        {
            int half = 0;
            for (int i = 0; i < n; i += 2)
                (weights[half], worths[half++]) = (weights[i], worths[Math.Min(i + 1, n - 1)]);
            n = half;
        }
        (_next, _nextWorth, _weight, _worth, _count) = (_weight, _worth, weights, worths, n);
    }

    private void Clear() => (_weight[0], _worth[0], _count) = (0, 0, 1);

    private void Store(int at)
    {
        Array.Copy(_weight, _weights[at], _count);
        Array.Copy(_worth, _worths[at], _count);
        _counts[at] = _count;
    }

    // The best of what was taken and of the items from one on, together.
    private long Best(int from, long room)
    {
        if (room < 0)
            return long.MinValue / 4;
        long[] weights = _weights[from], worths = _worths[from];
        long best = 0;
        int b = _counts[from] - 1;
        for (int a = 0; a < _count && _weight[a] <= room; a++)
        {
            while (weights[b] > room - _weight[a])
                b--;
            best = Math.Max(best, _worth[a] + worths[b]);
        }
        Work += _count;
        return best;
    }
}
