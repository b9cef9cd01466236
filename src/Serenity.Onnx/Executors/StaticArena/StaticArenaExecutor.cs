using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.StaticArena.Execution;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Partition;
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
    private readonly Func<GraphProto, NodeOrder> _runtimeOrder;
    private readonly Lazy<ModelCost> _original;
    private readonly Lazy<IntegerStart> _start;

    /// <summary>What each order moves, by the list of its operators that a plan holds.</summary>
    private readonly Dictionary<object, long> _traffic = new(ReferenceEqualityComparer.Instance);

    /// <param name="task">The model.</param>
    /// <param name="runtimeOrder">The order in which ONNX Runtime runs a graph as it is: one that no plan may be worse than.</param>
    public StaticArenaExecutor(PlanningTask task, Func<GraphProto, NodeOrder> runtimeOrder)
    {
        _task = task;
        _runtimeOrder = runtimeOrder;
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
    /// <remarks>Rows of all regions are one program: which are worked on together follows from what that saves.</remarks>
    public bool CarriesPieces => false;

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
        (ModelProto model, ExecutionProgram program, ShapeTable shapes, ShapeTable source) = (plan.Model, plan.Program, plan.Shapes, _task.Source.Shapes.Main);
        if (sizes is not null && shapes.Formulas is not null)
        {
            (shapes, source) = (shapes.At(sizes), source.At(sizes));
            (model, program) = ArenaAtSizes.Of(model, program, shapes);
        }
        ArenaProgram placed = ArenaProgram.Of(program, plan.Bytes, plan.Memories) with { AtMost = shapes.Varies.Keys.ToHashSet(StringComparer.Ordinal) };
        return ArenaProof.Run(model, placed, near, _task.Source.File.ExternalFolder, _task.Source.File.Path, (plan.Reference.Graph, source), _task.Cancellation);
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
        ArenaRows? rows = _task.Request.Partition && level != RewriteLevel.None && plan.Shapes.Varies.Count == 0 ? new(Arena, restriction.KeptWhole, level == RewriteLevel.Exact) : null;
        StaticArenaExecutorPlan least = InRows(plan, rows, countsTraffic: false);
        if (_task.Request.OnChip is not { } onChip || plan.Plan.ForTraffic is null)
            return least;
        StaticArenaExecutorPlan moving = InRows(WithLessTraffic(plan, onChip), rows, countsTraffic: true);
        // What is worked on row by row may need less than any order of the whole; then that is the least, and more only where it brings something and there is room.
        if (moving.Bytes > least.Bytes && (moving.Bytes > MostForTraffic(least.Bytes) || Traffic(moving.Plan, onChip) >= Traffic(least.Plan, onChip)))
            return least;
        if (moving.Bytes <= least.Bytes)
            return moving;
        // Rows are another model, of which no bound is known.
        TrafficChoice choice = moving.Plan.ForTraffic ?? plan.Plan.ForTraffic with { LowerBoundBytes = 0 };
        return moving with { Plan = moving.Plan with { ForTraffic = choice with { LeastBytes = least.Bytes } } };
    }

    /// <summary>
    /// The plan, or one of the model before rewrites, or the order of its file or of ONNX Runtime, where that moves less and needs no more than is allowed: a rewrite that lowers the peak may
    /// cost traffic.
    /// </summary>
    private StaticArenaExecutorPlan WithLessTraffic(StaticArenaExecutorPlan plan, long onChip)
    {
        if (plan.Plan.ForTraffic is not { } choice || Traffic(plan.Plan, onChip) is not (> 0 and var least))
            return plan;
        (RewriteCost Cost, StaticArenaPlan Plan)? best = null;
        // What no order of the model before rewrites goes under.
        long bound = plan.Rewrites.Count == 0 ? choice.LowerBoundBytes : 0;
        NodeOrder[] today = OrdersOfToday();
        if (plan.Rewrites.Count > 0 && StaticArenaCost.Plan(plan.Unrewritten, Arena) is var own && own.ArenaBytes <= choice.MostBytes)
        {
            (RewriteCost cost, own) = StaticArenaCost.ForTraffic(plan.Unrewritten, own, choice.MostBytes, today, Arena);
            bound = own.ForTraffic?.LowerBoundBytes ?? 0;
            TakeIfLess(cost, own);
        }
        foreach (NodeOrder order in today)
        {
            (RewriteCost cost, StaticArenaPlan other) = InOrder(order, plan);
            TakeIfLess(cost, other);
        }
        return best is not { } less ? plan
            : Made(less.Cost, InMemories(less.Cost, less.Plan with { ForTraffic = choice with { LowerBoundBytes = bound } }), [], plan.Work with { Ratio = 1 }, plan.Unrewritten);

        void TakeIfLess(RewriteCost cost, StaticArenaPlan other)
        {
            if (other.ArenaBytes <= choice.MostBytes && Traffic(other, onChip) is var moved && moved < least)
                (best, least) = ((cost, other), moved);
        }
    }

    private StaticArenaExecutorPlan Rewritten(RewriteLevel level, RewriteRestriction restriction)
    {
        string path = _task.Source.File.Path;
        _task.Request.Progress?.Invoke(PipelineStage.Search);
        RewriteOutcome outcome = RewriteSearch.Run(
            Today, Shapes.Main,
            new RewriteOptions { Executor = Executor.StaticArena, Level = level, ModelPath = path, WorkLimit = _task.Request.WorkLimit, Restriction = restriction },
            new StaticArenaCosts(Arena, Limits), _task.Cancellation);

        _task.Request.Progress?.Invoke(PipelineStage.Place);
        RewriteCost best = outcome.Best;
        StaticArenaPlan plan = StaticArenaCost.Plan(best, Arena);
        (best, plan) = StaticArenaCost.TryOtherOrders(best, plan, Arena);
        (best, plan) = StaticArenaCost.ForTraffic(best, plan, MostForTraffic(plan.ArenaBytes), _task.Request.OnChip is null || outcome.Applied.Count > 0 ? [] : OrdersOfToday(), Arena);
        return Made(best, InMemories(best, plan), outcome.Applied, outcome.Work, outcome.Original);
    }

    private ScheduleOptions Limits => _task.Request.SearchLimit is { } limit ? ScheduleOptions.Default with { StateLimit = limit } : ScheduleOptions.Default;

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
    /// <param name="rows">The rows of each order; null where nothing may be worked on row by row.</param>
    /// <param name="countsTraffic">True if rows may not make more travel.</param>
    private StaticArenaExecutorPlan InRows(StaticArenaExecutorPlan whole, ArenaRows? rows, bool countsTraffic)
    {
        StaticArenaExecutorPlan best = whole;
        if (rows is null)
            return best;
        Try(rows.Of(whole.WrittenModel, whole.Shapes, whole.Plan.Order, whole.Rewrites.Count > 0), whole.Rewrites, whole.Work.Ratio);
        if (whole.Rewrites.Count > 0)
            Try(rows.Of(Today, Shapes.Main, whole.Unrewritten.Order, rewritten: false), [], 1);
        // Which parts can be worked on together follows from the order; who wrote the file often had one part after the other.
        Try(rows.Of(Today, Shapes.Main, FileOrder, rewritten: false), [], 1);
        return best;

        void Try(RowsPlan? plan, IReadOnlyList<AppliedRewrite> applied, double work)
        {
            if (plan is null || plan.Rows.PeakBytes >= best.Bytes || (Several is null && plan.Arena.ArenaBytes > best.Bytes - RewriteSearch.Worth(best.Bytes)))
                return;
            long left = whole.Bytes + whole.Rewrites.Sum(r => r.SavedBytes) - applied.Sum(r => r.SavedBytes) - plan.Arena.ArenaBytes;
            StaticArenaExecutorPlan made =
                Made(plan.Cost, plan.InMemories, [.. applied, .. plan.Rows.Regions.Select(Told)], whole.Work with { Ratio = work }, whole.Unrewritten) with { Whole = whole };
            if (IsBetter(made, best, countsTraffic))
                best = made;

            // What it saves is saved by all of them together; the first is told to.
            AppliedRewrite Told(PartitionedRegion region, int index) =>
                new(ModelPartition.Kind, region.Nodes, plan.IsExact, index == 0 ? left : 0) { Pieces = new PieceFacts(region.Pieces, region.Value, region.Axis, 0) };
        }
    }

    // Over several memories what counts is that it fits, and then what accesses cost; and where bytes travel, none more may.
    private bool IsBetter(StaticArenaExecutorPlan rows, StaticArenaExecutorPlan than, bool countsTraffic)
    {
        if (countsTraffic && _task.Request.OnChip is { } onChip && Traffic(rows.Plan, onChip) > Traffic(than.Plan, onChip))
            return false;
        if (Several is null || rows.Memories is not { } memories || than.Memories is not { } others)
            return true;
        return memories.Fits != others.Fits ? memories.Fits : memories.Fits ? memories.Cost < others.Cost : rows.Bytes < than.Bytes;
    }

    private long Traffic(StaticArenaPlan of, long onChip)
    {
        if (!_traffic.TryGetValue(of.Operators, out long bytes))
            _traffic[of.Operators] = bytes = TrafficPlanner.Plan(of.Graph, of.Operators, onChip, new TrafficOptions { Width = ComparedWidth }, _task.Cancellation).Bytes;
        return bytes;
    }

    /// <summary>The model as it is, in the order of its file.</summary>
    private StaticArenaExecutorPlan InFileOrder(StaticArenaExecutorPlan instead)
    {
        (RewriteCost cost, StaticArenaPlan plan) = InOrder(FileOrder, instead);
        return Made(cost, InMemories(cost, plan), [], instead.Work with { Ratio = 1 }, instead.Unrewritten);
    }

    // In the graph of the source, whatever the order: which outputs share their parts may follow from the file.
    private (RewriteCost Cost, StaticArenaPlan Plan) InOrder(NodeOrder order, StaticArenaExecutorPlan instead)
    {
        StaticArenaGraph graph = GraphOfSource();
        StaticArenaPlan plan = StaticArenaPlanner.Plan(graph, [.. order.Names.Select(graph.Operator)], _task.Request.Alignment, null, _task.Cancellation);
        RewriteCandidate written = AccumulationChain.InOrder(RewriteCandidate.Unchanged(Today, Shapes.Main), order);
        return (new RewriteCost(written, plan.LivePeakBytes, instead.Unrewritten.LowerBoundBytes, NodeOrder.OfFile(written.Model.Graph), plan.Profile), plan);
    }

    private NodeOrder FileOrder
    {
        get
        {
            StaticArenaGraph graph = GraphOfSource();
            return graph.OrderOf(graph.FileOrder());
        }
    }

    /// <summary>The orders that the model runs in without a plan: its file's, and ONNX Runtime's.</summary>
    private NodeOrder[] OrdersOfToday() => [FileOrder, _runtimeOrder(Today.Graph)];

    private StaticArenaGraph GraphOfSource() => Arena.GraphOf(Today, Shapes.Main);

    private StaticArenaPlan InMemories(RewriteCost cost, StaticArenaPlan plan) => StaticArenaCost.InMemories(cost, plan, Arena);

    private StaticArenaExecutorPlan Made(RewriteCost cost, StaticArenaPlan plan, IReadOnlyList<AppliedRewrite> rewrites, WorkFacts work, RewriteCost unrewritten)
    {
        long bound = cost.LowerBoundBytes;
        // Which outputs share their parts follows from the order in the file, so an order that is taken for what it moves may need less than the graph that the bound is of can.
        if (plan.LivePeakBytes < bound)
        {
            bound = Scheduler.Solve(plan.Graph, Limits, _task.Cancellation).LowerBoundBytes;
            if (plan.ForTraffic is { } choice && choice.LeastBytes > plan.ArenaBytes)
                plan = plan with { ForTraffic = choice with { LeastBytes = plan.ArenaBytes, LeastLiveBytes = plan.LivePeakBytes } };
        }
        return new()
        {
            WrittenModel = AccumulationChain.Settle(cost.Written),
            Plan = plan,
            LeastLiveBytes = bound,
            Unrewritten = unrewritten,
            Start = Start,
            Reference = _task.Source.Reference,
            Shapes = cost.Written.Shapes,
            Rewrites = rewrites,
            Work = work,
        };
    }
}
