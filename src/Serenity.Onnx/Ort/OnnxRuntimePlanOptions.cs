using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Ort;

/// <summary>How far planning for ONNX Runtime may go.</summary>
public sealed record OnnxRuntimePlanOptions
{
    /// <summary>Limits of the search for the least live peak.</summary>
    public ScheduleOptions Schedule { get; init; } = ScheduleOptions.Default;

    /// <summary>Orders whose cost may be simulated when looking for the least simulated peak, per thousand nodes of the graph; smaller
    /// graphs get more of them, so that the effort stays about the same.</summary>
    public int Evaluations { get; init; } = 2_000;

    /// <summary>Hide shapes from ONNX Runtime's planner where its reuse of freed buffers would raise the peak.</summary>
    public bool Veil { get; init; } = true;

    /// <summary>The defaults.</summary>
    public static OnnxRuntimePlanOptions Default { get; } = new();
}
