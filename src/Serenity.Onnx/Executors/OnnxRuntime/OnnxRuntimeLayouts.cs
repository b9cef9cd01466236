using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Layouts;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>
/// Plans a model in the blocked layout: from the rewritten model in its portable order, and from the model before rewrites; each with several prices on memory. Candidates are
/// compared as their orders stand, and the best is planned in full.
/// </summary>
internal sealed class OnnxRuntimeLayouts(PlanningTask task, OnnxRuntimeStarts starts, OnnxRuntimeSearch search)
{
    /// <summary>A layout may need so many times what the portable plan needs.</summary>
    private const double MostBytes = 4.0 / 3;

    /// <summary>A layout of more work, as a multiple of the portable model's, is not worth a file.</summary>
    private const double MostWork = 0.97;

    /// <summary>Weights are read whole and written again.</summary>
    private const long MostWeightBytes = 1L << 30;

    private const long StatesToCompare = 50_000;

    /// <summary>Prices of an element that fills a block, in work.</summary>
    private static readonly double[] _prices = [0, 1, 2, 4, 8, 16, 32, 64, 1e6];

    /// <summary>The plan in a layout.</summary>
    /// <param name="portable">The portable plan.</param>
    /// <param name="layout">The layout.</param>
    /// <param name="reason">Why there is none, as a clause.</param>
    public LayoutPlan? Plan(OnnxRuntimeExecutorPlan portable, PlanLayout layout, out string? reason)
    {
        reason = Obstacle(portable);
        if (reason is not null)
            return null;
        OnnxRuntimeExecutorPlan whole = portable.Whole as OnnxRuntimeExecutorPlan ?? portable;
        long bytes = search.Required(whole.Plan, whole.Shapes);
        WeightReader weights = new(task.Source.File.Path);
        int block = ChannelBlock.Of(layout);
        double work = Layout(whole, block, weights).PlainWork;
        IEnumerable<Candidate> candidates = Candidates(whole, block, weights).Where(c => c.Blocked.Work <= MostWork * work && c.Bytes <= MostBytes * bytes);
        reason = $"none was found that takes less work than the portable model and at most a third more memory";
        // A fifth more memory for a tenth less work, and no more.
        foreach (Candidate candidate in candidates.OrderBy(c => c.Blocked.Work * Math.Sqrt(Math.Max(1, (double)c.Bytes / bytes))).ThenBy(c => c.Bytes))
        {
            BlockedModel blocked = candidate.Blocked;
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(blocked.Model, blocked.Shapes, search.Options() with { First = NamesOf(blocked) }, cancellation: task.Cancellation);
            if (search.Required(plan, blocked.Shapes) > MostBytes * bytes)
                continue;
            reason = null;
            BlockedWeightCheck.Hold(blocked, weights);
            OnnxRuntimeExecutorPlan made = search.Made(plan, blocked.Shapes, candidate.From.Start, candidate.From.Rewrites, candidate.From.Work);
            return new LayoutPlan(layout, made, Math.Round(blocked.Work / work, 3), blocked.Convolutions, blocked.Reorders);
        }
        return null;
    }

    private static string? Obstacle(OnnxRuntimeExecutorPlan portable) =>
        portable.AsWritten is not null ? "the model is passed through as it is"
        : portable.Shapes.Varies.Count > 0 ? portable.Shapes.Formulas is null ? "sizes depend on data" : "dimensions have a range of sizes"
        : ModelTensors.All(portable.Model).Any(t => TensorData.IsExternal(t.Tensor)) ? "weights lie in external data"
        : ModelTensors.WeightBytes(portable.Model) > MostWeightBytes ? "weights take more than 1 GiB"
        : portable.Model.Graph.Node.Any(n => OperatorDomain.IsHardwareBound(n.Domain)) ? "the model was saved for one kind of processor"
        : null;

    private IEnumerable<Candidate> Candidates(OnnxRuntimeExecutorPlan whole, int block, WeightReader weights)
    {
        BlockedLayout layout = Layout(whole, block, weights);
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (double price in _prices)
        {
            if (layout.Choose(price) is not { } inBlocks || !known.Add(string.Concat(inBlocks.Select(b => b ? '1' : '0'))))
                continue;
            BlockedModel blocked = layout.Write(inBlocks);
            yield return new Candidate(whole, blocked, BytesAsItStands(blocked));
        }
        if (whole.Rewrites.Count == 0 && ReferenceEquals(whole.Start, starts.First))
            yield break;
        // Before rewrites, which make convolutions smaller: there may be less to gain by them in blocks.
        PlanStart start = starts.First;
        BlockedLayout before = new(start.Model, start.Shapes, start.Model.Graph.Node, block, weights);
        foreach (double price in (double[])[_prices[0], _prices[^1]])
        {
            if (before.Choose(price) is not { } inBlocks)
                continue;
            BlockedModel blocked = before.Write(inBlocks);
            OnnxRuntimePlanOptions options = search.Options() with { AskForShapes = false, FewestNodes = false, Veil = false, First = NamesOf(blocked) };
            options = options with { Schedule = options.Schedule with { StateLimit = Math.Min(options.Schedule.StateLimit, StatesToCompare) } };
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(blocked.Model, blocked.Shapes, options, cancellation: task.Cancellation);
            yield return new Candidate(whole with { Start = start, Rewrites = [] }, blocked, search.Required(plan, blocked.Shapes));
        }
    }

    private static BlockedLayout Layout(OnnxRuntimeExecutorPlan plan, int block, WeightReader weights) =>
        new(ModelCopy.WithGraph(plan.Plan.Model, plan.Plan.Graph.Graph), plan.Shapes, plan.Nodes, block, weights);

    /// <summary>What a model needs in the order of its file, which is the portable plan's, as if no shape were in the way.</summary>
    private long BytesAsItStands(BlockedModel blocked)
    {
        OrtGraph graph = new(blocked.Model.Graph);
        AllocationPlan plan = new AllocationSimulator(new AllocationModel(graph, blocked.Shapes), reusesFreed: false).Plan([.. Enumerable.Range(0, graph.NodeCount)]);
        return KernelWorkspace.Peak(graph, blocked.Shapes, plan, TargetKernels.Of(task.Request.Targets));
    }

    private static string[] NamesOf(BlockedModel blocked) => [.. blocked.Model.Graph.Node.Where(n => !ConstantNode.Is(n)).Select(n => n.Name)];

    private sealed record Candidate(OnnxRuntimeExecutorPlan From, BlockedModel Blocked, long Bytes);
}
