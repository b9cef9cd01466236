using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Shapes;
using Serenity.Onnx.Fusion;
using Serenity.Onnx.Models;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>The graphs that a plan may begin from: the source as ONNX Runtime executes it, and the same with its fusions applied ahead of time.</summary>
internal sealed class OnnxRuntimeStarts
{
    private static readonly Dictionary<string, long> _noFreeDimensions = [];

    private readonly PlanningTask _task;
    private readonly Lazy<PlanStart> _today, _first;
    private readonly Lazy<PlannedShapes?> _known;
    private readonly Lazy<AllocationPlan> _original;
    private readonly Lazy<ModelCost> _cost;
    private readonly IReadOnlyDictionary<string, string> _shared;

    public OnnxRuntimeStarts(PlanningTask task)
    {
        _task = task;
        _shared = SharedBuffers.Named(task.Request, task.Source.Model.Graph, task.Source.File.Path);
        _today = new(() => Checked(Ready(NativeRuntime.IsAvailable
            ? ModelFusion.Settle(task.Source.Model, task.Source.File.ExternalFolder, task.Source.File.Path, task.Cancellation) : task.Source.Model)));
        _known = new(() => PlannedShapesReader.TryRead(Today.Model, Today.Shapes));
        _original = new(() => OnnxRuntimePlanner.CostOfFile(Today.Model, Today.Shapes, _known.Value));
        _cost = new(() => new ModelCost(Original.Peak, Original.Profile, ScheduledValues.PeakStep(Original.Profile, OnnxRuntimeProgram.Of(new OrtGraph(Today.Model.Graph), Original, Today.Shapes))));
        _first = new(Fuse);
    }

    /// <summary>The nodes that are executed today, in a plain session.</summary>
    public PlanStart Today => _today.Value;

    /// <summary>What those allocate.</summary>
    public AllocationPlan Original => _original.Value;

    /// <summary>The same as a cost, with what is live at the peak.</summary>
    public ModelCost Cost => _cost.Value;

    /// <summary>With ONNX Runtime's fusions where they are asked for and there are any; else <see cref="Today"/> itself.</summary>
    public PlanStart First => _first.Value;

    /// <summary>Shapes of a start as far as ONNX Runtime knows them before a run; null where it is to be asked.</summary>
    public PlannedShapes? KnownOf(PlanStart start) => ReferenceEquals(start, Today) ? _known.Value : null;

    private PlanStart Fuse()
    {
        _task.Request.Progress?.Invoke(PipelineStage.Fuse);
        if (!_task.Request.Fuse || !NativeRuntime.IsAvailable)
            return Today;
        FusionResult result = ModelFusion.Fuse(
            _task.Source.Model, Today.Model, _task.Source.File.ExternalFolder, _task.Source.Shapes.Main, _task.Source.File.Path,
            // What is computed ahead would be in the file: a kept weight widened, for example.
            _task.WidensAtRun ? WidenedModel.LargeBytes : null, cancellation: _task.Cancellation);
        if (result.Reason is { } reason)
            _task.Warn(new SerenityDiagnostic(SerenityCodes.NotFused, DiagnosticSeverity.Warning, _task.Source.File.Path, reason));
        if (!result.Fused)
            return Today;
        PlanStart fused = Ready(result.Model) with { Fused = true };
        return SharedBuffers.Obstacle(fused.Model.Graph, fused.Shapes, _shared) is null ? Checked(fused) : Today;
    }

    /// <summary>The start with the buffers that outputs share with inputs.</summary>
    private PlanStart Checked(PlanStart start) => start with { Shapes = SharedBuffers.Checked(start.Model.Graph, start.Shapes, _shared, _task.Source.File.Path) };

    private PlanStart Ready(ModelProto model)
    {
        if (ReferenceEquals(model, _task.Source.Model))
            return new PlanStart(model, _task.Source.Shapes.Main, Fused: false);
        UniqueNames.Assign(model);
        // The sizes asked for stand in the model already, and the names they were asked by are gone.
        ModelShapes shapes = _task.Request.Ranges.Count > 0 ? RangedShapes.Run(model, _task.Source.File.Path, _task.Request, _task.Source.Shapes.Main, _task.Cancellation)
            : ShapeInference.Run(model, _task.Source.File.Path, _noFreeDimensions, _task.Request.Bounds, _task.Source.Shapes.Main, _task.Cancellation);
        (model, shapes) = ResizeScales.Restate(model, shapes);
        return new PlanStart(model, shapes.Main, Fused: false);
    }
}
