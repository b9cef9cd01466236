namespace Serenity.Planning.Placement.Pools;

/// <summary>How full the pools are at each half step, as sums of what lies there.</summary>
/// <param name="capacity">Bytes of each pool.</param>
/// <param name="end">The half step behind the last.</param>
internal sealed class PoolRoom(long[] capacity, int end)
{
    private readonly long[][] _used = Array.ConvertAll(capacity, _ => new long[end]);

    /// <summary>True if there is room for a choice beside what is there.</summary>
    public bool Fits(PoolChoice choice)
    {
        foreach (PoolSpan span in choice.Spans)
        {
            for (int t = span.From; t < span.To; t++)
            {
                if (_used[span.Pool][t] + span.Bytes > capacity[span.Pool])
                    return false;
            }
        }
        return true;
    }

    /// <summary>Lays a choice down, or takes it away.</summary>
    /// <param name="choice">The choice.</param>
    /// <param name="sign">1 to lay it down, -1 to take it away.</param>
    public void Add(PoolChoice choice, int sign)
    {
        foreach (PoolSpan span in choice.Spans)
        {
            for (int t = span.From; t < span.To; t++)
                _used[span.Pool][t] += sign * span.Bytes;
        }
    }
}
