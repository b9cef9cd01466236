using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>
/// The plan with regions in pieces, where that lowers the peak: of the rewritten model, of the model before the other rewrites, which may stand in its way, or of the model after those that pay
/// in pieces.
/// </summary>
internal sealed class PartitionFormSearch
{
    /// <summary>How often pieces are chosen anew for what it takes to hold their order.</summary>
    private const int MostAttempts = 3;

    /// <summary>Time that pieces chosen anew have to do without at least, as a part of the unchanged model's: with less, the same ones would be chosen.</summary>
    private const double LeastReserve = 0.01;

    /// <summary>By how much the nodes that hold the order may bring predicted time over the limit, as a part of what the limit adds: less than predictions are off by.</summary>
    private const double MostOver = 0.05;

    /// <summary>States of the search for an order while it is open which form is taken, and for the one that is taken: half a second of processor time, of which what was found took a half.</summary>
    private const long StatesToChoose = 50_000, StatesToTake = 200_000;

    private readonly PlanningTask _task;
    private readonly OnnxRuntimeSearch _planner;
    private readonly OnnxRuntimeExecutorPlan _whole;
    private readonly PartitionFormSource _source;
    private readonly RewriteTechniques _techniques;
    private readonly OnnxRuntimeSharing _sharing;
    private readonly PartitionForm _settled, _none;
    private readonly double _work, _limit, _wholeTime;
    private readonly long _wholeRequired, _originalPeak;
    private readonly List<(PartitionForm Form, PartitionedModel Cut)> _cuts = [];
    private readonly List<PartitionForm> _passedOver = [];
    private bool _isLimited;

    /// <summary>Prepares the search.</summary>
    /// <param name="task">The model.</param>
    /// <param name="planner">Plans what is cut.</param>
    /// <param name="whole">The plan without pieces, which is to be beaten.</param>
    /// <param name="source">The model without rewrites, and sets of rewrites carried out on it.</param>
    /// <param name="rewritten">What that plan was made of.</param>
    /// <param name="original">What the model costs without rewrites.</param>
    /// <param name="techniques">What may be used to be fast.</param>
    public PartitionFormSearch(
        PlanningTask task, OnnxRuntimeSearch planner, OnnxRuntimeExecutorPlan whole, PartitionFormSource source, RewriteCandidate rewritten, RewriteCost original, RewriteTechniques techniques)
    {
        (_task, _planner, _whole, _source, _techniques) = (task, planner, whole, source, techniques);
        _sharing = new OnnxRuntimeSharing(TargetKernels.Of(task.Request.Targets));
        (_work, _limit, _isLimited) = (source.Unchanged.PredictedNanoseconds, TimeLimit.OfPieces(whole.Work.Ratio, task.Request.WorkLimit), whole.Work.Limited);
        _settled = new PartitionForm(AccumulationChain.Settle(rewritten), whole.Shapes, [.. whole.Plan.Schedule], whole.Work.Ratio, whole.Rewrites);
        _none = whole.Rewrites.Count > 0 ? new PartitionForm(source.Unchanged.Model, source.Unchanged.Shapes, [.. original.Order.Names], 1, []) : _settled;
        _wholeTime = Time(_settled.Model, whole.Shapes, whole.Plan);
        _wholeRequired = planner.Required(whole.Plan, whole.Shapes);
        _originalPeak = original.PeakBytes;
    }

    /// <summary>Over a range of sizes each set of rewrites would have to be costed at all of them.</summary>
    private bool HasRange => _source.Unchanged.Shapes.Formulas is not null;

    /// <summary>The plan; the one without pieces where they lower nothing.</summary>
    public OnnxRuntimeExecutorPlan Run()
    {
        TryForm(_settled, long.MaxValue);
        bool mayBeCut = _cuts.Count > 0;
        if (_none != _settled)
        {
            TryForm(_none, _wholeRequired);
            mayBeCut = _cuts.Count > 0 || MayBeCut(_none);
        }
        // Where neither can be cut, the others are not worth their time.
        if (mayBeCut && !HasRange)
        {
            foreach (PartitionForm form in PartitionForm.Rewritten(_source, _originalPeak, _whole.Rewrites))
                TryForm(form, _wholeRequired);
        }
        PartitionPlan? best = null;
        foreach ((PartitionForm form, PartitionedModel cut) in _cuts.OrderBy(c => c.Cut.RequiredBytes).ThenBy(c => c.Cut.PeakBytes))
            best = Planned(form, cut, best) ?? best;
        foreach (PartitionForm form in _passedOver)
        {
            if (best is null && Cut(form, 0, _wholeRequired) is { } cut)
                best = Planned(form, cut, best);
        }
        OnnxRuntimeExecutorPlan plan = best is null ? _whole : Made(InFull(WithoutNeedless(best)));
        // Lengths of pieces rise and fall. Of a peak that is not proven over the range nothing can be promised, and there is one without pieces.
        if (plan.Shapes.Formulas is { } formulas && plan.StepFormulas is { Count: > 0 } steps && SizeMaximum.Find(steps, formulas.Space) is null)
            plan = _whole;
        return plan with { Work = plan.Work with { Limited = _isLimited } };
    }

    /// <summary>The plan with regions in pieces as they are stated.</summary>
    /// <param name="regions">The regions, of the rewritten model.</param>
    /// <returns>Null where they cannot be had.</returns>
    public OnnxRuntimeExecutorPlan? Carry(IReadOnlyList<PieceChoice> regions)
    {
        PartitionGraph graph = new(_settled.Model, _settled.Shapes, _settled.Order, PathOfModel, _sharing, _task.Request.Threads)
        {
            CutsOpen = true,
            KeptWhole = CarriedPieces.Others(regions, _settled.Model.Graph.Node.Select(n => n.Name)),
        };
        return CarriedPieces.TryCut(graph, regions) is { } cut && TryPlan(_settled, cut, 0) is { } planned ? Made(planned) : null;
    }

    /// <summary>A form in pieces, planned.</summary>
    /// <param name="Form">The form.</param>
    /// <param name="Cut">Its pieces.</param>
    /// <param name="Plan">The plan.</param>
    /// <param name="RequiredBytes">Its peak with the scratch of kernels.</param>
    /// <param name="Ratio">Its predicted time, as a multiple of the unchanged model's.</param>
    /// <param name="Reserve">Time that pieces had to do without.</param>
    /// <param name="States">States that the search for its order might take.</param>
    private sealed record PartitionPlan(PartitionForm Form, PartitionedModel Cut, OnnxRuntimePlan Plan, long RequiredBytes, double Ratio, double Reserve, long States)
    {
        /// <summary>True if its order may be found lower.</summary>
        public bool IsOpen => Plan.LivePeak > Plan.LowerBound;
    }

    /// <summary>Cuts a form. What does not come as low as a form before is of use only where that cannot be planned.</summary>
    private void TryForm(PartitionForm form, long wanted)
    {
        long bound = SearchOf(form).Bound.Bytes;
        foreach ((_, PartitionedModel cut) in _cuts)
        {
            wanted = Math.Min(wanted, cut.RequiredAtFirst);
            // No pieces of this one come lower.
            if (cut.PeakBytes <= bound && cut.RequiredBytes <= bound)
                wanted = 0;
        }
        if (wanted > 0 && Cut(form, 0, wanted) is { } found)
            _cuts.Add((form, found));
        else if (_cuts.Count > 0)
            _passedOver.Add(form);
    }

    private PartitionedModel? Cut(PartitionForm form, double reserve, long wanted = long.MaxValue)
    {
        PartitionedModel? cut = ModelPartition.TryCut(SearchOf(form), PathOfModel, Left(form, reserve), wanted, _techniques, out bool limited, _task.Cancellation);
        _isLimited |= limited;
        return cut;
    }

    private bool MayBeCut(PartitionForm form) => Left(form, 0) is > 0 and var left && SearchOf(form).MayLower(left);

    private PartitionSearch SearchOf(PartitionForm form) =>
        form.Search ??= ModelPartition.Begin(form.Model, form.Shapes, form.Order, PathOfModel, _sharing, _task.Request.Threads, _source.KeptWhole, _techniques, _task.Cancellation);

    private string PathOfModel => _task.Source.File.Path;

    /// <summary>Predicted time that pieces of a form may add.</summary>
    private double Left(PartitionForm form, double reserve) => _work * (_limit - form.Ratio - reserve);

    /// <summary>The plan of a form in pieces, if it is better than the best so far.</summary>
    /// <remarks>Nodes that hold the order and hide shapes take time too; how many there are shows once a plan is pinned. What is beyond the limit then, pieces have to do without.</remarks>
    private PartitionPlan? Planned(PartitionForm form, PartitionedModel? cut, PartitionPlan? best)
    {
        double reserve = 0;
        for (int attempt = 0; attempt < MostAttempts && cut is not null; attempt++)
        {
            if (!Pays(cut.PeakBytes, cut.RequiredBytes, best) || TryPlan(form, cut, reserve) is not { } planned || !Pays(planned.Plan.SimulatedPeak, planned.RequiredBytes, best))
                return null;
            double over = planned.Ratio - _limit;
            if (IsInTime(planned))
                return planned;
            _isLimited = true;
            reserve += Math.Max(over, LeastReserve);
            // Over a range more is added that shows only then, and pieces that take less time than is left would be chosen again.
            if (HasRange)
                reserve = Math.Max(reserve, Math.Min(over, LeastReserve) + _limit - form.Ratio - (cut.Added / _work));
            cut = Cut(form, reserve);
        }
        return null;
    }

    /// <summary>Plans pieces; null for what ONNX Runtime changes as it loads a model: that would not be what was planned.</summary>
    private PartitionPlan? TryPlan(PartitionForm form, PartitionedModel cut, double reserve, long states = StatesToChoose)
    {
        if (!_source.Costs.IsKept(RewriteCandidate.Unchanged(cut.Model, cut.Shapes)))
            return null;
        OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(cut.Model, cut.Shapes, _planner.PieceOptions(_source.Costs.Full, states) with { First = cut.Order }, cancellation: _task.Cancellation);
        double ratio = _whole.Work.Ratio + ((Time(cut.Model, cut.Shapes, plan) - _wholeTime) / _work);
        return new PartitionPlan(form, cut, plan, _planner.Required(plan, cut.Shapes), ratio, reserve, states);
    }

    private bool IsInTime(PartitionPlan planned) => planned.Ratio - _limit <= MostOver * (_task.Request.WorkLimit - 1);

    // Neither live bytes nor those with scratch may rise, and one of them must fall by what is worth it.
    private bool Pays(long peak, long required, PartitionPlan? best)
    {
        long most = best?.Plan.SimulatedPeak ?? _whole.Plan.SimulatedPeak, mostRequired = best?.RequiredBytes ?? _wholeRequired;
        return peak <= most && required <= mostRequired && (peak <= most - RewriteSearch.Worth(most) || required <= mostRequired - RewriteSearch.Worth(mostRequired));
    }

    /// <summary>The same without rewrites that its pieces do not need, if that plan is as low: asked of the plan that is taken alone.</summary>
    private PartitionPlan WithoutNeedless(PartitionPlan best)
    {
        if (best.Form.Applied.Count == 0 || HasRange)
            return best;
        PartitionFormReduction reduction = new(
            _source, (form, like, reach) => ModelPartition.TryCutLike(Indexed(form), like, reach, PathOfModel, Left(form, best.Reserve), _techniques, _task.Cancellation), Indexed);
        if (reduction.Run(best.Form, best.Cut, _none) is not { } fewer)
            return best;
        if (fewer.Sites.Count < best.Form.Applied.Count)
        {
            // Where that is left to do, its order is searched in full at once.
            PartitionPlan? less = TryPlan(fewer.Form, fewer.Cut, best.Reserve, best.IsOpen ? StatesToTake : StatesToChoose);
            if (less is null || less.Plan.SimulatedPeak > best.Plan.SimulatedPeak || less.RequiredBytes > best.RequiredBytes || !IsInTime(less))
                fewer = new PartitionFormReduction.Reduced(best.Form, best.Cut, fewer.All, fewer.All);
            else
                best = less;
        }
        return best with { Form = reduction.Told(fewer, best.Cut, _originalPeak) };

        PartitionGraph Indexed(PartitionForm form) => new(form.Model, form.Shapes, form.Order, PathOfModel, _sharing) { CutsOpen = true, KeptWhole = _source.KeptWhole };
    }

    /// <summary>The plan that is taken, searched further where its order is not proven.</summary>
    private PartitionPlan InFull(PartitionPlan best) =>
        best.IsOpen && best.States < StatesToTake && TryPlan(best.Form, best.Cut, best.Reserve, StatesToTake) is { } full
            && full.Plan.SimulatedPeak <= best.Plan.SimulatedPeak && full.RequiredBytes <= best.RequiredBytes && IsInTime(full) ? full : best;

    private OnnxRuntimeExecutorPlan Made(PartitionPlan best)
    {
        long left = _whole.Plan.SimulatedPeak + _whole.Rewrites.Sum(r => r.SavedBytes) - best.Plan.SimulatedPeak;
        AppliedRewrite[] before = [.. best.Form.Applied.Select(Share)];
        double ratio = Math.Round(best.Ratio, 3), time = ratio - 1 - before.Sum(r => r.AddedTime ?? 0);
        AppliedRewrite[] pieces = [.. best.Cut.Regions.Select((region, i) => Told(region, i == best.Cut.Regions.Count - 1))];
        return _planner.Made(best.Plan, best.Cut.Shapes, _whole.Start, [.. before, .. pieces], _whole.Work with { Ratio = ratio }) with { Whole = _whole };

        AppliedRewrite Share(AppliedRewrite rewrite)
        {
            long its = Math.Min(rewrite.SavedBytes, left);
            left -= its;
            return rewrite with { SavedBytes = its };
        }

        // What ONNX Runtime holds for later tensors is the last one's, and so is the time of the nodes that hold the order of all pieces.
        AppliedRewrite Told(PartitionedRegion region, bool last)
        {
            long its = last ? left : Math.Clamp(region.SavedBytes, 0, Math.Max(0, left));
            left -= its;
            double added = Math.Round(last ? time : region.Added / _work, 3);
            time -= added;
            return new AppliedRewrite(ModelPartition.Kind, region.Nodes, true, its) { AddedTime = added, Pieces = new PieceFacts(region.Pieces, region.Value, region.Axis, added) };
        }
    }

    private static double Time(ModelProto model, ShapeTable shapes, OnnxRuntimePlan plan) => KernelTime.Of(model.Graph, shapes) + (plan.Anchors * TermPrices.Of(TimeTerm.View));
}
