using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Planning;

namespace Serenity.Onnx.Executors.StaticArena;

/// <summary>A plan of an arena.</summary>
internal sealed record StaticArenaExecutorPlan : ExecutorPlan
{
    private SizeExpression[]? _reach;

    /// <summary>What is written.</summary>
    public required ModelProto WrittenModel { get; init; }

    /// <summary>Schedule and offsets.</summary>
    public required StaticArenaPlan Plan { get; init; }

    /// <summary>Bytes that no order can go under.</summary>
    public required long LeastLiveBytes { get; init; }

    /// <summary>What the model costs without rewrites.</summary>
    public required RewriteCost Unrewritten { get; init; }

    /// <inheritdoc/>
    public override ModelProto Model => WrittenModel;

    /// <inheritdoc/>
    public override long Bytes => Plan.ArenaBytes;

    /// <inheritdoc/>
    public override long LiveBytes => Plan.LivePeakBytes;

    /// <inheritdoc/>
    public override long LowerBoundBytes => LeastLiveBytes;

    /// <inheritdoc/>
    public override IReadOnlyList<NodeProto> Nodes => Plan.Order.Nodes;

    /// <inheritdoc/>
    public override ExecutionProgram Program => Plan.Program;

    /// <inheritdoc/>
    /// <remarks>Up to where each value reaches in the arena at some sizes: what a call needs of it.</remarks>
    public override IReadOnlyList<SizeExpression>? StepFormulas => Shapes.Formulas is null || Memories is not null ? null : _reach ??= Reach();

    /// <inheritdoc/>
    public override (MemoryGraph Graph, int[] Order)? Ordered => (Plan.Graph, Plan.Operators);

    /// <inheritdoc/>
    public override MemoriesFacts? Memories => Plan.Memories;

    /// <inheritdoc/>
    public override TrafficChoice? ForTraffic => Plan.ForTraffic;

    /// <inheritdoc/>
    public override IReadOnlyList<long> Profile => Plan.Profile;

    /// <inheritdoc/>
    public override PeakStep? PeakStep => Plan.PeakStep;

    private SizeExpression[] Reach()
    {
        SizeExpression[] reach = [.. Program.Buffers.Where(b => b.Offset is not null).Select(b => (Shapes.BytesFormula(b.Name) ?? SizeExpression.Of(b.Bytes)) + b.Offset!.Value).Distinct()];
        // The arena ends where its last value does; where it is longer for any reason, that length is what is stated.
        return SizeMaximum.Find(reach.Length == 0 ? [SizeExpression.Zero] : reach, Shapes.Formulas!.Space)?.Value == Bytes ? reach : [SizeExpression.Of(Bytes)];
    }
}
