namespace Serenity.Planning.Scheduling.Search;

/// <summary>What is known of one part. Bytes are counted above the part's <see cref="SearchProblem.Base"/>, so that they hold wherever it stands.</summary>
internal sealed class SolvedSegment
{
    /// <summary>The best order found; null if none was looked for yet.</summary>
    public int[]? Order { get; set; }

    /// <summary>Its peak.</summary>
    public long Peak { get; set; }

    /// <summary>Bytes that no order goes under.</summary>
    public long LowerBound { get; set; }

    /// <summary>True if the bound by cuts was worked out in full.</summary>
    public bool IsBounded { get; set; }

    /// <summary>True if <see cref="PartOf"/> is known.</summary>
    public bool IsSplit { get; set; }

    /// <summary>See <see cref="LeastLiveSplit.Find"/>.</summary>
    public int[]? PartOf { get; set; }

    /// <summary>Searches that a limit ended: the floor they were given, whether one schedule of that peak was all they looked for, and the limit.</summary>
    public Dictionary<(long Floor, bool Reach), long> Undecided { get; } = [];
}
