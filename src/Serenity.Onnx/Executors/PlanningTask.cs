using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Executors;

/// <summary>One model to plan.</summary>
/// <param name="Request">What is asked.</param>
/// <param name="Source">The model, ready to be planned.</param>
/// <param name="Warn">Takes what is to be said of the model, in the order in which it is found.</param>
/// <param name="Cancellation">Ends the work at once.</param>
internal sealed record PlanningTask(OptimizeRequest Request, SourceModel Source, Action<SerenityDiagnostic> Warn, CancellationToken Cancellation)
{
    /// <summary>
    /// True if the model widens weights of float16 in every run, since their file is to stay small: a kernel then adds up in another order than one that was given them wide.
    /// </summary>
    public bool WidensAtRun { get; } = Request.Precision == Precision.Float32KeepWeights && WidenedModel.WidensAtRun(Source);
}
