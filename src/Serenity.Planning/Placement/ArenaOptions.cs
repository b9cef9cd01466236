namespace Serenity.Planning.Placement;

/// <summary>How far a placement search may go, and which of its techniques are on. No technique changes what is feasible.</summary>
public sealed record ArenaOptions
{
    /// <summary>
    /// States after which the search gives its best so far. A third of them at most goes to the lower bound itself, the rest to
    /// coming as near to it as can be. A state of a very long region counts as several.
    /// </summary>
    public long StateLimit { get; init; } = 3_000_000;

    /// <summary>Stop as soon as a placement of this size in bytes or less is found; null to go for the lower bound.</summary>
    public long? Capacity { get; init; }

    /// <summary>Techniques of the search.</summary>
    public ArenaTechniques Techniques { get; init; } = ArenaTechniques.All;

    /// <summary>Try the greedy placements first; off only in tests of the search.</summary>
    internal bool Greedy { get; init; } = true;

    /// <summary>The defaults.</summary>
    public static ArenaOptions Default { get; } = new();
}
