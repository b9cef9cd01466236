using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Blocks;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>Plans a model that ONNX Runtime executes in the planned order, with the planned memory.</summary>
internal sealed class OnnxRuntimeExecutor : IExecutorPlanner
{
    private readonly PlanningTask _task;
    private readonly OnnxRuntimeStarts _starts;
    private readonly OnnxRuntimeSearch _search;

    public OnnxRuntimeExecutor(PlanningTask task)
    {
        _task = task;
        _starts = new OnnxRuntimeStarts(task);
        _search = new OnnxRuntimeSearch(task, _starts);
    }

    /// <inheritdoc/>
    public ModelProto Today => _starts.Today.Model;

    /// <inheritdoc/>
    public ModelCost Original => _starts.Cost;

    /// <inheritdoc/>
    public PlanStart Start => _starts.First;

    /// <inheritdoc/>
    public int Threads => _task.Request.Threads;

    /// <inheritdoc/>
    public bool CarriesPieces => true;

    /// <inheritdoc/>
    public ExecutorPlan Search(RewriteLevel level)
    {
        _task.Request.Progress?.Invoke(PipelineStage.Search);
        return Sharing(_search.Run(level));
    }

    /// <inheritdoc/>
    public ExecutorPlan Replan(ExecutorPlan instead, RewriteLevel level, RewriteRestriction restriction) =>
        Sharing(_search.Plan(instead.Start, level, restriction));

    /// <inheritdoc/>
    public ExecutorPlan AsItIs(ExecutorPlan? instead)
    {
        PlanStart today = _starts.Today;
        // What ONNX Runtime changes as it loads the source, such as functions that it inlines, it puts in places of its own: only the settled model has a known order.
        bool settled = !ReferenceEquals(today.Model, _task.Source.Model);
        return new OnnxRuntimeExecutorPlan
        {
            Plan = OnnxRuntimePlanner.AsItIs(today.Model, today.Shapes, _search.Options(), _task.Cancellation),
            Start = today,
            Reference = _task.Source.Model,
            Shapes = today.Shapes,
            Rewrites = [],
            Work = instead is null ? new WorkFacts(_task.Request.WorkLimit, 1, Limited: false) : instead.Work with { Ratio = 1 },
            // With a range, the model that refuses what is outside of it.
            AsWritten = settled || today.Shapes.Formulas is not null ? null : _task.Source.File.Model,
        };
    }

    /// <summary>A plan in which each output that shares an input's buffer still may: a rewrite may read the input at another place, or make the output with another node.</summary>
    private ExecutorPlan Sharing(ExecutorPlan plan) =>
        SharedBuffers.Obstacle(plan.Model.Graph, plan.Shapes, plan.Shapes.Shared) is null ? plan : plan.Whole is { } whole ? Sharing(whole) : AsItIs(plan);

    /// <inheritdoc/>
    public VerificationRequest Promise(ExecutorPlan plan, VerificationRequest request)
    {
        OnnxRuntimePlan promised = ((OnnxRuntimeExecutorPlan)plan).Plan;
        return request with
        {
            Schedule = [.. promised.Schedule],
            PredictedBytes = promised.SimulatedPeak,
            // With less data a run takes less.
            LeastBytes = plan.Shapes.Formulas is null && plan.Shapes.Varies.Count > 0 ? 0 : promised.LeastPeak,
            UnplannedBodies = promised.UnplannedBodies,
            Shared = plan.Shapes.Shared,
            SharedInSource = SharedBuffers.LeavingRest(request.Source.Graph, plan.Shapes.Shared),
            PlaceRun = (sequence, sizes) => RunBlockPlanner.Plan(sequence, promised, plan.Shapes, sizes ?? plan.Shapes.Formulas?.Space.Planned, Threads, _task.Cancellation),
            HasRoomForOtherSizes = plan.Shapes.Formulas is not null,
        };
    }

    /// <inheritdoc/>
    public VerificationOutcome Prove(ExecutorPlan plan, VerificationOutcome verified) => verified;

    /// <inheritdoc/>
    public VerificationOutcome ProveAt(ExecutorPlan plan, IReadOnlyDictionary<string, long> sizes, VerificationOutcome verified) => verified;

    /// <inheritdoc/>
    public IReadOnlyList<PlanFacts> Account(ExecutorPlan plan, MeasuredMemory? memory) => OnnxRuntimeAccount.Of(_task, (OnnxRuntimeExecutorPlan)plan, memory);

    /// <inheritdoc/>
    public IReadOnlyList<RequiredBytes> Required(ExecutorPlan plan, IReadOnlyList<SizedRun> runs) =>
        plan.StepFormulas is { Count: > 0 } ? new RequiredFormulas((OnnxRuntimeExecutorPlan)plan, Threads, runs).Of(_task.Request.Targets) : [];

    /// <inheritdoc/>
    public IReadOnlyList<KernelFacts> Kernels(ExecutorPlan plan, MeasuredMemory? memory) =>
        TargetWorkspace.Kernels(_task.Request.Targets, memory, RulesOf((OnnxRuntimeExecutorPlan)plan), [.. plan.Nodes.Select(node => node.Name)]);

    /// <inheritdoc/>
    public IReadOnlyList<RunBlock> OnOtherTargets(ExecutorPlan plan, MeasuredMemory? memory)
    {
        OnnxRuntimeExecutorPlan planned = (OnnxRuntimeExecutorPlan)plan;
        List<RunBlock> blocks = [];
        foreach (TargetArchitecture target in _task.Request.Targets.Where(target => target != TargetKernels.Host))
        {
            if (ForeseenRun.TryOf(planned.Plan, RulesOf(planned), TargetKernels.Of(target), memory) is { } run)
            {
                RunBlock block = RunBlockPlanner.Plan(run, planned.Plan, planned.Shapes, planned.Shapes.Formulas?.Space.Planned, Threads, _task.Cancellation);
                blocks.Add(block with { Architecture = TargetKernels.NameOf(target) });
            }
        }
        return blocks;
    }

    private WorkspaceRules RulesOf(OnnxRuntimeExecutorPlan plan) => new(plan.Nodes, plan.Model.Graph, plan.Shapes) { Threads = Threads };

    /// <inheritdoc/>
    public LayoutPlan? InLayout(ExecutorPlan plan, PlanLayout layout, out string? reason) =>
        new OnnxRuntimeLayouts(_task, _starts, _search).Plan((OnnxRuntimeExecutorPlan)plan, layout, out reason);

    /// <inheritdoc/>
    public RunBlock? Foresee(LayoutPlan plan, MeasuredMemory? portable)
    {
        OnnxRuntimeExecutorPlan planned = (OnnxRuntimeExecutorPlan)plan.Plan;
        return ForeseenRun.TryOf(planned.Plan, RulesOf(planned), TargetKernels.Of(plan.Layout), portable) is { } run ? RunBlockPlanner.Plan(run, Threads, _task.Cancellation) : null;
    }

    /// <inheritdoc/>
    public PlanFacts Account(LayoutPlan plan, MeasuredMemory? memory, MeasuredMemory? portable) => OnnxRuntimeAccount.Of(_task, plan, memory, portable);
}
