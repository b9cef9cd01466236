using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>A plan for ONNX Runtime.</summary>
internal sealed record OnnxRuntimeExecutorPlan : ExecutorPlan
{
    private IReadOnlyList<NodeProto>? _nodes;
    private ExecutionProgram? _program;
    private SizeExpression[]? _steps;

    /// <summary>The pinned model and its allocations.</summary>
    public required OnnxRuntimePlan Plan { get; init; }

    /// <summary>The file as the user wrote it, where that is what is saved; else null.</summary>
    public ModelProto? AsWritten { get; init; }

    /// <inheritdoc/>
    public override ModelProto Model => Plan.Model;

    /// <inheritdoc/>
    public override ModelProto Written => AsWritten ?? Plan.Model;

    /// <inheritdoc/>
    public override long Bytes => Plan.SimulatedPeak;

    /// <inheritdoc/>
    public override long LiveBytes => Plan.LivePeak;

    /// <inheritdoc/>
    public override long LowerBoundBytes => Plan.LowerBound;

    /// <inheritdoc/>
    public override IReadOnlyList<NodeProto> Nodes => _nodes ??= [.. Plan.Order.Select(Plan.Graph.Node)];

    /// <inheritdoc/>
    public override ExecutionProgram Program => _program ??= OnnxRuntimeProgram.Of(Plan.Graph, Plan.Allocations, Shapes);

    /// <inheritdoc/>
    public override IReadOnlyList<long> Profile => Plan.Allocations.Profile;

    /// <inheritdoc/>
    public override IReadOnlyList<SizeExpression>? StepFormulas => Shapes.Formulas is null ? null : _steps ??= Planning.StepFormulas.Of(Plan, Shapes);

    /// <inheritdoc/>
    public override PeakStep? PeakStep => ScheduledValues.PeakStep(Profile, Program);

    /// <inheritdoc/>
    public override bool SumsInPlace => Written.Graph.Node.Any(KernelRules.AddsInPlace);

    /// <inheritdoc/>
    public override IReadOnlyList<string> UnplannedBodies => Plan.UnplannedBodies;
}
