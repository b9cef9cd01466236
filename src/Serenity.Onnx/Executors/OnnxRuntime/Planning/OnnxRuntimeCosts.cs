using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Planning.Scheduling.Search;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>What candidates cost in ONNX Runtime: their simulated peaks.</summary>
/// <remarks>
/// Two steps. First the order of the writers in each accumulation group is chosen, by solving the memory graph with the groups in it: a
/// group is one buffer there, whoever writes first. Then the file with the chains in that order is planned as any other.
/// </remarks>
internal sealed class OnnxRuntimeCosts : ICandidateCosts
{
    private const int OrdersToCompare = 200;
    private const long StatesToCompare = 100_000, StatesForSource = 1_000_000, StatesToShare = 100;

    private readonly RewriteCandidate _source;
    private readonly RewriteTechniques _techniques;
    private readonly Lazy<PlannedShapes?> _planned;
    private readonly Lazy<bool> _allKnown;
    private readonly Lazy<HashSet<(string First, string Second)>> _castPairs;

    /// <summary>Costs of the candidates made from a model.</summary>
    /// <param name="source">The model without rewrites.</param>
    /// <param name="full">Limits for what is written; candidates are compared under lower ones.</param>
    /// <param name="techniques">What may be used to be fast.</param>
    /// <param name="planned">Shapes of the source as far as ONNX Runtime knows them; null to ask it.</param>
    public OnnxRuntimeCosts(
        RewriteCandidate source, OnnxRuntimePlanOptions full, RewriteTechniques techniques = RewriteTechniques.All, PlannedShapes? planned = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(full);
        _source = source;
        _techniques = techniques;
        SolvedSegments? solved = techniques.HasFlag(RewriteTechniques.SolvedSegments) ? new SolvedSegments() : null;
        Full = full with { Schedule = full.Schedule with { Solved = solved } };
        _planned = new(() => planned ?? PlannedShapesReader.TryRead(source.Model, source.Shapes));
        _allKnown = new(AllKnown);
        _castPairs = new(() => CastPairs.Of(source.Model.Graph));
    }

    /// <summary>The limits for what is written, with what was found out about the candidates' parts.</summary>
    public OnnxRuntimePlanOptions Full { get; }

    /// <inheritdoc/>
    /// <remarks>One with casts that a rewrite brought together, or with a DequantizeLinear of several readers.</remarks>
    public bool IsKept(RewriteCandidate candidate)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return !SharedDequantize.Any(candidate.Model.Graph) && CastPairs.Of(candidate.Model.Graph).IsSubsetOf(_castPairs.Value);
    }

    /// <inheritdoc/>
    public RewriteCost Find(RewriteCandidate candidate, CostEffort effort, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return Search(candidate, effort, null, cancellation)!;
    }

    /// <inheritdoc/>
    public RewriteCost? Within(RewriteCandidate candidate, long bytes, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        return Search(candidate, CostEffort.Compare, bytes, cancellation);
    }

    private OnnxRuntimePlanOptions Limits(CostEffort effort) => effort == CostEffort.Full ? Full : Full with
    {
        FewestNodes = false,
        Evaluations = effort == CostEffort.Source ? Full.Evaluations : Math.Min(Full.Evaluations, OrdersToCompare),
        Schedule = Full.Schedule with
        {
            StateLimit = Math.Min(Full.Schedule.StateLimit, effort switch
            {
                CostEffort.Source => StatesForSource,
                CostEffort.Share => StatesToShare,
                _ => StatesToCompare,
            }),
        },
    };

    private RewriteCost? Search(RewriteCandidate candidate, CostEffort effort, long? within, CancellationToken cancellation)
    {
        if (candidate.Groups.Count == 0)
            return Plan(candidate, null, effort, within, cancellation);
        FreeGroupGraph groups = new(candidate);
        if (within is { } bytes)
        {
            FreeGroupOrder? near = groups.Within(bytes, Limits(effort).Schedule, out bool isImpossible, cancellation);
            if (isImpossible)
                return null;
            // Any order within it will do.
            if (near is not null && Plan(AccumulationChain.InOrder(candidate, near.Order), near, effort, within, cancellation) is { } enough)
                return enough;
        }
        FreeGroupOrder free = groups.Least(Limits(effort).Schedule, cancellation);
        // What a rewrite saved is told from the tensors; how the chain is written does not matter for that.
        if (effort == CostEffort.Share && _techniques.HasFlag(RewriteTechniques.Estimates))
            return new RewriteCost(candidate, free.Profile.Max(), free.LowerBoundBytes ?? 0, free.Order, free.Profile);
        RewriteCost? best = Plan(AccumulationChain.InOrder(candidate, free.Order), free, effort, within, cancellation);
        if (best is not null && best.PeakBytes == free.LowerBoundBytes && _techniques.HasFlag(RewriteTechniques.FreeOrder))
            return best;
        // The order of least live peak need not be the one of least simulated peak.
        RewriteCost? asItIs = Plan(candidate, null, effort, within, cancellation);
        return best is null || asItIs?.PeakBytes < best.PeakBytes ? asItIs : best;
    }

    private RewriteCost? Plan(
        RewriteCandidate candidate, FreeGroupOrder? free, CostEffort effort, long? within, CancellationToken cancellation)
    {
        if (!_techniques.HasFlag(RewriteTechniques.FreeOrder))
            free = null;
        PlanningProblem? problem = PlanningProblem.TryPrepare(
            candidate.Model, candidate.Shapes, Limits(effort), Planned(candidate), free?.LowerBoundBytes, within, cancellation);
        if (problem is null)
            return null;
        if (effort != CostEffort.Full && _techniques.HasFlag(RewriteTechniques.Estimates))
        {
            return PeakEstimate.TryFind(problem, effort == CostEffort.Share, within, cancellation) is { } found
                ? Cost(found.Graph, found.Order, found.Profile, found.PeakBytes, found.LowerBoundBytes) : null;
        }
        return new PinnedPlanner(problem, cancellation).TryPlan(within) is { } plan
            ? Cost(plan.Graph, plan.Order, plan.Allocations.Profile, plan.SimulatedPeak, plan.LowerBound) : null;

        RewriteCost Cost(OrtGraph graph, int[] order, long[] profile, long peak, long bound) =>
            new RewriteCost(candidate, peak, bound, graph.OrderOf(order), profile);
    }

    /// <summary>What ONNX Runtime will know of a candidate's shapes; null to ask it.</summary>
    private PlannedShapes? Planned(RewriteCandidate candidate)
    {
        if (!_techniques.HasFlag(RewriteTechniques.KnownShapes) || !Full.AskForShapes)
            return null;
        return ReferenceEquals(candidate.Model, _source.Model) ? _planned.Value : _allKnown.Value ? PlannedShapes.AllOf(candidate.Shapes) with { Bodies = _planned.Value!.Bodies } : null;
    }

    /// <summary>True if ONNX Runtime infers every shape of the source. The operators that rewrites put in have shapes that follow from their inputs'.</summary>
    private bool AllKnown()
    {
        if (_planned.Value is not { } planned)
            return false;
        foreach (Schema.NodeProto node in _source.Model.Graph.Node)
        {
            foreach (string output in node.Output)
            {
                if (output.Length > 0 && !ConstantNode.Is(node) &&
                    !(_source.Shapes.Find(output) is { } type && planned.Find(output) is { } dims && dims.AsSpan().SequenceEqual(type.Dims)))
                {
                    return false;
                }
            }
        }
        return true;
    }
}
