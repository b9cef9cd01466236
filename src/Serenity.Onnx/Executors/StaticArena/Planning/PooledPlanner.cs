using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Planning.Placement;
using Serenity.Planning.Placement.Pools;

namespace Serenity.Onnx.Executors.StaticArena.Planning;

/// <summary>Lays a scheduled model out in the memories of a device, so that its accesses cost the least; see docs/memory-levels.md.</summary>
internal static class PooledPlanner
{
    /// <summary>Costs are counted in thousandths.</summary>
    private const double CostUnit = 1000;

    /// <summary>The plan over several memories.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="order">All operators, in execution order.</param>
    /// <param name="inOne">The plan of the same order in one arena.</param>
    /// <param name="memories">The memories; one of them at least holds activations.</param>
    /// <param name="alignment">Alignment of offsets in bytes; a power of two.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public static StaticArenaPlan Plan(
        StaticArenaGraph graph, int[] order, StaticArenaPlan inOne, IReadOnlyList<DeviceMemory> memories, int alignment, CancellationToken cancellation = default)
    {
        ArenaLayout layout = new(graph, order, alignment, tieAll: false);
        (PoolProblem problem, IReadOnlyList<string> weights) = ProblemOf(graph, order, layout, memories);
        int cheapest = memories.Select((memory, index) => (memory, index)).Where(m => m.memory.Holds != MemoryUse.Weights).MinBy(m => m.memory.Cost).index;
        // With one memory the plan is the arena of always; it may be too large for it.
        if (memories is [{ Holds: MemoryUse.Activations }])
            return InCheapest(inOne, problem, memories, cheapest) with { Program = inOne.Program };
        // And what fits into the cheapest memory is that arena, there.
        if (weights.Count == 0 && inOne.ArenaBytes <= memories[cheapest].Bytes)
            return InCheapest(inOne, problem, memories, cheapest);
        PoolPlan plan = PoolPlanner.Place(problem, cancellation: cancellation);
        if (PoolValidator.FindFault(problem, plan) is { } fault)
            throw new InvalidOperationException($"The plan over {memories.Count} memories does not hold: {fault}");

        int buffers = layout.Problem.Buffers.Length;
        long[] used = [.. plan.UsedBytes];
        List<PlacedWeight> lying = [];
        for (int w = 0; w < weights.Count; w++)
        {
            BufferPlace place = plan.Places[buffers + w];
            long bytes = problem.Buffers[buffers + w].Buffer.Bytes;
            used[place.Pool] -= bytes;
            lying.Add(new PlacedWeight(weights[w], bytes, memories[place.Pool].Name, place.Offset));
        }
        MemoriesFacts facts = new(
            [.. memories.Select((memory, index) => UsedMemory.Of(memory, plan.UsedBytes[index])).Select((memory, index) => plan.Fits ? memory : WithLeast(memory, index))],
            plan.Cost / CostUnit, plan.LowerBoundCost / CostUnit, lying);
        ArenaPlan placement = new([.. plan.Places.Take(buffers).Select(p => p.Offset)], Math.Max(used.Sum(), inOne.LivePeakBytes), inOne.Placement.LowerBoundBytes, plan.States);
        PlacedProgram placed = new(graph, order, layout, (buffer, first, last) => PlaceOf(plan.Places[buffer], memories, first, last));
        return inOne with { Placement = placement, Program = placed.Program(), Memories = facts };

        UsedMemory WithLeast(UsedMemory memory, int index) =>
            PoolSizes.Least(problem, index, cancellation: cancellation) is { } least ? memory with { LeastBytes = least.Bytes, MayBeLess = least.IsLeast ? null : true } : memory;
    }

    /// <summary>The placement problem, and the names of the weights that its last buffers are.</summary>
    internal static (PoolProblem Problem, IReadOnlyList<string> Weights) ProblemOf(StaticArenaGraph graph, int[] order, ArenaLayout layout, IReadOnlyList<DeviceMemory> memories)
    {
        ulong forActivations = 0, forWeights = 0;
        for (int m = 0; m < memories.Count; m++)
        {
            forActivations |= memories[m].Holds is MemoryUse.Activations or MemoryUse.Both ? 1UL << m : 0;
            forWeights |= memories[m].Holds is MemoryUse.Weights or MemoryUse.Both ? 1UL << m : 0;
        }
        IReadOnlyList<BufferAccess>[] accesses = BufferAccesses.Of(graph, order, layout);
        List<PooledBuffer> buffers = [.. layout.Problem.Buffers.Select((buffer, index) => new PooledBuffer(buffer, accesses[index], forActivations))];
        List<string> names = [];
        if (forWeights != 0)
        {
            foreach ((string name, long bytes, IReadOnlyList<BufferAccess> uses) in BufferAccesses.OfWeights(graph, order))
            {
                names.Add(name);
                buffers.Add(new PooledBuffer(new ArenaBuffer(0, Math.Max(order.Length, 1), bytes), uses, forWeights, Moves: false));
            }
        }
        ArenaPool[] pools = [.. memories.Select(memory => new ArenaPool(memory.Bytes, (long)Math.Round(memory.Cost * CostUnit)))];
        return (new PoolProblem(pools, [.. buffers], layout.Problem.Links, layout.Problem.Alignment), names);
    }

    // With one memory that is too small, what the arena needs.
    private static long? LeastOfOne(StaticArenaPlan inOne, DeviceMemory memory) =>
        inOne.ArenaBytes <= memory.Bytes ? null : (inOne.ArenaBytes + PoolSizes.Unit - 1) / PoolSizes.Unit * PoolSizes.Unit;

    private static StaticArenaPlan InCheapest(StaticArenaPlan inOne, PoolProblem problem, IReadOnlyList<DeviceMemory> memories, int cheapest)
    {
        long cost = problem.Buffers.Sum(b => b.Accesses.Sum(a => a.Count * b.Buffer.Bytes)) * problem.Pools[cheapest].AccessCost;
        return inOne with
        {
            Program = inOne.Program with { Buffers = [.. inOne.Program.Buffers.Select(b => b.Offset is null ? b : b with { Memory = memories[cheapest].Name })] },
            Memories = new MemoriesFacts(
                [.. memories.Select((memory, index) => index == cheapest
                    ? UsedMemory.Of(memory, inOne.ArenaBytes) with { LeastBytes = LeastOfOne(inOne, memory) } : UsedMemory.Of(memory, 0))], cost / CostUnit, cost / CostUnit, []),
        };
    }

    // A tensor that is there only before its buffer moves, or only behind it, does not move itself.
    private static TensorPlace PlaceOf(BufferPlace place, IReadOnlyList<DeviceMemory> memories, int first, int last)
    {
        if (place.Move is not { } move || last < move.Step)
            return new TensorPlace(place.Offset, memories[place.Pool].Name, null);
        return first >= move.Step ? new TensorPlace(move.Offset, memories[move.Pool].Name, null)
            : new TensorPlace(place.Offset, memories[place.Pool].Name, new TensorMove(move.Step, memories[move.Pool].Name, move.Offset));
    }
}
