using Serenity.Onnx.Contract;
using Serenity.Onnx.Models;
using Serenity.Planning;
using Serenity.Planning.Placement;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>A model in its arena: schedule, offsets and what is live when.</summary>
/// <param name="Order">The order in which its nodes run.</param>
/// <param name="Profile">Live bytes during each step.</param>
/// <param name="LivePeakBytes">The largest of <paramref name="Profile"/>; for a model without operators, the bytes of its outputs.</param>
/// <param name="Placement">Offsets, arena size, and the bound of the placement.</param>
/// <param name="Program">Steps, and every value in the arena, with the scratch of operators.</param>
/// <param name="PeakStep">What is live at the first step of the peak; null for a model without operators.</param>
internal sealed record StaticArenaPlan(
    NodeOrder Order, IReadOnlyList<long> Profile, long LivePeakBytes, ArenaPlan Placement,
    ExecutionProgram Program, PeakStep? PeakStep)
{
    /// <summary>Node names in execution order; Constant nodes, which are weights, are left out.</summary>
    public IReadOnlyList<string> Schedule { get; } = [.. Order.Names];

    /// <summary>The memory graph.</summary>
    public required MemoryGraph Graph { get; init; }

    /// <summary>Its operators in execution order.</summary>
    public required int[] Operators { get; init; }

    /// <summary>How the memories of the device are used; null where the plan is for one.</summary>
    public MemoriesFacts? Memories { get; init; }

    /// <summary>How far the arena could grow for less traffic; null where the order was not chosen for that.</summary>
    public TrafficChoice? ForTraffic { get; init; }

    /// <summary>Bytes of the arena; over several memories, of activations in all of them.</summary>
    public long ArenaBytes => Placement.SizeBytes;
}
