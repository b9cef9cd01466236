using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>
/// Looks for the order with the least simulated peak: the order of least live peak, the order the file has today, and what moving single
/// nodes near the peak makes of the better one. Deterministic, and bounded in orders simulated.
/// </summary>
internal sealed class SimulatedPeakSearch
{
    /// <summary>How far from the step of the peak nodes are moved.</summary>
    private const int Reach = 24;

    private readonly MemoryGraph _memory;
    private readonly ScheduleResult _least;
    private readonly OnnxRuntimePlanOptions _options;
    private readonly CancellationToken _cancellation;

    public SimulatedPeakSearch(MemoryGraph memory, ScheduleResult least, OnnxRuntimePlanOptions options, CancellationToken cancellation)
    {
        _memory = memory;
        _least = least;
        _options = options;
        _cancellation = cancellation;
    }

    /// <summary>Orders simulated so far.</summary>
    public long Evaluations { get; private set; }

    /// <summary>Orders from the best found to the one that is executed today, which can always be pinned.</summary>
    /// <param name="model">Sizes and rules, and what ONNX Runtime knows of shapes.</param>
    /// <param name="today">The order that is executed today.</param>
    public IReadOnlyList<(long Peak, int[] Order)> Run(AllocationModel model, int[] today)
    {
        AllocationSimulator simulator = new(model);
        List<(long Peak, int[] Order)> found = [(Cost(simulator, today).Peak, today), (Cost(simulator, _least.Order).Peak, _least.Order)];
        int[] start = found[1].Peak <= found[0].Peak ? _least.Order : today;
        if (Math.Min(found[0].Peak, found[1].Peak) > _least.PeakBytes && Improve(simulator, start) is { } better)
            found.Add(better);
        return [.. found.OrderBy(entry => entry.Peak)];
    }

    /// <summary>
    /// Moves one node at a time to the ends of where it may stand, or to either side of the peak, as long as that lowers the peak or the
    /// number of steps at it.
    /// </summary>
    private (long Peak, int[] Order)? Improve(AllocationSimulator simulator, int[] start)
    {
        int n = start.Length;
        long limit = Evaluations + Math.Max(16, (long)_options.Evaluations * 1000 / Math.Max(n, 1000));
        int[] best = [.. start], trial = new int[n], position = new int[n];
        (long Peak, int Steps, int First) cost = Cost(simulator, best), before = cost;
        bool improved = true;
        while (improved && cost.Peak > _least.PeakBytes)
        {
            improved = false;
            for (int i = 0; i < n; i++)
                position[best[i]] = i;
            int peak = cost.First;
            for (int from = Math.Max(0, peak - Reach); from <= Math.Min(n - 1, peak + Reach) && !improved; from++)
            {
                (int earliest, int latest) = Room(best[from], position, n);
                foreach (int to in (ReadOnlySpan<int>)[earliest, latest, peak - 1, peak, peak + 1])
                {
                    if (to < earliest || to > latest || to == from)
                        continue;
                    if (Evaluations >= limit)
                        return cost.Peak < before.Peak ? (cost.Peak, best) : null;
                    Move(best, trial, from, to);
                    (long Peak, int Steps, int First) moved = Cost(simulator, trial);
                    if (moved.Peak < cost.Peak || (moved.Peak == cost.Peak && moved.Steps < cost.Steps))
                    {
                        (best, trial) = (trial, best);
                        cost = moved;
                        improved = true;
                        break;
                    }
                }
            }
        }
        return cost.Peak < before.Peak ? (cost.Peak, best) : null;
    }

    /// <summary>The first and the last place where a node may stand, all others staying in order.</summary>
    private (int Earliest, int Latest) Room(int node, int[] position, int n)
    {
        int earliest = 0, latest = n - 1;
        foreach (int before in _memory.Predecessors(node))
            earliest = Math.Max(earliest, position[before] + 1);
        foreach (int after in _memory.Successors(node))
            latest = Math.Min(latest, position[after] - 1);
        return (earliest, latest);
    }

    private static void Move(int[] order, int[] result, int from, int to)
    {
        order.CopyTo(result, 0);
        if (to > from)
            Array.Copy(order, from + 1, result, from, to - from);
        else
            Array.Copy(order, to, result, to + 1, from - to);
        result[to] = order[from];
    }

    private (long Peak, int Steps, int First) Cost(AllocationSimulator simulator, int[] order)
    {
        _cancellation.ThrowIfCancellationRequested();
        Evaluations++;
        return simulator.Cost(order);
    }
}
