namespace Serenity.Planning.Traffic;

/// <summary>Techniques of the search for the least traffic. None changes the optimum.</summary>
[Flags]
public enum TrafficTechniques
{
    /// <summary>None: every set that makes room is tried.</summary>
    None = 0,

    /// <summary>What is outside and still needed must be read once more: states that cannot beat the best known are left out.</summary>
    Bound = 1,

    /// <summary>A state that has all that another has on chip, for no more, replaces it.</summary>
    Dominance = 2,

    /// <summary>Of two tensors of one size that cost the same to drop, the one needed later goes first (Belady's rule, true among equals).</summary>
    FarthestOfEquals = 4,

    /// <summary>All of them.</summary>
    All = Bound | Dominance | FarthestOfEquals,
}

/// <summary>How far the search for the least traffic may go.</summary>
public sealed record TrafficOptions
{
    /// <summary>States kept after each step. With more, the best are kept, and the bound says what the others might have reached.</summary>
    public int Width { get; init; } = 2_000;

    /// <summary>Ways to make room before a step that are tried from one state. With more, the bound says what the others might have reached.</summary>
    public int MostSets { get; init; } = 1_000;

    /// <summary>Techniques that are on.</summary>
    public TrafficTechniques Techniques { get; init; } = TrafficTechniques.All;

    /// <summary>The defaults.</summary>
    public static TrafficOptions Default { get; } = new();
}
