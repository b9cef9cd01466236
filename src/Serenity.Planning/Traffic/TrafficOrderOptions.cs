namespace Serenity.Planning.Traffic;

/// <summary>Techniques of the search for an order with little traffic. None changes the optimum.</summary>
[Flags]
public enum TrafficOrderTechniques
{
    /// <summary>None: every order is gone through, with every set that makes room.</summary>
    None = 0,

    /// <summary>What is outside and needed again will be read, and a step larger than the chip moves all that takes part in it: states that cannot beat the best known are left out.</summary>
    Bound = 1,

    /// <summary>Of states that have run the same operators, one that has all that another has on chip, for no more, replaces it.</summary>
    Dominance = 2,

    /// <summary>
    /// An operator is run at once where all it needs is on chip, nothing has to leave, and what it makes takes no more than a tensor without a copy outside that dies by it: whatever would be
    /// done with that tensor until the operator runs can be done with what it makes.
    /// </summary>
    AtOnce = 4,

    /// <summary>What runs between two operators that all others come before or behind, and fits on the chip in the order of least peak, runs in that order.</summary>
    Calm = 8,

    /// <summary>Parts between such operators bound each other: what each moves at least, whatever was before it.</summary>
    Parts = 16,

    /// <summary>All of them.</summary>
    All = Bound | Dominance | AtOnce | Calm | Parts,
}

/// <summary>How far the search for an order with little traffic may go.</summary>
public sealed record TrafficOrderOptions
{
    /// <summary>States kept of those that have run as many operators. With more, the best are kept, and the bound says what the others might have reached.</summary>
    public int Width { get; init; } = 4_096;

    /// <summary>Ways to make room for an operator that are tried from one state. With more, the bound says what the others might have reached.</summary>
    public int MostSets { get; init; } = 200;

    /// <summary>Words of states that may be written or compared, in all passes together; ends the search at the same place on every machine.</summary>
    public long Work { get; init; } = 120_000_000;

    /// <summary>Steps that all orders of the local search may have together.</summary>
    public long LocalSteps { get; init; } = 100_000;

    /// <summary>Techniques that are on.</summary>
    public TrafficOrderTechniques Techniques { get; init; } = TrafficOrderTechniques.All;

    /// <summary>The defaults.</summary>
    public static TrafficOrderOptions Default { get; } = new();
}
