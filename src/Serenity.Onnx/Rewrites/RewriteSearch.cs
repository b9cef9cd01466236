using Serenity.Onnx.Ort;
using Serenity.Onnx.Pipeline;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Rewrites;

/// <summary>Finds the set of rewrites with the lowest peak, and among those a smallest.</summary>
/// <remarks>
/// First everything at once, in a few combinations of kinds: that gives the peak to reach. Then from the unchanged model up, only what
/// touches a value that is live above that peak, until it is reached. Then each is tried without: what is not needed goes. Then, as long
/// as the peak falls, what touches a value live at the peak, splits included, and again what is not needed goes. So a rewrite stays only
/// if the peak is higher without it. A set that makes a run take too long (<see cref="RewriteWork"/>) is never taken.
/// </remarks>
public static class RewriteSearch
{
    /// <summary>Searches.</summary>
    /// <param name="model">The source model; not changed.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="options">What may be done.</param>
    /// <param name="evaluate">Costs a candidate: schedules it and gives the peak. Must be deterministic.</param>
    /// <param name="confirm">The same with the full limits, for the candidate that is chosen; null where <paramref name="evaluate"/> has them.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public static RewriteOutcome Run(
        ModelProto model, ShapeTable shapes, RewriteOptions options,
        Func<RewriteCandidate, CancellationToken, RewriteCost> evaluate, Func<RewriteCandidate, CancellationToken, RewriteCost>? confirm = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(evaluate);
        RewriteOutcome found = new Search(RewriteCandidate.Unchanged(model, shapes), options, evaluate, cancellation).Run();
        return confirm is null ? found : Confirm(found, confirm, cancellation);
    }

    /// <summary>Costs what was found with the full limits where that may show less, and goes back to the original if it then costs no more.</summary>
    private static RewriteOutcome Confirm(
        RewriteOutcome found, Func<RewriteCandidate, CancellationToken, RewriteCost> confirm, CancellationToken cancellation)
    {
        RewriteCost best = Lower(found.Best);
        if (found.Applied.Count == 0)
            return found with { Best = best, Original = best };
        RewriteCost original = found.Original.LowerBoundBytes < best.PeakBytes ? Lower(found.Original) : found.Original;
        if (original.PeakBytes <= best.PeakBytes)
            return new RewriteOutcome(original, original, [], found.Evaluations);
        // What the longer search gained is the last rewrite's, so that the savings still add up.
        AppliedRewrite last = found.Applied[^1];
        long gained = found.Best.PeakBytes - best.PeakBytes - (found.Original.PeakBytes - original.PeakBytes);
        return new RewriteOutcome(best, original, [.. found.Applied.SkipLast(1), last with { SavedBytes = last.SavedBytes + gained }], found.Evaluations);

        RewriteCost Lower(RewriteCost cost)
        {
            if (cost.PeakBytes == cost.LowerBoundBytes)
                return cost;
            RewriteCost full = confirm(cost.Written, cancellation);
            return full.PeakBytes <= cost.PeakBytes ? full : cost;
        }
    }

    private sealed class Search(
        RewriteCandidate source, RewriteOptions options,
        Func<RewriteCandidate, CancellationToken, RewriteCost> evaluate, CancellationToken cancellation)
    {
        private const int SinglesPerRound = 6, LeastEvaluations = 12, RefusedPerEvaluation = 4;

        private readonly RewriteGraph _graph = new(source, options.Executor, options.ModelPath);
        private int _evaluations, _refused;

        // A candidate of a larger graph takes longer to cost, so there are fewer of them.
        private readonly int _limit = Math.Min(options.EvaluationLimit, Math.Max(LeastEvaluations, 16_000 / Math.Max(1, source.Model.Graph.Node.Count)));

        private readonly double _workLimit = options.WorkLimit * RewriteWork.Of(source);

        private bool MayEvaluate => _evaluations < _limit && _refused < RefusedPerEvaluation * _limit;

        public RewriteOutcome Run()
        {
            RewriteCandidate unchanged = _graph.ToCandidate();
            RewriteCost original = Evaluate(unchanged);
            Trial none = new(_graph, [], original);
            if (options.Level == RewriteLevel.None || original.PeakBytes <= options.BudgetBytes)
                return Outcome(none, original);

            Trial best = none;
            foreach (Func<RewriteSite, bool> combination in Combinations())
            {
                if (Try(combination) is { } trial && trial.Cost.PeakBytes + (best == none ? Worth(none) : 1) <= best.Cost.PeakBytes)
                    best = trial;
            }
            if (best != none)
                best = Shrink(FromBelow(none, best));
            Trial higher = Climb(best);
            return Outcome(higher == best ? best : Shrink(higher), original);
        }

        /// <summary>Kinds that may help together or stand in each other's way.</summary>
        private static IEnumerable<Func<RewriteSite, bool>> Combinations() =>
        [
            s => s.Kind is not (ChannelSplit.Kind or CheapRecompute.Kind),
            s => s.Kind is not (ChannelSplit.Kind or CheapRecompute.Kind or DuplicateMerging.Kind),
            s => s.Kind is not (ChannelSplit.Kind or DuplicateMerging.Kind),
            s => s.Kind is not (ChannelSplit.Kind or CheapRecompute.Kind or SumReassociation.Kind or StackedSum.Kind or SumReassociation.AbsorptionKind),
            s => s.Kind is not (ChannelSplit.Kind or CheapRecompute.Kind or SumReassociation.Kind),
            s => s.Kind is SumReassociation.Kind or StackedSum.Kind or SumReassociation.AbsorptionKind,
        ];

        /// <summary>From the unchanged model: only what is live above the peak to reach, until it is reached.</summary>
        private Trial FromBelow(Trial none, Trial best)
        {
            HashSet<string> allowed = [.. best.Sites.Select(s => s.Key)];
            HashSet<string> chosen = new(StringComparer.Ordinal);
            Trial trial = none;
            while (MayEvaluate)
            {
                HashSet<string> live = HotSpots.Live(trial.Cost, best.Cost.PeakBytes);
                int before = chosen.Count;
                foreach (RewriteSite site in RewriteSequence.Sites(trial.Graph, options.Level))
                {
                    if (allowed.Contains(site.Key) && site.Values.Any(live.Contains))
                        chosen.Add(site.Key);
                }
                if (chosen.Count == before)
                    return best;
                if (Try(s => chosen.Contains(s.Key)) is not { } next)
                    return best;
                trial = next;
                if (trial.Cost.PeakBytes <= best.Cost.PeakBytes)
                    return trial.Sites.Count < best.Sites.Count || trial.Cost.PeakBytes < best.Cost.PeakBytes ? trial : best;
            }
            return best;
        }

        /// <summary>Leaves out what is not needed: halves first, then single ones.</summary>
        private Trial Shrink(Trial best)
        {
            for (int size = Math.Max(1, best.Sites.Count / 2); ; size /= 2)
            {
                for (int start = 0; start < best.Sites.Count && MayEvaluate;)
                {
                    HashSet<string> kept = [.. best.Sites.Where((_, i) => i < start || i >= start + size).Select(s => s.Key)];
                    if (Try(s => kept.Contains(s.Key)) is { } trial && trial.Cost.PeakBytes <= best.Cost.PeakBytes)
                        best = trial;
                    else
                        start += size;
                }
                if (size <= 1)
                    return best;
            }
        }

        /// <summary>
        /// Round by round, what touches a value that is live at the peak: all sites of a kind, then single ones. The best step is taken,
        /// as long as one lowers the peak. More slices of a split cost time, so each doubling must pay by a twentieth of the peak, unless
        /// the budget is not met.
        /// </summary>
        private Trial Climb(Trial best)
        {
            while (MayEvaluate && best.Cost.PeakBytes > (options.BudgetBytes ?? -1))
            {
                HashSet<string> live = HotSpots.Live(best.Cost, best.Cost.PeakBytes - 1);
                HashSet<string> taken = [.. best.Sites.Select(s => s.Key)];
                HashSet<string> split = [.. best.Sites.Where(s => s.Kind == ChannelSplit.Kind).Select(s => s.Nodes[0])];
                RewriteSite[] hot =
                [
                    .. new ChannelSplit().Match(_graph).Where(s => !split.Contains(s.Nodes[0])),
                    .. RewriteSequence.Sites(best.Graph, options.Level).Where(s => s.Kind != ChannelSplit.Kind),
                ];
                hot = [.. hot.Where(s => RewriteSequence.Allowed(s, options.Level) && !taken.Contains(s.Key) && s.Values.Any(live.Contains))];
                List<RewriteSite[]> steps = [.. hot.GroupBy(s => (s.Kind, Slices(s))).Select(g => g.ToArray())];
                if (hot.Length > steps.Count)
                    steps.AddRange(hot.Where(s => s.Kind != ChannelSplit.Kind).Take(SinglesPerRound).Select(s => new[] { s }));

                Trial round = best;
                for (int i = 0; i < steps.Count && MayEvaluate; i++)
                {
                    RewriteSite[] step = steps[i];
                    HashSet<string> wanted = [.. taken, .. step.Select(s => s.Key)];
                    if (Try(s => wanted.Contains(s.Key)) is not { } trial)
                    {
                        // All of them cost too much time; one of them may not.
                        if (step.Length > 1 && step[0].Kind == ChannelSplit.Kind)
                            steps.AddRange(step.Take(SinglesPerRound).Select(s => new[] { s }));
                        continue;
                    }
                    bool over = options.BudgetBytes is { } budget && round.Cost.PeakBytes > budget;
                    long needed = over || round == best || Slices(step[0]).Length == 0 ? Worth(best) : round.Cost.PeakBytes / 20;
                    if (trial.Cost.PeakBytes + needed <= round.Cost.PeakBytes)
                        round = trial;
                }
                if (round == best)
                    return best;
                best = round;
            }
            return best;
        }

        /// <summary>How many slices a split makes, or "" for another rewrite.</summary>
        private static string Slices(RewriteSite site) => site.Kind == ChannelSplit.Kind ? site.Detail : "";

        /// <summary>What a set of rewrites must save at least: a thousandth of the peak. Less is not worth a changed graph.</summary>
        private static long Worth(Trial trial) => Math.Max(1, trial.Cost.PeakBytes / 1000);

        /// <summary>Applies what is wanted and costs it; null, and nothing costed, where a run of it would take too long, or ONNX Runtime would change it.</summary>
        private Trial? Try(Func<RewriteSite, bool> wanted)
        {
            RewriteGraph graph = _graph.Copy();
            List<RewriteSite> sites = RewriteSequence.Apply(graph, options.Level, wanted);
            RewriteCandidate candidate = graph.ToCandidate();
            bool kept = options.Executor != Executor.OnnxRuntime || !SharedDequantize.Any(candidate.Model.Graph);
            if (kept && RewriteWork.Of(candidate) <= _workLimit)
                return new Trial(graph, sites, Evaluate(candidate));
            _refused++;
            return null;
        }

        private RewriteCost Evaluate(RewriteCandidate candidate)
        {
            cancellation.ThrowIfCancellationRequested();
            _evaluations++;
            return evaluate(candidate, cancellation);
        }

        private RewriteOutcome Outcome(Trial best, RewriteCost original)
        {
            List<AppliedRewrite> applied = [];
            long peak = original.PeakBytes;
            for (int i = 0; i < best.Sites.Count; i++)
            {
                // What each saves, in the order applied; where that would cost too many evaluations, the last one gets what is left.
                long now = best.Cost.PeakBytes;
                if (i < best.Sites.Count - 1)
                {
                    HashSet<string> first = [.. best.Sites.Take(i + 1).Select(s => s.Key)];
                    now = MayEvaluate && Try(s => first.Contains(s.Key)) is { } part ? part.Cost.PeakBytes : peak;
                }
                RewriteSite site = best.Sites[i];
                applied.Add(new AppliedRewrite(site.Kind, site.Nodes, site.IsExact, peak - now));
                peak = now;
            }
            return new RewriteOutcome(best.Cost, original, applied, _evaluations);
        }
    }

    private sealed record Trial(RewriteGraph Graph, IReadOnlyList<RewriteSite> Sites, RewriteCost Cost);
}
