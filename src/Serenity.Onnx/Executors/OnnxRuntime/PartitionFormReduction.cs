using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>Cuts a form of a model with regions that end where those of another do.</summary>
/// <param name="form">The form.</param>
/// <param name="like">The other in pieces.</param>
/// <param name="reach">True to come as low as that one, and not lower.</param>
/// <returns>Null where no such region lowers the peak, or not as far as that.</returns>
internal delegate PartitionedModel? LikeCut(PartitionForm form, PartitionedModel like, bool reach);

/// <summary>
/// Leaves out the rewrites that a model in pieces does not need: without them the same regions in pieces bring it as low, within the limit of time. As in the search for the whole
/// (<see cref="RewriteSearch"/>), first from below: only what touches a value that is live above the peak to reach. Then it is tried without some, halves first where there are many, then single ones.
/// </summary>
/// <param name="source">Carries sets of rewrites out.</param>
/// <param name="cut">Cuts what comes of them.</param>
/// <param name="indexed">A model in indices.</param>
internal sealed class PartitionFormReduction(PartitionFormSource source, LikeCut cut, Func<PartitionForm, PartitionGraph> indexed)
{
    /// <summary>How many sets are cut at most, and how many nodes these have together.</summary>
    private const int MostSets = 12, LeastSets = 4, NodesInAllSets = 4_000;

    /// <summary>Of so many rewrites, what each saved is found out.</summary>
    private const int MostTold = 8;

    /// <summary>So many rewrites are left out one by one.</summary>
    private const int Few = 12;

    private readonly HashSet<string> _missed = new(StringComparer.Ordinal);
    private int _left = Math.Clamp(NodesInAllSets / Math.Max(1, source.Nodes), LeastSets, MostSets);

    /// <summary>A set of rewrites with the pieces that it was cut to.</summary>
    /// <param name="Form">The form, with what each rewrite saved.</param>
    /// <param name="Cut">Its pieces.</param>
    /// <param name="Sites">The rewrites, in the order applied.</param>
    public sealed record Reduced(PartitionForm Form, PartitionedModel Cut, IReadOnlyList<RewriteSite> Sites);

    /// <summary>Leaves out what is not needed.</summary>
    /// <param name="form">The form that is taken.</param>
    /// <param name="goal">What it was cut to: the peak to reach.</param>
    /// <param name="none">The model without rewrites.</param>
    /// <param name="peak">Its peak as a whole.</param>
    /// <param name="before">What was needed for another peak: no other set is tried then; null for none.</param>
    /// <returns>Null where the form stays as it is told already.</returns>
    public Reduced? Run(PartitionForm form, PartitionedModel goal, PartitionForm none, long peak, IReadOnlyList<RewriteSite>? before)
    {
        if (source.Apply(new AppliedSites(form.Applied)) is not { } all || all.Sites.Count != form.Applied.Count)
            return null;
        if (before is not { Count: > 0 } && Reach(none, [], goal) is { } whole)
            return whole;
        PartitionedModel? pieces = cut(none, goal, false);
        if (before is not null)
            return Told(before.Count > 0 && Reach([.. before], goal) is { } again ? again : new Reduced(form, goal, all.Sites), goal, pieces?.PeakBytes ?? peak, peak);
        HashSet<string> live = Live(pieces is null ? none : new PartitionForm(pieces.Model, pieces.Shapes, pieces.Order, 1, []), pieces, goal);
        RewriteSite[] touched = [.. all.Sites.Where(site => site.Values.Any(live.Contains))];
        Reduced best = touched.Length < all.Sites.Count && touched.Length > 0 && Reach(touched, goal) is { } few ? few : new Reduced(form, goal, all.Sites);
        for (int size = best.Sites.Count > Few ? best.Sites.Count / 2 : 1; size > 0; size /= 2)
        {
            for (int start = 0; start < best.Sites.Count && best.Sites.Count > size && _left > 0;)
            {
                RewriteSite[] kept = [.. best.Sites.Where((_, i) => i < start || i >= start + size)];
                if (Reach(kept, goal) is { } fewer)
                    best = fewer;
                else
                    start += size;
            }
        }
        return best.Sites.Count == all.Sites.Count && form.Applied.SkipLast(1).Any(a => a.SavedBytes > 0) ? null : Told(best, goal, pieces?.PeakBytes ?? peak, peak);
    }

    /// <summary>Values that are live where a model needs more than the peak to reach; of pieces, what they are pieces of.</summary>
    private HashSet<string> Live(PartitionForm form, PartitionedModel? pieces, PartitionedModel goal)
    {
        PartitionGraph graph = indexed(form);
        LiveBytes bytes = new(graph);
        long[] above = [.. graph.Nodes.Select((_, p) => Math.Max(bytes.During[p] - goal.PeakBytes, bytes.Required[p] - goal.RequiredBytes))];
        RewriteCost cost = new(RewriteCandidate.Unchanged(form.Model, form.Shapes), above.Max(), 0, new NodeOrder(graph.Nodes), above);
        return [.. HotSpots.Live(cost, 0).Select(value => pieces?.Origins.GetValueOrDefault(value) ?? value)];
    }

    private Reduced? Reach(RewriteSite[] kept, PartitionedModel goal)
    {
        if (source.Apply(new SiteSet(kept)) is not { } set || !_missed.Add(set.Key))
            return null;
        return source.TryForm(set) is var (form, _) ? Reach(form, set.Sites, goal) : null;
    }

    private Reduced? Reach(PartitionForm form, IReadOnlyList<RewriteSite> sites, PartitionedModel goal)
    {
        _left--;
        return cut(form, goal, true) is { } pieces && pieces.PeakBytes <= goal.PeakBytes && pieces.RequiredBytes <= goal.RequiredBytes ? new Reduced(form, pieces, sites) : null;
    }

    /// <summary>
    /// With what each saved, the regions in pieces as far as they go, and what time it added, in the order applied. What none of them saves alone is the last one's; so is what is left where they are
    /// many.
    /// </summary>
    private Reduced Told(Reduced best, PartitionedModel goal, long without, long peak)
    {
        List<AppliedRewrite> applied = [];
        long before = Math.Clamp(without, best.Cut.PeakBytes, peak);
        double time = 1;
        for (int i = 0; i < best.Sites.Count; i++)
        {
            (long now, double after) = (best.Cut.PeakBytes, best.Form.Ratio);
            if (i < best.Sites.Count - 1)
            {
                (now, after) = (before, time);
                if (i < MostTold && source.Apply(new SiteSet(best.Sites.Take(i + 1))) is { } part && source.TryForm(part) is var (form, whole))
                    (now, after) = (Math.Clamp(cut(form, goal, false)?.PeakBytes ?? whole, best.Cut.PeakBytes, before), form.Ratio);
            }
            applied.Add(PartitionForm.Told(best.Sites[i], before - now, Math.Round(after - time, 3)));
            (before, time) = (now, after);
        }
        return best with { Form = best.Form with { Applied = applied } };
    }
}
