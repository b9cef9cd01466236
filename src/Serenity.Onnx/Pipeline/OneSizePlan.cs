using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// What a range costs beside one size: ONNX Runtime fuses some operators only where it knows all sizes, a product and its bias into one for example, and what it cannot fuse may need more at once.
/// </summary>
/// <param name="source">The model.</param>
/// <param name="request">What was asked, with ranges.</param>
/// <param name="cancellation">Ends the work.</param>
internal sealed class OneSizePlan(SourceModel source, OptimizeRequest request, CancellationToken cancellation)
{
    /// <summary>From which part more on it is told.</summary>
    private const double Clearly = 1.05;

    /// <summary>A model with more nodes is not planned once more.</summary>
    private const int MostNodes = 3_000;

    private readonly Dictionary<string, OptimizationResult?> _plans = new(StringComparer.Ordinal);

    /// <summary>The range with what one size would take, where that is clearly less.</summary>
    /// <param name="range">The range.</param>
    /// <param name="plan">The plan for it.</param>
    public RangeFacts Beside(RangeFacts range, ExecutorPlan plan)
    {
        if (!request.Executor.Traits().RunsInSession || source.Model.Graph.Node.Count > MostNodes || PlanAt(range.PeakAt) is not { } one
            || range.PeakBytes(range.PeakAt) <= Clearly * one.Peak.Bytes || plan.PeakStep is not { } peak)
        {
            return range;
        }
        HashSet<string> there = new(one.Schedule, StringComparer.Ordinal);
        foreach (LiveTensor live in peak.Live)
        {
            if (plan.Nodes.FirstOrDefault(n => n.Output.Contains(live.Tensor)) is { } maker && !there.Contains(maker.Name))
                return range with { OneSize = new OneSizeFacts(one.Peak.Bytes, live.Tensor, maker.Name, OperatorDomain.IsOnnx(maker.Domain) ? maker.OpType : $"{maker.Domain}.{maker.OpType}") };
        }
        return range;
    }

    /// <summary>The plan at some sizes, without what takes long; null where there is none.</summary>
    private OptimizationResult? PlanAt(IReadOnlyDictionary<string, long> sizes)
    {
        string key = RangeRefusal.Text(sizes);
        if (_plans.TryGetValue(key, out OptimizationResult? known))
            return known;
        Dictionary<string, long> all = new(request.FreeDimensions, StringComparer.Ordinal);
        foreach ((string name, long size) in sizes)
            all[name] = size;
        OptimizeRequest one = request with
        {
            FreeDimensions = all,
            Ranges = OptimizeRequest.NoRanges,
            PlannedAt = null,
            FreeDimensionsAreDefaults = false,
            Rewrite = RewriteLevel.None,
            Partition = false,
            Verify = false,
            Format = ModelFormat.Onnx,
            Progress = null,
        };
        try
        {
            return _plans[key] = ModelOptimizer.OptimizeHere(source.File, one, cancellation);
        }
        catch (SerenityException)
        {
            return _plans[key] = null;
        }
    }
}
