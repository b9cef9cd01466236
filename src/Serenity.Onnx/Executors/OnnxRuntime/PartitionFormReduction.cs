using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Schema;

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
    private const int MostTold = 4;

    /// <summary>So many rewrites are left out one by one.</summary>
    private const int Few = 12;

    private readonly HashSet<string> _missed = new(StringComparer.Ordinal);
    private IReadOnlyList<RewriteSite> _all = [];
    private long? _without;
    private int _left = Math.Clamp(NodesInAllSets / Math.Max(1, source.Unchanged.Model.Graph.Node.Count), LeastSets, MostSets);

    /// <summary>A set of rewrites with the pieces that it was cut to.</summary>
    /// <param name="Form">The form.</param>
    /// <param name="Cut">Its pieces.</param>
    /// <param name="Sites">The rewrites, in the order applied.</param>
    /// <param name="All">Those that there were.</param>
    public sealed record Reduced(PartitionForm Form, PartitionedModel Cut, IReadOnlyList<RewriteSite> Sites, IReadOnlyList<RewriteSite> All);

    /// <summary>Leaves out what is not needed.</summary>
    /// <param name="form">The form that is taken.</param>
    /// <param name="goal">What it was cut to: the peak to reach.</param>
    /// <param name="none">The model without rewrites.</param>
    /// <returns>Null where its rewrites cannot be carried out again.</returns>
    public Reduced? Run(PartitionForm form, PartitionedModel goal, PartitionForm none)
    {
        if (source.Apply(new AppliedSites(form.Applied)) is not { } all || all.Sites.Count != form.Applied.Count)
            return null;
        _all = all.Sites;
        if (Reach(none, [], goal) is { } whole)
            return whole;
        PartitionedModel? pieces = cut(none, goal, false);
        _without = pieces?.PeakBytes;
        HashSet<string> live = Live(pieces is null ? none : new PartitionForm(pieces.Model, pieces.Shapes, pieces.Order, 1, []), pieces, goal);
        RewriteSite[] touched = [.. all.Sites.Where(site => site.Values.Any(live.Contains))];
        Reduced best = touched.Length < all.Sites.Count && touched.Length > 0 && Reach(touched, goal) is { } few ? few : new Reduced(form, goal, all.Sites, all.Sites);
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
        return best;
    }

    /// <summary>Values that are live where a model needs more than the peak to reach; of pieces, what they are pieces of.</summary>
    private HashSet<string> Live(PartitionForm form, PartitionedModel? pieces, PartitionedModel goal)
    {
        PartitionGraph graph = indexed(form);
        LiveBytes bytes = new(graph);
        NodeProto[] nodes = [.. graph.Nodes.SelectMany((node, p) => graph.Own[p].Append(node))];
        long[] above = [.. graph.Nodes.SelectMany((_, p) => Enumerable.Repeat(Math.Max(bytes.During[p] - goal.PeakBytes, bytes.Required[p] - goal.RequiredBytes), 1 + graph.Own[p].Length))];
        RewriteCost cost = new(RewriteCandidate.Unchanged(form.Model, form.Shapes), above.Max(), 0, new NodeOrder(nodes), above);
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
        return cut(form, goal, true) is { } pieces && pieces.PeakBytes <= goal.PeakBytes && pieces.RequiredBytes <= goal.RequiredBytes ? new Reduced(form, pieces, sites, _all) : null;
    }

    /// <summary>
    /// The form with what each of its rewrites saved, the regions in pieces as far as they go, and what time it added, in the order applied. What none of them saves alone is the last one's; so is
    /// what is left where they are many.
    /// </summary>
    /// <param name="reduced">What is taken of <see cref="Run"/>.</param>
    /// <param name="goal">The pieces.</param>
    /// <param name="peak">Peak of the model without rewrites, as a whole.</param>
    public PartitionForm Told(Reduced reduced, PartitionedModel goal, long peak)
    {
        // What lowered the peak of the whole is told already.
        if (reduced.Sites.Count == reduced.All.Count && reduced.Form.Applied.SkipLast(1).Any(a => a.SavedBytes > 0))
            return reduced.Form;
        List<AppliedRewrite> applied = [];
        long before = Math.Clamp(_without ?? peak, reduced.Cut.PeakBytes, Math.Max(peak, reduced.Cut.PeakBytes));
        double time = 1;
        for (int i = 0; i < reduced.Sites.Count; i++)
        {
            (long now, double after) = (reduced.Cut.PeakBytes, reduced.Form.Ratio);
            if (i < reduced.Sites.Count - 1)
            {
                (now, after) = (before, time);
                if (i < MostTold && source.Apply(new SiteSet(reduced.Sites.Take(i + 1))) is { } part && source.TryForm(part) is var (form, whole))
                    (now, after) = (Math.Clamp(cut(form, goal, false)?.PeakBytes ?? whole, reduced.Cut.PeakBytes, before), form.Ratio);
            }
            applied.Add(PartitionForm.Told(reduced.Sites[i], before - now, Math.Round(after - time, 3)));
            (before, time) = (now, after);
        }
        return reduced.Form with { Applied = applied };
    }
}
