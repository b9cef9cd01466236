namespace Serenity.Planning.Placement.Pools;

/// <summary>Techniques of the search for the cheapest use of several memories. None changes the optimum.</summary>
[Flags]
public enum PoolTechniques
{
    /// <summary>None: every choice of every buffer is tried.</summary>
    None = 0,

    /// <summary>Prices on the full steps of each pool give a bound on all that is still to be chosen.</summary>
    Prices = 1,

    /// <summary>A state that costs no more and leaves no less room, at any time, replaces another.</summary>
    Dominance = 2,

    /// <summary>A pool that all buffers together fit into is not counted.</summary>
    RoomyPools = 4,

    /// <summary>What cannot be placed in a pool is remembered as the few buffers that are to blame.</summary>
    Conflicts = 8,

    /// <summary>States beyond the width are merged into a few that cost less and leave more room than any of them: what these reach bounds what was left out.</summary>
    Merges = 16,

    /// <summary>All of them.</summary>
    All = Prices | Dominance | RoomyPools | Conflicts | Merges,
}

/// <summary>How far the search may go.</summary>
public sealed record PoolOptions
{
    /// <summary>States kept after each buffer. With more, the best are kept, and the bound says what the others might have reached.</summary>
    public int Width { get; init; } = 4_000;

    /// <summary>States kept after all buffers together: with many buffers, fewer are kept after each, down to 64.</summary>
    public int StatesTogether { get; init; } = 60_000;

    /// <summary>States of the search that goes on where the cheapest choice cannot be placed.</summary>
    public long StateLimit { get; init; } = 200_000;

    /// <summary>States of each placement in a pool.</summary>
    public long PlacementStates { get; init; } = 20_000;

    /// <summary>Techniques that are on.</summary>
    public PoolTechniques Techniques { get; init; } = PoolTechniques.All;

    /// <summary>Begin with what a search finds in the order of access density and the like; off only in tests of the search.</summary>
    internal bool Greedy { get; init; } = true;

    /// <summary>The defaults.</summary>
    public static PoolOptions Default { get; } = new();
}
