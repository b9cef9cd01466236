using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Time;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>A model after a set of rewrites, with all that is needed to find out what it costs.</summary>
/// <param name="Model">The model; nodes in a topological order, each with a unique name. Weights are shared with the source model, so
/// nothing in it may be changed.</param>
/// <param name="Shapes">Types of all its values, the new ones included.</param>
/// <param name="Groups">Its accumulation groups. No node is in two.</param>
/// <param name="Applied">The rewrites, in the order applied; what each saved is known only after the search.</param>
internal sealed record RewriteCandidate(
    ModelProto Model, ShapeTable Shapes, IReadOnlyList<AccumulationGroup> Groups, IReadOnlyList<AppliedRewrite> Applied)
{
    /// <summary>A model without any rewrite.</summary>
    public static RewriteCandidate Unchanged(ModelProto model, ShapeTable shapes) => new(model, shapes, [], []);

    /// <summary>How long a run is predicted to take, in nanoseconds.</summary>
    public double PredictedNanoseconds => KernelTime.Of(Model.Graph, Shapes);
}

/// <summary>What a candidate costs on an executor.</summary>
/// <param name="Written">The candidate as it would be written: its groups in the order that the schedule chose.</param>
/// <param name="PeakBytes">The peak to compare: proven live peak (StaticArena) or simulated peak (OnnxRuntime).</param>
/// <param name="LowerBoundBytes">What no schedule of this candidate goes under.</param>
/// <param name="Order">The order in which the nodes of <paramref name="Written"/> run.</param>
/// <param name="Profile">Bytes during each step of <paramref name="Order"/>; its maximum is the peak.</param>
internal sealed record RewriteCost(
    RewriteCandidate Written, long PeakBytes, long LowerBoundBytes, NodeOrder Order, IReadOnlyList<long> Profile);
