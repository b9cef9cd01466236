using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Rolling;
using Serenity.Onnx.Rewrites.Search;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;
using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;

namespace Serenity.Onnx.Executors.StaticArena;

/// <summary>Plans a model with an offset for every tensor in one arena.</summary>
internal sealed class StaticArenaExecutor : IExecutorPlanner
{
    /// <summary>States after each step where the traffic of orders is only compared.</summary>
    private const int ComparedWidth = 256;

    private readonly PlanningTask _task;
    private readonly Lazy<ModelCost> _original;
    private readonly Lazy<IntegerStart> _start;

    public StaticArenaExecutor(PlanningTask task)
    {
        _task = task;
        _start = new(() => IntegerStart.Of(task));
        _original = new(Baseline);
    }

    /// <inheritdoc/>
    /// <remarks>Generated code runs what the file says; where that is arithmetic on quantized values, in integers.</remarks>
    public ModelProto Today => Start.Model;

    /// <inheritdoc/>
    public ModelCost Original => _original.Value;

    /// <inheritdoc/>
    public PlanStart Start => _start.Value.Start;

    /// <inheritdoc/>
    public int Threads => 1;

    /// <inheritdoc/>
    public ExecutorPlan Search(RewriteLevel level) => Plan(level, RewriteRestriction.None);

    /// <inheritdoc/>
    public ExecutorPlan Replan(ExecutorPlan instead, RewriteLevel level, RewriteRestriction restriction) => Plan(level, restriction);

    /// <inheritdoc/>
    public ExecutorPlan AsItIs(ExecutorPlan? instead) =>
        InFileOrder((StaticArenaExecutorPlan?)instead ?? Rewritten(RewriteLevel.None, RewriteRestriction.None));

    /// <inheritdoc/>
    public VerificationRequest Promise(ExecutorPlan plan, VerificationRequest request) => request with { HeldBytes = plan.Bytes };

    /// <inheritdoc/>
    public VerificationOutcome Prove(ExecutorPlan plan, VerificationOutcome verified)
    {
        VerificationFacts facts = verified.Facts with { MeasuredBytes = null };
        bool reaches = facts.Status == "passed" || (plan.Shapes.DependsOnData && facts.Status == "partial");
        if (reaches && Run(plan, Shapes.Main.Formulas?.Space.Planned, plan.Shapes.DependsOnData ? verified.NearBound ?? [] : null) is { } notRun)
        {
            facts = facts with { Status = "partial", Reason = facts.Reason is { } reason ? $"{reason} {notRun}" : notRun };
        }
        return verified with { Facts = facts };
    }

    /// <inheritdoc/>
    public VerificationOutcome ProveAt(ExecutorPlan plan, IReadOnlyDictionary<string, long> sizes, VerificationOutcome verified)
    {
        if (verified.Facts.Status == "passed")
            _ = Run(plan, sizes, plan.Shapes.DependsOnData ? verified.NearBound ?? [] : null);
        return verified with { Facts = verified.Facts with { MeasuredBytes = null } };
    }

    /// <summary>Runs a plan in its arena.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="sizes">Sizes of the dimensions that have a range; null where none has.</param>
    /// <param name="near">Inputs on which sizes that depend on data come near their bounds; null where none does.</param>
    /// <returns>Why it was not run; null if it was and holds.</returns>
    private string? Run(ExecutorPlan plan, IReadOnlyDictionary<string, long>? sizes, IReadOnlyList<KeyValuePair<string, RuntimeValue>>? near)
    {
        (ModelProto model, ExecutionProgram program, ShapeTable shapes) = (plan.Model, plan.Program, plan.Shapes);
        if (sizes is not null && shapes.Formulas is not null)
        {
            shapes = shapes.At(sizes);
            (model, program) = ArenaAtSizes.Of(model, program, shapes);
        }
        ArenaProgram placed = ArenaProgram.Of(program, plan.Bytes, plan.Memories) with { AtMost = shapes.Varies.Keys.ToHashSet(StringComparer.Ordinal) };
        return ArenaProof.Run(model, placed, near, _task.Source.File.ExternalFolder, _task.Source.File.Path, _task.Cancellation);
    }

    /// <inheritdoc/>
    public IReadOnlyList<RequiredBytes> Required(ExecutorPlan plan, IReadOnlyList<SizedRun> runs) => [];

    /// <inheritdoc/>
    public IReadOnlyList<KernelFacts> Kernels(ExecutorPlan plan, MeasuredMemory? memory) => [];

    /// <inheritdoc/>
    public IReadOnlyList<RunBlock> OnOtherTargets(ExecutorPlan plan, MeasuredMemory? memory) => [];

    /// <inheritdoc/>
    public IReadOnlyList<PlanFacts> Account(ExecutorPlan plan, MeasuredMemory? memory)
    {
        FigureBasis basis = plan.Shapes.Varies.Count > 0 ? FigureBasis.Bound : FigureBasis.Planned;
        MemoryPart live = new("live", plan.LiveBytes, basis);
        PoolAccount arena = new(MemoryPool.Activations, plan.Bytes == plan.LiveBytes ? [live] : [live, new MemoryPart("gaps", plan.Bytes - plan.LiveBytes, basis)]);
        PoolAccount weights = new(MemoryPool.Weights, [new MemoryPart("initializers", ModelTensors.WeightBytes(plan.Written), FigureBasis.Planned)]);
        return [new PlanFacts(PlanLayout.Portable, null, Threads, null, null, new MemoryAccount([arena, weights]))];
    }

    /// <inheritdoc/>
    public LayoutPlan? InLayout(ExecutorPlan plan, PlanLayout layout, out string? reason)
    {
        reason = "an arena has one layout";
        return null;
    }

    /// <inheritdoc/>
    public RunBlock? Foresee(LayoutPlan plan, MeasuredMemory? portable) => null;

    /// <inheritdoc/>
    public PlanFacts Account(LayoutPlan plan, MeasuredMemory? memory, MeasuredMemory? portable) => throw new InvalidOperationException("An arena has one layout.");

    private ModelShapes Shapes => _start.Value.Shapes;

    private ArenaTask Arena => new(Shapes, _task.Request, _task.Source.File.Path, _task.Cancellation);

    private ModelCost Baseline()
    {
        StaticArenaGraph graph = GraphOfSource();
        return StaticArenaPlanner.Baseline(graph, graph.FileOrder(), _task.Request.Alignment, _task.Cancellation);
    }

    private StaticArenaExecutorPlan Plan(RewriteLevel level, RewriteRestriction restriction)
    {
        StaticArenaExecutorPlan plan = Rewritten(level, restriction);
        // A lower live peak may be one that no placement could be found for. Nothing may cost more than before.
        if (restriction.Only is null && plan.Bytes > Original.Bytes)
            plan = InFileOrder(plan);
        if (restriction.Only is not null)
            return plan;
        bool mayRoll = _task.Request.Partition && level != RewriteLevel.None && plan.Shapes.Varies.Count == 0;
        StaticArenaExecutorPlan least = mayRoll ? InRows(plan, level, countsTraffic: false) : plan;
        if (_task.Request.OnChip is not { } onChip || plan.Plan.ForTraffic is null)
            return least;
        StaticArenaExecutorPlan moving = WithLessTraffic(plan, onChip);
        if (mayRoll)
            moving = InRows(moving, level, countsTraffic: true);
        // What is worked on row by row may need less than any order of the whole; then that is the least, and more only where it brings something and there is room.
        if (moving.Bytes > least.Bytes && (moving.Bytes > MostForTraffic(least.Bytes) || Traffic(moving, onChip) >= Traffic(least, onChip)))
            return least;
        if (moving.Bytes <= least.Bytes)
            return moving;
        // Rows are another model, of which no bound is known.
        TrafficChoice choice = moving.Plan.ForTraffic ?? plan.Plan.ForTraffic with { LowerBoundBytes = 0 };
        return moving with { Plan = moving.Plan with { ForTraffic = choice with { LeastBytes = least.Bytes } } };
    }

    /// <summary>
    /// The plan, or one of the model before rewrites, or the order of its file, where that moves less and needs no more than is allowed: a rewrite that lowers the peak may cost traffic.
    /// </summary>
    private StaticArenaExecutorPlan WithLessTraffic(StaticArenaExecutorPlan plan, long onChip)
    {
        if (plan.Plan.ForTraffic is not { } choice || Traffic(plan, onChip) is not (> 0 and var least))
            return plan;
        StaticArenaExecutorPlan best = plan;
        // What no order of the model before rewrites goes under.
        long bound = plan.Rewrites.Count == 0 ? choice.LowerBoundBytes : 0;
        if (plan.Rewrites.Count > 0 && StaticArenaCost.Plan(plan.Unrewritten, Arena) is var own && own.ArenaBytes <= choice.MostBytes)
        {
            (RewriteCost cost, own) = StaticArenaCost.ForTraffic(plan.Unrewritten, own, choice.MostBytes, Arena);
            bound = own.ForTraffic?.LowerBoundBytes ?? 0;
            TakeIfLess(Made(cost, own with { ForTraffic = choice with { LowerBoundBytes = bound } }, [], plan.Work with { Ratio = 1 }, plan.Unrewritten));
        }
        StaticArenaExecutorPlan file = InFileOrder(plan);
        TakeIfLess(file with { Plan = file.Plan with { ForTraffic = choice with { LowerBoundBytes = bound } } });
        return best;

        void TakeIfLess(StaticArenaExecutorPlan other)
        {
            if (other.Bytes > choice.MostBytes || Traffic(other, onChip) is var moved && moved >= least)
                return;
            (best, least) = (other, moved);
        }
    }

    private StaticArenaExecutorPlan Rewritten(RewriteLevel level, RewriteRestriction restriction)
    {
        string path = _task.Source.File.Path;
        _task.Request.Progress?.Invoke(PipelineStage.Search);
        ScheduleOptions limits = _task.Request.SearchLimit is { } limit
            ? ScheduleOptions.Default with { StateLimit = limit }
            : ScheduleOptions.Default;
        RewriteOutcome outcome = RewriteSearch.Run(
            Today, Shapes.Main,
            new RewriteOptions { Executor = Executor.StaticArena, Level = level, ModelPath = path, WorkLimit = _task.Request.WorkLimit, Restriction = restriction },
            new StaticArenaCosts(Arena, limits), _task.Cancellation);

        _task.Request.Progress?.Invoke(PipelineStage.Place);
        RewriteCost best = outcome.Best;
        StaticArenaPlan plan = StaticArenaCost.Plan(best, Arena);
        (best, plan) = StaticArenaCost.TryOtherOrders(best, plan, Arena);
        (best, plan) = StaticArenaCost.ForTraffic(best, plan, MostForTraffic(plan.ArenaBytes), Arena);
        return Made(best, plan, outcome.Applied, outcome.Work, outcome.Original);
    }

    // In one memory for activations the plan is the arena of always.
    private IReadOnlyList<DeviceMemory>? Several => _task.Request.Memories is [{ Holds: MemoryUse.Activations }] ? null : _task.Request.Memories;

    // The source's own size, or what the budget or the one memory leaves; over several, each of which is a budget, the arena stays as small as it can be.
    private long MostForTraffic(long least)
    {
        if (Several is not null)
            return least;
        long most = Math.Min(Original.Bytes, (_task.Request.TrafficPeak ?? long.MaxValue) / _task.Request.Concurrency);
        return Math.Max(least, _task.Request.Memories is [var only] ? Math.Min(most, only.Bytes) : most);
    }

    /// <summary>
    /// The plan with parts of the network row by row, where that makes the arena smaller: of the rewritten model, or of the model before the other rewrites, which may stand in its way.
    /// </summary>
    /// <param name="whole">The plan without rows.</param>
    /// <param name="level">What rewrites may do.</param>
    /// <param name="countsTraffic">True if rows may not make more travel.</param>
    private StaticArenaExecutorPlan InRows(StaticArenaExecutorPlan whole, RewriteLevel level, bool countsTraffic)
    {
        StaticArenaExecutorPlan best = whole;
        Try(whole.WrittenModel, whole.Shapes, whole.Plan.Order.Names, whole.Rewrites, whole.Work.Ratio);
        if (whole.Rewrites.Count > 0)
            Try(Today, Shapes.Main, whole.Unrewritten.Order.Names, [], 1);
        // Which parts can be worked on together follows from the order; who wrote the file often had one part after the other.
        StaticArenaGraph file = GraphOfSource();
        Try(Today, Shapes.Main, file.OrderOf(file.FileOrder()).Names, [], 1);
        return best;

        void Try(ModelProto model, ShapeTable shapes, IEnumerable<string> order, IReadOnlyList<AppliedRewrite> applied, double work)
        {
            string path = _task.Source.File.Path;
            ArenaSharing sharing = new(Arena.GraphOf(model, shapes));
            if (ModelRolling.TryRoll(model, shapes, order, path, sharing, level == RewriteLevel.Exact, out bool exact, _task.Cancellation) is not { } rows || rows.PeakBytes >= best.Bytes)
                return;
            RewriteCandidate written = RewriteCandidate.Unchanged(rows.Model, rows.Shapes);
            StaticArenaGraph graph = Arena.GraphOf(rows.Model, rows.Shapes);
            long[] profile = LiveProfile.Compute(graph.Graph, graph.FileOrder());
            RewriteCost cost = new(written, profile.Max(), StepBound(graph), NodeOrder.OfFile(rows.Model.Graph), profile);
            StaticArenaPlan plan = StaticArenaCost.Plan(cost, Arena);
            if (Several is null && plan.ArenaBytes > best.Bytes - RewriteSearch.Worth(best.Bytes))
                return;
            long left = whole.Bytes + whole.Rewrites.Sum(r => r.SavedBytes) - applied.Sum(r => r.SavedBytes) - plan.ArenaBytes;
            StaticArenaExecutorPlan made = Made(cost, plan, [.. applied, .. rows.Regions.Select(Told)], whole.Work with { Ratio = work }, whole.Unrewritten) with { Whole = whole };
            if (IsBetter(made, best, countsTraffic))
                best = made;

            // What it saves is saved by all of them together; the first is told to.
            AppliedRewrite Told(PartitionedRegion region, int index) =>
                new(ModelPartition.Kind, region.Nodes, exact, index == 0 ? left : 0) { Pieces = new PieceFacts(region.Pieces, region.Value, region.Axis, 0) };
        }
    }

    // Over several memories what counts is that it fits, and then what accesses cost; and where bytes travel, none more may.
    private bool IsBetter(StaticArenaExecutorPlan rows, StaticArenaExecutorPlan than, bool countsTraffic)
    {
        if (countsTraffic && _task.Request.OnChip is { } onChip && Traffic(rows, onChip) > Traffic(than, onChip))
            return false;
        if (Several is null || rows.Memories is not { } memories || than.Memories is not { } others)
            return true;
        return memories.Fits != others.Fits ? memories.Fits : memories.Fits ? memories.Cost < others.Cost : rows.Bytes < than.Bytes;
    }

    private long Traffic(StaticArenaExecutorPlan of, long onChip) =>
        TrafficPlanner.Plan(of.Plan.Graph, of.Plan.Operators, onChip, new TrafficOptions { Width = ComparedWidth }, _task.Cancellation).Bytes;

    /// <summary>No order needs less than its largest step reads and makes.</summary>
    private static long StepBound(StaticArenaGraph graph)
    {
        long bound = 0;
        for (int op = 0; op < graph.Graph.OperatorCount; op++)
        {
            HashSet<int> tensors = [.. graph.Graph.Inputs(op).ToArray(), .. graph.Graph.Outputs(op).ToArray()];
            tensors.ExceptWith(graph.Graph.InPlaceInputs(op).ToArray());
            bound = Math.Max(bound, tensors.Sum(t => graph.Graph.Bytes(t)) + graph.Graph.Scratch(op));
        }
        return bound;
    }

    /// <summary>The model as it is, in the order of its file.</summary>
    private StaticArenaExecutorPlan InFileOrder(StaticArenaExecutorPlan instead)
    {
        StaticArenaGraph graph = GraphOfSource();
        RewriteCandidate written = AccumulationChain.InOrder(RewriteCandidate.Unchanged(Today, Shapes.Main), graph.OrderOf(graph.FileOrder()));
        long[] profile = LiveProfile.Compute(graph.Graph, graph.FileOrder());
        RewriteCost cost = new(written, profile.Max(), instead.Unrewritten.LowerBoundBytes, NodeOrder.OfFile(written.Model.Graph), profile);
        StaticArenaPlan plan = StaticArenaCost.Plan(cost, Arena);
        return Made(cost, plan, [], instead.Work with { Ratio = 1 }, instead.Unrewritten);
    }

    private StaticArenaGraph GraphOfSource() => Arena.GraphOf(Today, Shapes.Main);

    private StaticArenaExecutorPlan Made(RewriteCost cost, StaticArenaPlan plan, IReadOnlyList<AppliedRewrite> rewrites, WorkFacts work, RewriteCost unrewritten) =>
        new()
        {
            WrittenModel = AccumulationChain.Settle(cost.Written),
            Plan = StaticArenaCost.InMemories(cost, plan, Arena),
            LeastLiveBytes = cost.LowerBoundBytes,
            Unrewritten = unrewritten,
            Start = Start,
            Reference = _task.Source.Reference,
            Shapes = cost.Written.Shapes,
            Rewrites = rewrites,
            Work = work,
        };
}
