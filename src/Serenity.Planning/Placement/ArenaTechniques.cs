namespace Serenity.Planning.Placement;

/// <summary>Techniques of the placement search, each a switch. None changes which capacities are feasible; tests run the combinations.</summary>
[Flags]
public enum ArenaTechniques
{
    /// <summary>Plain enumeration: one region, every candidate, nothing remembered.</summary>
    None = 0,

    /// <summary>Solve regions on their own where no unplaced buffer spans their border.</summary>
    Divide = 1,

    /// <summary>Remember regions that were searched without result.</summary>
    DeadStates = 2,

    /// <summary>A buffer rests on another one or on the ground of the arena.</summary>
    Support = 4,

    /// <summary>Never leave a gap below that an unplaced buffer would fill.</summary>
    Gaps = 8,

    /// <summary>Of buffers with the same lifetime and size, place the first one first.</summary>
    Twins = 16,

    /// <summary>Of buffers with the same lifetime, one directly on the other, the larger lies below.</summary>
    Stacks = 32,

    /// <summary>Branch on the section that failed most often.</summary>
    FailureWeights = 64,

    /// <summary>Prune where a dip cannot be filled by what fits into it.</summary>
    Dips = 128,

    /// <summary>All of them.</summary>
    All = Divide | DeadStates | Support | Gaps | Twins | Stacks | FailureWeights | Dips,
}
