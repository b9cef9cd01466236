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
/// Plans a model in the blocked layout: from the portable plan, with its regions in pieces and without, and from the model before rewrites; each with several prices on memory.
/// Candidates are compared as their orders stand, and the best is planned in full.
/// </summary>
internal sealed class OnnxRuntimeLayouts(PlanningTask task, OnnxRuntimeStarts starts, OnnxRuntimeSearch search)
{
    /// <summary>A layout may need so many times what the portable plan needs that has nothing in pieces.</summary>
    private const double MostBytes = 2.5;

    /// <summary>A layout of more predicted time, as a multiple of the portable model's, is not worth a file.</summary>
    private const double MostTime = 0.97;

    /// <summary>Predicted time that is as good as a default session's, as a multiple of what that takes at least.</summary>
    private const double EnoughTime = 1.05;

    /// <summary>Weights are read whole and written again.</summary>
    private const long MostWeightBytes = 1L << 30;

    private const long StatesToCompare = 50_000;

    /// <summary>Where the best layout is over the bytes that were asked for: how many others are planned, and by what they may be over as they stand.</summary>
    private const int MostOthers = 8;
    private const double MayShrink = 1.25;

    /// <summary>How often what stands at the peak is kept out of blocks that it would not fill.</summary>
    private const int MostRounds = 8;

    /// <summary>Prices of an element that fills a block, in nanoseconds.</summary>
    private static readonly double[] _prices = [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 1e5];

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
        long bytes = Required(whole.Plan, whole.Shapes), own = Required(portable.Plan, portable.Shapes);
        WeightReader weights = new(task.Source.File.Path);
        int block = ChannelBlock.Of(layout);
        BlockedLayout source = new(starts.First.Model, starts.First.Shapes, starts.First.Model.Graph.Node, block, weights);
        // A session with default options is at best as fast as the fastest layout of the model as it was.
        double plain = Layout(portable, block, weights).PlainWork;
        double usual = source.Choose(0) is { } fastest ? Math.Min(source.Write(fastest, isDraft: true).Work, source.PlainWork) : source.PlainWork;
        IEnumerable<Candidate> candidates = Candidates(portable, whole, source, block, weights).Where(c => c.Work <= MostTime * plain && c.Bytes <= MostBytes * bytes);
        reason = $"none was found that takes less time than the portable model and at most two and a half times its memory";
        double least = Score(plain, own);
        double within = task.Request.LayoutBytes is { } most ? most / task.Request.Concurrency : double.PositiveInfinity;
        LayoutPlan? best = null;
        int others = 0;
        foreach (Candidate candidate in candidates.OrderBy(c => Score(c.Work, c.Bytes)).ThenBy(c => c.Bytes))
        {
            if (Score(candidate.Work, candidate.Bytes) >= least || others > MostOthers)
                break;
            if (best is not null && candidate.Bytes > MayShrink * within)
                continue;
            BlockedModel blocked = candidate.Layout.Write(candidate.InBlocks);
            OnnxRuntimePlanOptions options = ReferenceEquals(candidate.From, whole) || candidate.From.Whole is null ? search.Options() : search.PieceOptions(search.Options());
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(blocked.Model, blocked.Shapes, options with { First = NamesOf(blocked) }, cancellation: task.Cancellation);
            long required = Required(plan, blocked.Shapes);
            if (required > MostBytes * bytes || (best is not null && others++ >= 0 && required > within))
                continue;
            reason = null;
            BlockedWeightCheck.Hold(blocked, weights);
            OnnxRuntimeExecutorPlan made = search.Made(plan, blocked.Shapes, candidate.From.Start, candidate.From.Rewrites, candidate.From.Work);
            LayoutPlan found = new(layout, made, Math.Round(blocked.Work / plain, 3), blocked.Convolutions, blocked.Reorders);
            if (required <= within)
                return found;
            best ??= found;
        }
        return best;

        // A tenth less time is worth a fifth more memory, as long as it is not faster than a default session anyway; what is slower has to save far more.
        double Score(double time, long required)
        {
            double slower = Math.Max(1, time / (EnoughTime * usual));
            return Math.Max(time, usual) * Math.Sqrt((double)required / bytes) * (slower * slower * slower * slower);
        }
    }

    private static string? Obstacle(OnnxRuntimeExecutorPlan portable) =>
        portable.AsWritten is not null ? "the model is passed through as it is"
        : portable.Shapes.Varies.Count > 0 ? portable.Shapes.Formulas is null ? "sizes depend on data" : "dimensions have a range of sizes"
        : ModelTensors.All(portable.Model).Any(t => TensorData.IsExternal(t.Tensor)) ? "weights lie in external data"
        : ModelTensors.WeightBytes(portable.Model) > MostWeightBytes ? "weights take more than 1 GiB"
        : portable.Model.Graph.Node.Any(n => OperatorDomain.IsHardwareBound(n.Domain)) ? "the model was saved for one kind of processor"
        : null;

    private IEnumerable<Candidate> Candidates(OnnxRuntimeExecutorPlan portable, OnnxRuntimeExecutorPlan whole, BlockedLayout source, int block, WeightReader weights)
    {
        foreach (OnnxRuntimeExecutorPlan plan in ReferenceEquals(portable, whole) ? [whole] : (OnnxRuntimeExecutorPlan[])[portable, whole])
        {
            BlockedLayout layout = Layout(plan, block, weights);
            HashSet<string> known = new(StringComparer.Ordinal);
            foreach (double price in _prices)
            {
                HashSet<string> dear = new(StringComparer.Ordinal);
                for (int round = 0; round < MostRounds; round++)
                {
                    if (layout.Choose(price, dear) is not { } inBlocks || !known.Add(string.Concat(inBlocks.Select(b => b ? '1' : '0'))))
                        break;
                    BlockedModel blocked = layout.Write(inBlocks, isDraft: true);
                    long bytes = BytesAsItStands(blocked, out IEnumerable<string> atThePeak);
                    yield return new Candidate(plan, layout, inBlocks, blocked.Work, bytes);
                    int before = dear.Count;
                    dear.UnionWith(atThePeak);
                    if (dear.Count == before)
                        break;
                }
            }
            // The cut prices no scratch, which convolutions in blocks do without: where all stand in them there is none.
            bool[] all = layout.All();
            if (known.Add(string.Concat(all.Select(b => b ? '1' : '0'))) && layout.Write(all, isDraft: true) is { Convolutions: > 0 } inAll)
                yield return new Candidate(plan, layout, all, inAll.Work, BytesAsItStands(inAll, out _));
        }
        if (whole.Rewrites.Count == 0 && ReferenceEquals(whole.Start, starts.First))
            yield break;
        // Before rewrites, which make convolutions smaller: there may be less to gain by them in blocks.
        foreach (double price in (double[])[_prices[0], _prices[^1]])
        {
            if (source.Choose(price) is not { } inBlocks)
                continue;
            BlockedModel blocked = source.Write(inBlocks, isDraft: true);
            OnnxRuntimePlanOptions options = search.Options() with { AskForShapes = false, FewestNodes = false, Veil = false, First = NamesOf(blocked) };
            options = options with { Schedule = options.Schedule with { StateLimit = Math.Min(options.Schedule.StateLimit, StatesToCompare) } };
            OnnxRuntimePlan plan = OnnxRuntimePlanner.Plan(blocked.Model, blocked.Shapes, options, cancellation: task.Cancellation);
            yield return new Candidate(whole with { Start = starts.First, Rewrites = [] }, source, inBlocks, blocked.Work, BytesAsItStands(blocked, out _, [.. plan.Schedule]));
        }
    }

    private static BlockedLayout Layout(OnnxRuntimeExecutorPlan plan, int block, WeightReader weights) =>
        new(ModelCopy.WithGraph(plan.Plan.Model, plan.Plan.Graph.Graph), plan.Shapes, plan.Nodes, block, weights);

    /// <summary>What a model needs as if no shape were in the way.</summary>
    /// <param name="blocked">The model.</param>
    /// <param name="atThePeak">Images that are held where it needs most, and do not fill their blocks.</param>
    /// <param name="order">Names of its nodes in the order to take; null for that of its file, which is the portable plan's.</param>
    private long BytesAsItStands(BlockedModel blocked, out IEnumerable<string> atThePeak, IReadOnlyList<string>? order = null)
    {
        OrtGraph graph = new(blocked.Model.Graph);
        int[] steps = [.. Enumerable.Range(0, graph.NodeCount)];
        if (order is not null)
        {
            Dictionary<string, int> place = order.Select((name, i) => (name, i)).ToDictionary(n => n.name, n => n.i, StringComparer.Ordinal);
            Array.Sort(steps, (a, b) => place[graph.Node(a).Name].CompareTo(place[graph.Node(b).Name]));
        }
        AllocationPlan plan = new AllocationSimulator(new AllocationModel(graph, blocked.Shapes), reusesFreed: false).Plan(steps);
        int step = Array.IndexOf(plan.Profile, plan.Peak);
        atThePeak = plan.Buffers.Where(b => b.FirstStep <= step && b.LastStep >= step).Select(b => blocked.SourceOf.GetValueOrDefault(graph.Name(b.Owner)))
            .OfType<string>().Where(image => blocked.Shapes.Find(image)!.Dims[1] % blocked.Block != 0);
        return Required(graph, blocked.Shapes, plan);
    }

    private long Required(OnnxRuntimePlan plan, ShapeTable shapes) => Required(plan.Graph, shapes, plan.Allocations);

    /// <summary>A plan's peak with its kernels' scratch, which convolutions in blocks do not take; types of weights that rewrites made are not among the shapes.</summary>
    private long Required(OrtGraph graph, ShapeTable shapes, AllocationPlan plan)
    {
        Dictionary<string, TensorType> types = new(shapes.Types, StringComparer.Ordinal);
        foreach (TensorProto weight in graph.Graph.Initializer)
            types.TryAdd(weight.Name, new TensorType((TensorProto.Types.DataType)weight.DataType, [.. weight.Dims]));
        return KernelWorkspace.Peak(graph, shapes with { Types = types }, plan, TargetKernels.Of(task.Request.Targets));
    }

    private static string[] NamesOf(BlockedModel blocked) => [.. blocked.Model.Graph.Node.Where(n => !ConstantNode.Is(n)).Select(n => n.Name)];

    private sealed record Candidate(OnnxRuntimeExecutorPlan From, BlockedLayout Layout, bool[] InBlocks, double Work, long Bytes);
}
