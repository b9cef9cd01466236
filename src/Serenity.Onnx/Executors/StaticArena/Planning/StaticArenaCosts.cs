using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Planning.Scheduling;
using Serenity.Planning.Scheduling.Search;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>What candidates of the rewrite stage cost in a static arena: their least live peaks.</summary>
/// <param name="task">The model, and what is asked.</param>
/// <param name="full">Limits for what is written; candidates are compared with fewer states.</param>
/// <param name="techniques">What may be used to be fast.</param>
internal sealed class StaticArenaCosts(ArenaTask task, ScheduleOptions full, RewriteTechniques techniques = RewriteTechniques.All) : ICandidateCosts
{
    private const long StatesToCompare = 10_000, StatesForSource = 1_000_000, StatesToShare = 100;

    private readonly ScheduleOptions _full = full with { Solved = techniques.HasFlag(RewriteTechniques.SolvedSegments) ? new SolvedSegments() : null };

    /// <inheritdoc/>
    /// <remarks>All: generated code runs what the file says.</remarks>
    public bool IsKept(RewriteCandidate candidate) => true;

    /// <inheritdoc/>
    /// <exception cref="Diagnostics.SerenityException">SER1301: the model has values that no fixed block of memory can hold.</exception>
    public RewriteCost Find(RewriteCandidate candidate, CostEffort effort, CancellationToken cancellation) =>
        StaticArenaCost.TryOf(candidate, task with { Cancellation = cancellation }, Limits(effort))!;

    /// <inheritdoc/>
    public RewriteCost? Within(RewriteCandidate candidate, long bytes, CancellationToken cancellation) =>
        StaticArenaCost.TryOf(candidate, task with { Cancellation = cancellation }, Limits(CostEffort.Compare) with { Enough = bytes });

    private ScheduleOptions Limits(CostEffort effort) => effort switch
    {
        CostEffort.Share => _full with { StateLimit = Math.Min(_full.StateLimit, StatesToShare) },
        CostEffort.Compare => _full with { StateLimit = Math.Min(_full.StateLimit, StatesToCompare) },
        CostEffort.Source => _full with { StateLimit = Math.Min(_full.StateLimit, StatesForSource) },
        _ => _full,
    };
}
