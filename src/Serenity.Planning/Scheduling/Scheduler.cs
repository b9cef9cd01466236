namespace Serenity.Planning.Scheduling;

/// <summary>Finds the schedule with the least live peak, and proves it.</summary>
public static class Scheduler
{
    /// <summary>Finds a schedule of least peak.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">Limits and techniques.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ScheduleResult Solve(MemoryGraph graph, ScheduleOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        cancellation.ThrowIfCancellationRequested();
        _ = options;
        throw new NotImplementedException();
    }
}
