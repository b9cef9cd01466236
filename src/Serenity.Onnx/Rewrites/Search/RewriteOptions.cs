using Serenity.Onnx.Contract;
using Serenity.Onnx.Rewrites.Graph;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>What the search over sets of rewrites may do.</summary>
internal sealed record RewriteOptions
{
    /// <summary>Who runs the model; decides which forms of a rewrite gain anything.</summary>
    public required Executor Executor { get; init; }

    /// <summary>Which rewrites may be applied.</summary>
    public required RewriteLevel Level { get; init; }

    /// <summary>Path of the source model, beside which external data lies.</summary>
    public required string ModelPath { get; init; }

    /// <summary>What may not be applied, whatever <see cref="Level"/> says.</summary>
    public RewriteRestriction Restriction { get; init; } = RewriteRestriction.None;

    /// <summary>How many candidates may be costed, fewer for graphs of more than 250 nodes. Deterministic, unlike a time.</summary>
    public int EvaluationLimit { get; init; } = 96;

    /// <summary>
    /// How much work a rewritten model may be, as a multiple of the model before: multiply-accumulates, elements moved, columns of
    /// convolutions and nodes, counted. What takes more is not done, whatever it saves.
    /// </summary>
    public double WorkLimit { get; init; } = OptimizeRequest.FreeWork;

    /// <summary>What may be used to be fast.</summary>
    public RewriteTechniques Techniques { get; init; } = RewriteTechniques.All;
}

/// <summary>The best set of rewrites found.</summary>
/// <param name="Best">The candidate as it is to be written, and its cost.</param>
/// <param name="Original">What the model costs without rewrites.</param>
/// <param name="Applied">The rewrites that were applied, with what each saved; the savings add up to the fall of the peak.</param>
/// <param name="Evaluations">Candidates that were costed.</param>
/// <param name="Work">The work of a run of it.</param>
internal sealed record RewriteOutcome(
    RewriteCost Best, RewriteCost Original, IReadOnlyList<AppliedRewrite> Applied, int Evaluations, WorkFacts Work);
