using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Models;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Rewrites.Sums;
using Serenity.Planning;
using Serenity.Planning.Placement;
using Serenity.Planning.Scheduling;
using Serenity.Planning.Traffic;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>What a candidate of the rewrite stage costs in a static arena.</summary>
internal static class StaticArenaCost
{
    /// <summary>Orders of equal peak that are tried, and the states that each placement of one may take.</summary>
    private const int OtherOrders = 8, OtherOrderStates = 30_000;

    /// <summary>Peaks at which an order is looked for that moves no more.</summary>
    private const int LowerPeaks = 5;

    private static readonly TrafficOrderOptions _quick = new() { Width = 256, Work = 5_000_000, LocalSteps = 10_000 };

    /// <summary>Schedules a candidate and writes its accumulation groups down in the order found.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="task">What is asked.</param>
    /// <param name="options">Limits of the search.</param>
    /// <returns>The cost; the file order of what it would be written as is the order found. Null where <see cref="ScheduleOptions.Enough"/> is set and was not reached.</returns>
    /// <exception cref="Diagnostics.SerenityException">SER1301: the model has values that no fixed block of memory can hold.</exception>
    internal static RewriteCost? TryOf(RewriteCandidate candidate, ArenaTask task, ScheduleOptions options)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        StaticArenaGraph graph = task.GraphOf(candidate);
        ScheduleResult schedule = Scheduler.Solve(graph.Graph, options, task.Cancellation);
        if (schedule.PeakBytes > options.Enough)
            return null;
        // Without operators there is nothing to order: the inputs that are outputs are all there is.
        long bound = graph.Nodes.Count == 0 ? schedule.PeakBytes : schedule.LowerBoundBytes;
        RewriteCandidate written = AccumulationChain.InOrder(candidate, graph.OrderOf(schedule.Order));
        return new RewriteCost(written, schedule.PeakBytes, bound, NodeOrder.OfFile(written.Model.Graph), LiveProfile.Compute(graph.Graph, schedule.Order));
    }

    /// <summary>Lays a costed candidate out in its arena.</summary>
    /// <param name="cost">The cost, with the order found.</param>
    /// <param name="task">What is asked.</param>
    public static StaticArenaPlan Plan(RewriteCost cost, ArenaTask task)
    {
        ArgumentNullException.ThrowIfNull(cost);
        StaticArenaGraph graph = task.GraphOf(cost.Written);
        return StaticArenaPlanner.Plan(graph, graph.FileOrder(), task.Request.Alignment, null, task.Cancellation);
    }

    /// <summary>Where the buffers of one schedule could not be placed within its live peak, tries others of the same peak before the arena grows.</summary>
    /// <param name="cost">The cost, with the order found.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="task">What is asked.</param>
    /// <returns>The order and the plan with the smallest arena; those given unless another is smaller.</returns>
    public static (RewriteCost Cost, StaticArenaPlan Plan) TryOtherOrders(RewriteCost cost, StaticArenaPlan plan, ArenaTask task)
    {
        ArgumentNullException.ThrowIfNull(cost);
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.ArenaBytes <= plan.LivePeakBytes)
            return (cost, plan);
        StaticArenaGraph graph = task.GraphOf(cost.Written);
        int[]? better = null;
        foreach (int[] other in EqualPeakSchedules.Of(graph.Graph, graph.FileOrder(), OtherOrders))
        {
            StaticArenaPlan tried = StaticArenaPlanner.Plan(graph, other, task.Request.Alignment, ArenaOptions.Default with { StateLimit = OtherOrderStates }, task.Cancellation);
            if (tried.ArenaBytes < plan.ArenaBytes)
                (plan, better) = (tried, other);
            if (plan.ArenaBytes <= plan.LivePeakBytes)
                break;
        }
        if (better is null)
            return (cost, plan);
        RewriteCandidate written = AccumulationChain.InOrder(cost.Written, graph.OrderOf(better));
        return (cost with { Written = written, Order = NodeOrder.OfFile(written.Model.Graph), Profile = plan.Profile }, plan);
    }

    /// <summary>Where the live peak is larger than the chip: another order with less traffic, within some bytes of arena, if one is found; of equal traffic the one that needs less.</summary>
    /// <param name="cost">The cost, with the order found.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="mostBytes">The most that the arena may take; never less than <paramref name="plan"/> does.</param>
    /// <param name="others">Other orders of its nodes, from which the search begins too.</param>
    /// <param name="task">What is asked.</param>
    public static (RewriteCost Cost, StaticArenaPlan Plan) ForTraffic(RewriteCost cost, StaticArenaPlan plan, long mostBytes, IReadOnlyList<NodeOrder> others, ArenaTask task)
    {
        ArgumentNullException.ThrowIfNull(cost);
        ArgumentNullException.ThrowIfNull(plan);
        if (task.Request.OnChip is not { } capacity || plan.LivePeakBytes <= capacity)
            return (cost, plan);
        StaticArenaGraph graph = task.GraphOf(cost.Written);
        int[] order = graph.FileOrder();
        ScheduleResult least = new(order, plan.LivePeakBytes, cost.LowerBoundBytes, 0, SearchStop.StateLimit);
        int[][] starts = [.. others.Select(o => o.Names.Select(graph.Operator).ToArray())];
        TrafficOrderResult found = TrafficOrder.Find(graph.Graph, least, capacity, mostBytes, starts, cancellation: task.Cancellation);
        plan = plan with { ForTraffic = new TrafficChoice(plan.ArenaBytes, plan.LivePeakBytes, mostBytes, found.LowerBoundBytes) };
        foreach (int[] candidate in Candidates())
        {
            if (candidate.AsSpan().SequenceEqual(order))
                return (cost, plan);
            StaticArenaPlan other = StaticArenaPlanner.Plan(graph, candidate, task.Request.Alignment, null, task.Cancellation) with { ForTraffic = plan.ForTraffic };
            if (other.ArenaBytes > mostBytes)
                continue;
            RewriteCandidate written = AccumulationChain.InOrder(cost.Written, graph.OrderOf(candidate));
            return (cost with { Written = written, Order = NodeOrder.OfFile(written.Model.Graph), Profile = other.Profile, PeakBytes = other.LivePeakBytes }, other);
        }
        return (cost, plan);

        // Lazily: where the first can be placed, no other is looked for.
        IEnumerable<int[]> Candidates()
        {
            yield return AtLowerPeak(graph.Graph, least, capacity, found, task);
            yield return found.Order;
            yield return TrafficOrder.Find(graph.Graph, least, capacity, null, null, _quick, task.Cancellation).Order;
        }
    }

    // An order that moves no more, at a lower peak if there is one.
    private static int[] AtLowerPeak(MemoryGraph graph, ScheduleResult least, long capacity, TrafficOrderResult found, ArenaTask task)
    {
        int[] best = found.Order;
        long below = least.PeakBytes - 1, peak = LiveProfile.Peak(graph, best);
        for (int i = 0; i < LowerPeaks && below + 1 < peak; i++)
        {
            // The least first, which is where most are.
            long most = i == 0 ? least.PeakBytes : below + ((peak - below) / 2);
            TrafficOrderResult other = TrafficOrder.Find(graph, least, capacity, most, null, _quick, task.Cancellation);
            if (other.Plan.Bytes > found.Plan.Bytes)
                below = most;
            else
                (best, peak) = (other.Order, LiveProfile.Peak(graph, other.Order));
        }
        return best;
    }

    /// <summary>Lays a costed candidate out in the memories of a device.</summary>
    /// <param name="cost">The cost, with the order found.</param>
    /// <param name="inOne">Its plan in one arena, which is the plan where no memories are given.</param>
    /// <param name="task">What is asked.</param>
    public static StaticArenaPlan InMemories(RewriteCost cost, StaticArenaPlan inOne, ArenaTask task)
    {
        ArgumentNullException.ThrowIfNull(cost);
        if (task.Request.Memories is not { } memories)
            return inOne;
        StaticArenaGraph graph = task.GraphOf(cost.Written);
        return PooledPlanner.Plan(graph, graph.FileOrder(), inOne, memories, task.Request.Alignment, task.Cancellation);
    }
}
