namespace Serenity.Planning.Placement;

/// <summary>Assigns offsets in one arena, at the proven lower bound where it can.</summary>
public static class ArenaPlanner
{
    /// <summary>Places all buffers.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ArenaPlan Place(ArenaProblem problem, ArenaOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(problem);
        cancellation.ThrowIfCancellationRequested();
        _ = options;
        throw new NotImplementedException();
    }
}
