using Serenity.Onnx.Contract;
using Serenity.Planning.Scheduling;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>How far planning for ONNX Runtime may go.</summary>
internal sealed record OnnxRuntimePlanOptions
{
    /// <summary>Limits of the search for the least live peak.</summary>
    public ScheduleOptions Schedule { get; init; } = ScheduleOptions.Default;

    /// <summary>Names of all nodes, Constant nodes left out, in a topological order that the search is to begin with; null for none.</summary>
    public IReadOnlyList<string>? First { get; init; }

    /// <summary>Orders that may be simulated when looking for the least simulated peak, for a graph of up to a thousand nodes; larger ones
    /// get fewer in proportion, so that the effort stays the same. It is only made where reuse of freed buffers raises the peak.</summary>
    public int Evaluations { get; init; } = 1_000;

    /// <summary>Hide shapes from ONNX Runtime's planner where its reuse of freed buffers would raise the peak.</summary>
    public bool Veil { get; init; } = true;

    /// <summary>Spend work on adding fewer nodes: anchors that only hold an order no better than the one without them, and veils that
    /// lower nothing. Not worth it for a plan that is only compared with others.</summary>
    public bool FewestNodes { get; init; } = true;

    /// <summary>
    /// Ask ONNX Runtime which shapes it knows before a run, since buffers of unknown shape are not reused. Without, all are taken as known:
    /// planning then needs no ONNX Runtime.
    /// </summary>
    public bool AskForShapes { get; init; } = true;

    /// <summary>Architectures whose kernels' scratch tells orders of one peak apart; empty for this machine's.</summary>
    public IReadOnlyList<TargetArchitecture> Targets { get; init; } = [];

    /// <summary>The defaults.</summary>
    public static OnnxRuntimePlanOptions Default { get; } = new();
}
