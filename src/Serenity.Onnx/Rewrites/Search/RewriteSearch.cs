using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Search;

/// <summary>Finds the set of rewrites with the lowest peak, and among those a smallest.</summary>
/// <remarks>
/// First everything at once, in a few combinations of kinds: that gives the peak to reach. Then from the unchanged model up, only what
/// touches a value that is live above that peak, until it is reached. Then each is tried without: what is not needed goes. Then, as long
/// as the peak falls, what touches a value live at the peak, splits included, and again what is not needed goes. So a rewrite stays only
/// if the peak is higher without it. A set that makes a run take too long (<see cref="Operators.Time.KernelTime"/>) is never taken.
/// </remarks>
internal static class RewriteSearch
{
    /// <summary>Searches.</summary>
    /// <param name="model">The source model; not changed.</param>
    /// <param name="shapes">Types of its values.</param>
    /// <param name="options">What may be done.</param>
    /// <param name="costs">What a candidate costs.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public static RewriteOutcome Run(
        ModelProto model, ShapeTable shapes, RewriteOptions options, ICandidateCosts costs, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        return Run(RewriteCandidate.Unchanged(model, shapes), options, costs, cancellation);
    }

    /// <summary>Searches from a candidate without rewrites; not changed.</summary>
    /// <inheritdoc cref="Run(ModelProto, ShapeTable, RewriteOptions, ICandidateCosts, CancellationToken)"/>
    public static RewriteOutcome Run(RewriteCandidate source, RewriteOptions options, ICandidateCosts costs, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(costs);
        RewriteTrials trials = new(source, options, costs, cancellation);
        return options.Restriction.Only is { } only ? trials.Outcome(trials.Try(new AppliedSites(only)) ?? trials.Source)
            : Confirm(new Search(trials).Run(), costs, cancellation);
    }

    /// <summary>What a set of rewrites must save at least: a thousandth of the peak. Less is not worth a changed graph.</summary>
    internal static long Worth(long peakBytes) => Math.Max(1, peakBytes / 1000);

    /// <summary>Costs what was found with the full limits where that may show less, and goes back to the original if it then costs no more.</summary>
    private static RewriteOutcome Confirm(RewriteOutcome found, ICandidateCosts costs, CancellationToken cancellation)
    {
        RewriteCost best = Lower(found.Best);
        if (found.Applied.Count == 0)
            return found with { Best = best, Original = best };
        RewriteCost original = found.Original.LowerBoundBytes < best.PeakBytes ? Lower(found.Original) : found.Original;
        if (original.PeakBytes <= best.PeakBytes)
            return new RewriteOutcome(original, original, [], found.Evaluations, found.Work with { Ratio = 1 });
        // What the longer search gained is the last rewrite's, so that the savings still add up.
        AppliedRewrite last = found.Applied[^1];
        long gained = found.Best.PeakBytes - best.PeakBytes - (found.Original.PeakBytes - original.PeakBytes);
        return found with { Best = best, Original = original, Applied = [.. found.Applied.SkipLast(1), last with { SavedBytes = last.SavedBytes + gained }] };

        RewriteCost Lower(RewriteCost cost)
        {
            if (cost.PeakBytes == cost.LowerBoundBytes)
                return cost;
            RewriteCost full = costs.Find(cost.Written, CostEffort.Full, cancellation);
            return full.PeakBytes <= cost.PeakBytes ? full : cost;
        }
    }

    private sealed class Search(RewriteTrials trials)
    {
        private const int SinglesPerRound = 16, Few = 12;

        private readonly RewriteOptions _options = trials.Options;

        /// <summary>They are tried in the source's graph alone, which stays what it is.</summary>
        private readonly Lazy<RewriteSite[]> _withParameter = new(() => [.. RewriteSequence.WithParameter(trials.Source.Graph)]);

        public RewriteOutcome Run()
        {
            RewriteTrial best = _options.Level == RewriteLevel.None ? trials.Source : Best();
            bool rewritten = best != trials.Source;
            trials.SettleSource(best);
            return trials.Outcome(rewritten && best.PeakBytes <= trials.Source.PeakBytes - Worth(trials.Source) ? best : trials.Source);
        }

        private RewriteTrial Best()
        {
            RewriteTrial none = trials.Source, best = none;
            foreach (KindChoice combination in RewriteCombinations.Of(RewriteSequence.Descriptions))
                best = trials.Try(combination, best.PeakBytes - (best == none ? Worth(none) : 1)) ?? best;
            if (best != none)
                best = Shrink(FromBelow(none, best));
            while (Climb(best) is var higher && higher != best)
                best = Shrink(higher);
            return best;
        }

        /// <summary>From the unchanged model: only what is live above the peak to reach, until it is reached.</summary>
        private RewriteTrial FromBelow(RewriteTrial none, RewriteTrial best)
        {
            SiteSet allowed = new(best.Sites), chosen = new();
            RewriteTrial trial = none;
            while (trials.MayTry)
            {
                HashSet<string> live = HotSpots.Live(trial.Cost, best.PeakBytes);
                int before = chosen.Count;
                foreach (RewriteSite site in RewriteSequence.Sites(trial.Graph, _options.Level, allowed))
                {
                    if (site.Values.Any(live.Contains))
                        chosen.Add(site);
                }
                if (chosen.Count == before)
                    return best;
                if (trials.Try(chosen) is not { } next)
                    return best;
                trial = next;
                if (trial.PeakBytes <= best.PeakBytes)
                    return trial.Sites.Count < best.Sites.Count || trial.PeakBytes < best.PeakBytes ? trial : best;
            }
            return best;
        }

        /// <summary>Leaves out what is not needed: halves first where there are many, then single ones.</summary>
        private RewriteTrial Shrink(RewriteTrial best)
        {
            long goal = best.PeakBytes;
            for (int size = best.Sites.Count > Few ? best.Sites.Count / 2 : 1; ; size /= 2)
            {
                for (int start = 0; start < best.Sites.Count && trials.MayTry;)
                {
                    SiteSet kept = new(best.Sites.Where((_, i) => i < start || i >= start + size));
                    if (trials.TryReach(kept, goal) is { } trial)
                        best = trial;
                    else
                        start += size;
                }
                if (size <= 1)
                    return trials.Least(best);
            }
        }

        /// <summary>
        /// Round by round, what touches a value that is live at the peak: all sites of a kind, then single ones. The best step is taken,
        /// as long as one lowers the peak. A larger parameter (more slices of a split) costs time, so each doubling must pay by a twentieth of the peak.
        /// </summary>
        private RewriteTrial Climb(RewriteTrial best)
        {
            while (trials.MayTry)
            {
                HashSet<string> live = HotSpots.Live(best.Cost, best.PeakBytes - 1);
                SiteSet taken = new(best.Sites);
                HashSet<string> settled = [.. best.Sites.Where(HasParameter).Select(s => s.Nodes[0])];
                RewriteSite[] hot =
                [
                    .. _withParameter.Value.Where(s => !settled.Contains(s.Nodes[0])),
                    .. RewriteSequence.Sites(best.Graph, _options.Level, new KindChoice(kind => !RewriteSequence.Of(kind).HasParameter)),
                ];
                hot = [.. hot.Where(s => RewriteSequence.Allowed(trials.Source.Graph, s, _options.Level) && !taken.Wants(s) && s.Values.Any(live.Contains))];
                List<RewriteSite[]> steps = [.. hot.GroupBy(s => (s.Kind, Parameter(s))).Select(g => g.ToArray())];
                // Sums gain together what none of them gains alone.
                RewriteSite[] together = [.. hot.Where(s => !RewriteSequence.Of(s.Kind).RepeatsWork)];
                if (together.Select(s => s.Kind).Distinct().Count() > 1)
                    steps.Add(together);
                if (hot.Length > steps.Count)
                    steps.AddRange(hot.Where(s => !HasParameter(s)).Take(SinglesPerRound).Select(s => new[] { s }));

                RewriteTrial round = best;
                for (int i = 0; i < steps.Count && trials.MayTry; i++)
                {
                    RewriteSite[] step = steps[i];
                    SiteSet wanted = new(best.Sites.Concat(step));
                    long needed = round == best || Parameter(step[0]).Length == 0 ? Worth(best) : round.PeakBytes / 20;
                    round = trials.Try(wanted, round.PeakBytes - needed) ?? round;
                    // All of them cost too much time; one of them may not.
                    if (trials.WasRefused && step.Length > 1 && HasParameter(step[0]))
                        steps.AddRange(step.Take(SinglesPerRound).Select(s => new[] { s }));
                }
                if (round == best)
                    return best;
                best = round;
            }
            return best;
        }

        private static bool HasParameter(RewriteSite site) => RewriteSequence.Of(site.Kind).HasParameter;

        /// <summary>The number in which a site differs from others at its node, or "".</summary>
        private static string Parameter(RewriteSite site) => HasParameter(site) ? site.Detail : "";

        private static long Worth(RewriteTrial trial) => RewriteSearch.Worth(trial.PeakBytes);
    }
}
