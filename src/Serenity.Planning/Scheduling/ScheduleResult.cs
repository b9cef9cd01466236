namespace Serenity.Planning.Scheduling;

/// <summary>Why a search ended.</summary>
public enum SearchStop
{
    /// <summary>The result is proven optimal.</summary>
    Proven,

    /// <summary>Whether <see cref="ScheduleOptions.Enough"/> is enough is decided; the result is not proven to be the best.</summary>
    Enough,

    /// <summary>The limit in states struck; the result is the best found, with the bound proven so far.</summary>
    StateLimit,
}

/// <summary>A schedule with its proof.</summary>
/// <param name="Order">All operators, in execution order.</param>
/// <param name="PeakBytes">Largest live sum over the steps of <paramref name="Order"/>.</param>
/// <param name="LowerBoundBytes">Bytes that no schedule of this graph can go under.</param>
/// <param name="States">Search states expanded, summed over all searches.</param>
/// <param name="Stop">Why the search ended.</param>
public sealed record ScheduleResult(int[] Order, long PeakBytes, long LowerBoundBytes, long States, SearchStop Stop)
{
    /// <summary>True if no schedule of this graph has a lower peak.</summary>
    public bool IsOptimal => PeakBytes == LowerBoundBytes;
}
