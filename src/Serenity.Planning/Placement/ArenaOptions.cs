namespace Serenity.Planning.Placement;

/// <summary>How far a placement search may go, and which of its techniques are on. No technique changes what is feasible.</summary>
public sealed record ArenaOptions
{
    /// <summary>States after which the search gives its best so far.</summary>
    public long StateLimit { get; init; } = 20_000_000;

    /// <summary>Stop as soon as a placement of this size or less is found; null to go for the lower bound.</summary>
    public long? Capacity { get; init; }

    /// <summary>The defaults.</summary>
    public static ArenaOptions Default { get; } = new();
}
