namespace Serenity.Runtime;

/// <summary>Why an allocation of a run did not find its place in the block.</summary>
internal enum UnplannedReason
{
    /// <summary>It did.</summary>
    None,

    /// <summary>It asks for more bytes than the plan has at this place of the sequence: other input sizes, or another sequence.</summary>
    TooLarge,

    /// <summary>The run makes more allocations than the plan has.</summary>
    AfterTheLast,

    /// <summary>The run asked another allocator, one that was registered after ours.</summary>
    NotAsked,

    /// <summary>Outputs of an earlier run still lie there.</summary>
    Occupied,
}
