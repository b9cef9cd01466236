namespace Serenity.Onnx.Pipeline;

/// <summary>Takes one model the whole way: load, shapes, rewrite, memory graph, schedule, place, pin, verify.</summary>
public static class ModelOptimizer
{
    /// <summary>Optimizes one model. Reads files, writes none.</summary>
    /// <param name="request">The model and its options.</param>
    /// <param name="cancellation">Ends the work at once.</param>
    /// <exception cref="Diagnostics.SerenityException">The model cannot be optimized; says why.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static OptimizationResult Optimize(OptimizeRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellation.ThrowIfCancellationRequested();
        throw new NotImplementedException();
    }
}
