using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>A model pinned to an order, and what ONNX Runtime allocates for it.</summary>
/// <param name="Model">The pinned model: nodes laid out anew, anchors added, shapes stated or veiled where that lowers the peak.</param>
/// <param name="Graph">The index of the source graph, which node and value indices here refer to.</param>
/// <param name="Allocations">Every buffer of the order.</param>
/// <param name="OriginalPeak">Bytes that the source model costs as it is executed today.</param>
/// <param name="OriginalProfile">Bytes during each step of the source model as it is executed today.</param>
/// <param name="LivePeak">Live peak of the order: what its tensors alone need, buffers held through gaps not counted.</param>
/// <param name="LowerBound">Bytes that the live peak of no order can go under, and so no simulated peak either.</param>
/// <param name="Anchors">How many nodes were added, all of no bytes: anchors that hold the order, and the veil's.</param>
/// <param name="Evaluations">Orders that were simulated.</param>
internal sealed record OnnxRuntimePlan(
    ModelProto Model, OrtGraph Graph, AllocationPlan Allocations, long OriginalPeak, long[] OriginalProfile, long LivePeak,
    long LowerBound, int Anchors, long Evaluations)
{
    /// <summary>Nodes of <see cref="Graph"/> in executed order, added nodes left out.</summary>
    public int[] Order => Allocations.Order;

    /// <summary>Bytes that ONNX Runtime allocates for the order at its peak, kernel workspace not counted.</summary>
    public long SimulatedPeak => Allocations.Peak;

    /// <summary>Bytes that it allocates at least, where control flow takes its cheapest ways; equal to <see cref="SimulatedPeak"/> where
    /// the model alone says which ways are taken.</summary>
    public long LeastPeak => Allocations.LeastPeak;

    /// <summary>Nodes of whose subgraphs the memory is not planned, since sizes in them depend on the data.</summary>
    public IReadOnlyList<string> UnplannedBodies { get; init; } = [];

    /// <summary>True if no order can cost less in ONNX Runtime either.</summary>
    public bool IsOptimal => SimulatedPeak == LowerBound;

    /// <summary>Names of the nodes in executed order.</summary>
    public IEnumerable<string> Schedule => Order.Select(node => Graph.Node(node).Name);
}
