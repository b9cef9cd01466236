using Serenity.Onnx.Rewrites.Graph;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>How far the search for a candidate's schedule goes.</summary>
internal enum CostEffort
{
    /// <summary>For a part of a set, to say what each rewrite saves: told from its tensors, under a small limit.</summary>
    Share,

    /// <summary>To compare candidates, of which there are many.</summary>
    Compare,

    /// <summary>For the model without rewrites, which all are compared with.</summary>
    Source,

    /// <summary>With all there is, for what is written.</summary>
    Full,
}

/// <summary>What candidates cost on an executor. Deterministic; for one search at a time, since it may keep what it found out.</summary>
internal interface ICandidateCosts
{
    /// <summary>False for a candidate that the executor would change before it runs it, and so not execute as it is planned. The source model is none.</summary>
    bool IsKept(RewriteCandidate candidate);

    /// <summary>Schedules a candidate.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="effort">How far to go.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    RewriteCost Find(RewriteCandidate candidate, CostEffort effort, CancellationToken cancellation);

    /// <summary>A schedule within a peak; it need not be the best one. Takes less time than <see cref="Find"/>, most of all where there is none.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="bytes">The peak.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <returns>Null where <see cref="Find"/>, at <see cref="CostEffort.Compare"/>, would need more.</returns>
    RewriteCost? Within(RewriteCandidate candidate, long bytes, CancellationToken cancellation);
}
