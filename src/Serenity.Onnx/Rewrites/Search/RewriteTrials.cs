using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Rewrites.Graph;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>A set of rewrites, carried out and costed.</summary>
/// <param name="Graph">The graph with the set applied.</param>
/// <param name="Candidate">The same as a model.</param>
/// <param name="Sites">The rewrites, in the order applied.</param>
/// <param name="Cost">A schedule of it; the least one found if <paramref name="IsLeast"/>, else one within a peak that was asked for.</param>
/// <param name="IsLeast">See <paramref name="Cost"/>.</param>
internal sealed record RewriteTrial(RewriteGraph Graph, RewriteCandidate Candidate, IReadOnlyList<RewriteSite> Sites, RewriteCost Cost, bool IsLeast)
{
    /// <summary>Peak of <see cref="Cost"/>.</summary>
    public long PeakBytes => Cost.PeakBytes;
}

/// <summary>Tries sets of rewrites: carries them out, holds their work against the limit, and costs them, each set once.</summary>
internal sealed class RewriteTrials
{
    private const int LeastTrials = 12, RefusedPerTrial = 4, NodesInAllTrials = 24_000;

    private readonly ICandidateCosts _costs;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<string, RewriteTrial> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _missed = new(StringComparer.Ordinal);
    private readonly SharedTimes _times;
    private readonly double _sourceWork;
    private readonly int _limit;
    private double _fastest;
    private int _tried, _refused;
    private bool _tooMuchWork;

    /// <summary>Costs the source.</summary>
    public RewriteTrials(RewriteCandidate source, RewriteOptions options, ICandidateCosts costs, CancellationToken cancellation)
    {
        _costs = costs;
        _cancellation = cancellation;
        Options = options;
        // A candidate of a larger graph takes longer to cost, so there are fewer of them.
        _limit = Math.Min(options.EvaluationLimit, Math.Max(LeastTrials, NodesInAllTrials / Math.Max(1, source.Model.Graph.Node.Count)));
        _times = new SharedTimes(source.Model.Graph, source.Shapes);
        _sourceWork = _fastest = TimeOf(source);
        RewriteGraph graph = new(source, options.Executor, options.ModelPath) { LeftOut = options.Restriction.LeftOut };
        Source = new RewriteTrial(graph, source, [], costs.Find(source, CostEffort.Compare, cancellation), true);
        _tried = 1;
    }

    public RewriteOptions Options { get; }

    /// <summary>The model without rewrites.</summary>
    public RewriteTrial Source { get; private set; }

    /// <summary>True while neither of the limits on trials struck.</summary>
    public bool MayTry => _tried < _limit && _refused < RefusedPerTrial * _limit;

    /// <summary>True if the last set tried counts too much work or the executor would change it, and so was not costed.</summary>
    public bool WasRefused { get; private set; }

    /// <summary>
    /// Searches the source's order further, unless a set of rewrites is below whatever that could come to: all gains are measured against it.
    /// </summary>
    /// <param name="best">The best set found.</param>
    public void SettleSource(RewriteTrial best)
    {
        RewriteCost cost = Source.Cost;
        if (cost.PeakBytes == cost.LowerBoundBytes || best.PeakBytes < cost.LowerBoundBytes)
            return;
        RewriteCost more = _costs.Find(Source.Candidate, CostEffort.Source, _cancellation);
        if (more.PeakBytes <= cost.PeakBytes)
            Source = Source with { Cost = more };
    }

    /// <summary>Carries a set out and finds its least peak.</summary>
    /// <returns>Null where the set is refused (<see cref="WasRefused"/>), or its peak is above <paramref name="within"/>.</returns>
    public RewriteTrial? Try(ISiteChoice choice, long within = long.MaxValue) => Try(choice, within, true);

    /// <summary>Carries a set out and finds a schedule within a peak.</summary>
    /// <returns>Null where the set is refused (<see cref="WasRefused"/>), or its peak is above <paramref name="within"/>.</returns>
    public RewriteTrial? TryReach(ISiteChoice choice, long within) => Try(choice, within, false);

    /// <summary>The same set with its least peak.</summary>
    public RewriteTrial Least(RewriteTrial trial)
    {
        if (trial.IsLeast)
            return trial;
        RewriteCost cost = _costs.Find(trial.Candidate, CostEffort.Compare, _cancellation);
        return trial with { Cost = cost.PeakBytes <= trial.PeakBytes ? cost : trial.Cost, IsLeast = true };
    }

    /// <summary>What a set comes to, with what each rewrite saved and what time it added, in the order applied; where that would take too many trials, the last one gets what is left.</summary>
    public RewriteOutcome Outcome(RewriteTrial best)
    {
        best = Least(best);
        List<AppliedRewrite> applied = [];
        long peak = Source.PeakBytes;
        // A model without nodes is no work, rewritten or not.
        double ratio = _sourceWork > 0 ? Math.Round(TimeOf(best.Candidate) / _sourceWork, 3) : 1, time = 1;
        for (int i = 0; i < best.Sites.Count; i++)
        {
            (long now, double after) = (best.PeakBytes, ratio);
            if (i < best.Sites.Count - 1)
            {
                (now, after) = MayTry ? Share(new SiteSet(best.Sites.Take(i + 1))) : (peak, time);
                now = Math.Clamp(now, best.PeakBytes, peak);
            }
            RewriteSite site = best.Sites[i];
            applied.Add(new AppliedRewrite(site.Kind, site.Nodes, site.IsExact, peak - now) { AddedTime = Math.Round(after - time, 3) });
            (peak, time) = (now, after);
        }
        WorkFacts work = new(Options.WorkLimit, ratio, _tooMuchWork);
        return new RewriteOutcome(best.Cost, Source.Cost, applied, _tried, work);
    }

    /// <summary>The peak of a part of a set, and its predicted time as a multiple of the source's. The work limit does not matter, since it is not written.</summary>
    private (long Peak, double Time) Share(SiteSet sites)
    {
        _tried++;
        RewriteGraph graph = Source.Graph.Copy();
        RewriteSequence.Apply(graph, Options.Level, sites);
        RewriteCandidate candidate = graph.ToCandidate();
        return (_costs.Find(candidate, CostEffort.Share, _cancellation).PeakBytes, _sourceWork > 0 ? Math.Round(TimeOf(candidate) / _sourceWork, 3) : 1);
    }

    private double TimeOf(RewriteCandidate candidate) => _times.Of(candidate.Model.Graph, candidate.Shapes);

    private RewriteTrial? Try(ISiteChoice choice, long within, bool least)
    {
        _cancellation.ThrowIfCancellationRequested();
        WasRefused = false;
        RewriteGraph graph = Source.Graph.Copy();
        List<RewriteSite> sites = RewriteSequence.Apply(graph, Options.Level, choice);
        RewriteCandidate candidate = graph.ToCandidate();
        bool kept = _costs.IsKept(candidate);
        double time = TimeOf(candidate);
        bool tooMuch = kept && time > TimeLimit.Of(_sourceWork, _fastest, Options.WorkLimit);
        _tooMuchWork |= tooMuch;
        if (!kept || tooMuch)
        {
            _refused++;
            WasRefused = true;
            return null;
        }
        _fastest = Math.Min(_fastest, time);
        // Sets that are known count as well, so that the limit strikes at the same set whether they are remembered or not.
        _tried++;
        string key = string.Join('\n', sites.Select(s => s.Key));
        RewriteTrial? trial = _known.GetValueOrDefault(key);
        if (trial is null || (trial.PeakBytes > within || least) && !trial.IsLeast)
            trial = Cost(new RewriteTrial(graph, candidate, sites, null!, false), key, within, least);
        return trial?.PeakBytes <= within ? trial : null;
    }

    private RewriteTrial? Cost(RewriteTrial trial, string key, long within, bool least)
    {
        bool goals = Options.Techniques.HasFlag(RewriteTechniques.Goals) && within != long.MaxValue;
        bool remember = Options.Techniques.HasFlag(RewriteTechniques.RememberSets);
        if (remember && within <= _missed.GetValueOrDefault(key, long.MinValue))
            return null;
        RewriteCost? cost = goals ? _costs.Within(trial.Candidate, within, _cancellation) : null;
        if (goals && cost is null)
        {
            if (remember)
                _missed[key] = within;
            return null;
        }
        bool isLeast = false;
        if (least || !goals)
        {
            RewriteCost found = _costs.Find(trial.Candidate, CostEffort.Compare, _cancellation);
            cost = cost is null || found.PeakBytes <= cost.PeakBytes ? found : cost;
            isLeast = true;
        }
        trial = trial with { Cost = cost!, IsLeast = isLeast };
        if (remember)
            _known[key] = trial;
        return trial;
    }
}
