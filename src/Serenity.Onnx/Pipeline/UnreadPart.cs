using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Rules;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// Nodes that lead to no output are left out of every plan (<see cref="UnreadNodes"/>), after all of the model was looked at. Where one of them stands in the way of planning, proof or a block (a
/// size that depends on data, a generator of random numbers, a subgraph over a range of sizes, a tensor larger than a build may hold), the model is planned without them from the start: at once where
/// a node of such a kind is among them, and else when the whole was held up.
/// </summary>
internal static class UnreadPart
{
    /// <summary>Plans a model, whole where that serves.</summary>
    /// <param name="file">The model.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="plan">Plans one.</param>
    /// <exception cref="SerenityException">What the whole was refused for, where the rest is refused too.</exception>
    public static OptimizationResult Plan(LoadedModel file, OptimizeRequest request, Func<LoadedModel, OptimizeRequest, OptimizationResult> plan)
    {
        if (request.Rewrite == RewriteLevel.None || ModelCut.WithoutUnread(file, out IReadOnlyList<string> unread) is not { } rest)
            return plan(file, request);
        NodeProto[] read = ReadByThem(file.Model.Graph, rest.Model.Graph);
        // ONNX Runtime joins casts at every level. The rest is then another model, and can be compared with the whole alone.
        if (Array.Exists(read, node => node.IsCast()))
            return plan(file, request);
        // A reader keeps it from fusing what is read, so without that the rest would be fused where the model that was given is not: other bits, which nothing compares with that model's.
        OptimizeRequest ofRest = read.Length == 0 ? request : request with { Fuse = false };
        return MayHoldUp(file.Model.Graph, rest.Model.Graph) && PlanRest(file, rest, unread, ofRest, plan) is { } cut ? cut : PlanWhole(file, rest, unread, request, ofRest, plan);
    }

    /// <summary>Nodes that stay, of which a node that goes reads an output.</summary>
    private static NodeProto[] ReadByThem(GraphProto whole, GraphProto rest)
    {
        Dictionary<string, NodeProto> makers = new(StringComparer.Ordinal);
        foreach (NodeProto node in rest.Node)
        {
            foreach (string output in node.Output.Where(o => o.Length > 0))
                makers[output] = node;
        }
        return [.. Gone(whole, rest).SelectMany(node => node.Input.Concat(SubgraphCaptures.Of(node)))
            .Select(input => makers.GetValueOrDefault(input)).OfType<NodeProto>().Distinct()];
    }

    /// <summary>The plan of the rest, with what the whole costs as it is; null where the rest is not proven, so that the whole may be.</summary>
    private static OptimizationResult? PlanRest(LoadedModel file, LoadedModel rest, IReadOnlyList<string> unread, OptimizeRequest request, Func<LoadedModel, OptimizeRequest, OptimizationResult> plan)
    {
        OptimizationResult less;
        try
        {
            less = plan(rest, request);
        }
        catch (SerenityException)
        {
            return null;
        }
        if (request.Verify && IsHeldUp(less))
            return null;
        OptimizationResult? whole = null;
        try
        {
            // What it costs as it is, and nothing else: no run of it.
            whole = plan(file, request with { Verify = false, Rewrite = RewriteLevel.None, Partition = false, Fuse = false, Progress = null });
        }
        catch (SerenityException fault) when (fault.Code is SerenityCodes.UnknownSize or SerenityCodes.RangeNotPlanned)
        {
            // Then the rest's own cost stands.
        }
        return Told(whole, less, unread);
    }

    private static OptimizationResult PlanWhole(
        LoadedModel file, LoadedModel rest, IReadOnlyList<string> unread, OptimizeRequest request, OptimizeRequest ofRest, Func<LoadedModel, OptimizeRequest, OptimizationResult> plan)
    {
        OptimizationResult? whole = null;
        SerenityException? refusal = null;
        try
        {
            whole = plan(file, request);
        }
        catch (SerenityException fault) when (fault.Code is SerenityCodes.UnknownSize or SerenityCodes.RangeNotPlanned)
        {
            refusal = fault;
        }
        if (whole is not null && !IsHeldUp(whole))
            return whole;
        OptimizationResult less;
        try
        {
            less = plan(rest, ofRest);
        }
        catch (SerenityException)
        {
            return whole ?? throw refusal!;
        }
        return whole is null || IsBetter(less, whole) ? Told(whole, less, unread) : whole;
    }

    /// <summary>The plan of the rest as one of the whole: what went is told, and what the model costs as it is, is the whole model's.</summary>
    /// <param name="whole">A plan of the whole; null where there is none.</param>
    /// <param name="less">The plan of the rest.</param>
    /// <param name="unread">Names of the nodes that went.</param>
    private static OptimizationResult Told(OptimizationResult? whole, OptimizationResult less, IReadOnlyList<string> unread)
    {
        AppliedRewrite[] gone = [.. whole?.Rewrites.Where(r => r.Kind == UnreadNodes.Kind) ?? []];
        if (gone.Length == 0)
            gone = [new AppliedRewrite(UnreadNodes.Kind, unread, Exact: true, whole is null ? 0 : Math.Max(0, whole.Peak.OriginalBytes - less.Peak.OriginalBytes))];
        less = less with { Rewrites = [.. gone, .. less.Rewrites] };
        // The whole is looked at without ONNX Runtime's fusion, which may make the rest cost more: then the whole costs that much too.
        return whole is null || whole.Peak.OriginalBytes < less.Peak.OriginalBytes ? less : less with
        {
            Peak = less.Peak with { OriginalBytes = whole.Peak.OriginalBytes, OriginalPlainSessionBytes = whole.Peak.OriginalPlainSessionBytes },
            OriginalProfile = whole.OriginalProfile,
            OriginalPeakStep = whole.OriginalPeakStep,
        };
    }

    /// <summary>Nodes of the whole that the rest has not.</summary>
    private static IEnumerable<NodeProto> Gone(GraphProto whole, GraphProto rest)
    {
        HashSet<string> kept = new(rest.Node.SelectMany(node => node.Output), StringComparer.Ordinal);
        return whole.Node.Where(node => !node.Output.Any(o => o.Length > 0 && kept.Contains(o)));
    }

    /// <summary>True if a node that goes is of a kind that may hold a plan up, or of a kind that nothing is known of.</summary>
    private static bool MayHoldUp(GraphProto whole, GraphProto rest)
    {
        return Gone(whole, rest).Any(IsOfSuchAKind);

        static bool IsOfSuchAKind(NodeProto node) => SubgraphCaptures.SubgraphsOf(node).Any() || OperatorTable.Of(node) is var entry
            && (!entry.IsKnown || entry.Randomness != Randomness.None || entry.Has(OperatorTraits.SizedByData) || (entry.Kind != OperatorKind.View && entry.Roles.PositionOf(InputRole.Sizes) >= 0));
    }

    /// <summary>True if something kept a plan from being proven, or from a block, that nodes nobody reads can be.</summary>
    private static bool IsHeldUp(OptimizationResult result) =>
        result.Verification is { Status: not "passed" } || (result.Range is null && result.Peak.AtMost) || result.UnplannedBodies.Count > 0;

    private static bool IsBetter(OptimizationResult less, OptimizationResult whole) => Standing(less) > Standing(whole);

    private static int Standing(OptimizationResult result) =>
        (result.Verification is { Status: "passed" } ? 4 : 0) + (result.Peak.AtMost ? 0 : 2) + (result.UnplannedBodies.Count > 0 ? 0 : 1);
}
