namespace Serenity.Planning.Placement.Pools;

/// <summary>Techniques of the search for the cheapest use of several memories. None changes the optimum.</summary>
[Flags]
public enum PoolTechniques
{
    /// <summary>None: every choice of every buffer is tried.</summary>
    None = 0,

    /// <summary>Prices on the bytes of each pool give a bound on all that is still to be chosen.</summary>
    Prices = 1,

    /// <summary>Of states that are alike, in which every live block lies in the same place, the cheapest is kept.</summary>
    Dominance = 2,

    /// <summary>A pool that all buffers together fit into is not counted.</summary>
    RoomyPools = 4,

    /// <summary>What cannot be placed in a pool is remembered as the few buffers that are to blame.</summary>
    Conflicts = 8,

    /// <summary>The worth of each buffer at each time raises the bound: what fits into a pool together counts, instead of its bytes.</summary>
    Worths = 16,

    /// <summary>A choice that the bound says no cheaper plan can make is left out.</summary>
    Exclusion = 32,

    /// <summary>What is to come costs no less than from a time on, whatever was chosen before it.</summary>
    Cuts = 64,

    /// <summary>Where the smallest blocks lie is settled at the end.</summary>
    SmallLast = 128,

    /// <summary>Prices are asked not only for bytes but for shares of room, rounded in several ways.</summary>
    Roundings = 256,

    /// <summary>What is live in a part of the time chooses anew while the rest of the plan lies as it does.</summary>
    Windows = 512,

    /// <summary>All of them.</summary>
    All = Prices | Dominance | RoomyPools | Conflicts | Worths | Exclusion | Cuts | SmallLast | Roundings | Windows,
}

/// <summary>How far the search may go.</summary>
public sealed record PoolOptions
{
    /// <summary>States kept after each decision. With more, the best are kept, and the bound says what the others might have reached.</summary>
    public int Width { get; init; } = 20_000;

    /// <summary>States kept after all decisions together: with many decisions, fewer are kept after each, down to 64.</summary>
    public long StatesTogether { get; init; } = 2_000_000;

    /// <summary>Entries of lists that may be looked at to raise the bound.</summary>
    public long BoundWork { get; init; } = 240_000_000;

    /// <summary>States of the search that goes on where the cheapest choice cannot be placed.</summary>
    public long StateLimit { get; init; } = 200_000;

    /// <summary>Choices that are laid down in that search.</summary>
    public long PlacementLimit { get; init; } = 40;

    /// <summary>States of each placement in a pool.</summary>
    public long PlacementStates { get; init; } = 20_000;

    /// <summary>
    /// Entries that the whole search may look at: prices, lists, slots of states, placements. It takes a few nanoseconds for one. Where they are spent, the best plan so far is the plan, and the
    /// bound says what is open.
    /// </summary>
    public long Work { get; init; } = 1_000_000_000;

    /// <summary>Techniques that are on.</summary>
    public PoolTechniques Techniques { get; init; } = PoolTechniques.All;

    /// <summary>Small blocks take one part in so many of the cheapest memory together.</summary>
    internal int SmallShare { get; init; } = 50;

    /// <summary>Begin with what a search finds in the order of access density and the like; off only in tests of the search.</summary>
    internal bool Greedy { get; init; } = true;

    /// <summary>The defaults.</summary>
    public static PoolOptions Default { get; } = new();
}
