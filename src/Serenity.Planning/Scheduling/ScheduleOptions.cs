using Serenity.Planning.Scheduling.Search;

namespace Serenity.Planning.Scheduling;

/// <summary>How far a search may go, and which of its techniques are on. No technique changes the optimum; tests run the combinations.</summary>
public sealed record ScheduleOptions
{
    /// <summary>
    /// States after which the search gives its best so far. Deterministic, unlike a time. A state with r operators ready, of a part of the graph
    /// of n operators, counts 1 + r/16 + n/256, so that the limit is about the same time for all sizes: at the default, within
    /// two or three minutes of processor time.
    /// </summary>
    public long StateLimit { get; init; } = 10_000_000;

    /// <summary>
    /// A peak in bytes that is low enough; null to go for the least. The search then ends with the first schedule that needs no more, and as
    /// soon as none can: its peak and its bound say which, and are not the best there are.
    /// </summary>
    public long? Enough { get; init; }

    /// <summary>
    /// A schedule to begin with, all operators in a topological order; null for none. What is found is never worse, and a part of the graph that it already schedules
    /// as well as can be is not searched.
    /// </summary>
    public IReadOnlyList<int>? First { get; init; }

    /// <summary>What searches of similar graphs found out, to be used and added to; null to start from nothing.</summary>
    public SolvedSegments? Solved { get; init; }

    /// <summary>Techniques that are on.</summary>
    public SearchTechniques Techniques { get; init; } = SearchTechniques.All;

    /// <summary>The defaults.</summary>
    public static ScheduleOptions Default { get; } = new();
}
