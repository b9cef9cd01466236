using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Planning.Placement;

namespace Serenity.Onnx.Executors.OnnxRuntime.Blocks;

/// <summary>
/// Lays a run out in one block. Between two releases nothing gets smaller, so time is counted in events: allocations that live between the same
/// events must not overlap, and that is the placement problem of an arena.
/// </summary>
internal static class RunBlockPlanner
{
    /// <summary>What ONNX Runtime's kernels want of an address (<see cref="Contract.RuntimeRules.BufferAlignment"/>).</summary>
    public const int Alignment = 64;

    /// <summary>
    /// States of the placement search. Most runs are at the bound after the greedy placements; the others gain a percent or two after this and nothing later.
    /// </summary>
    private const long StateLimit = 300_000;

    /// <summary>
    /// By how much a block may grow for room at other sizes of a range, beyond the room of the run itself; where each allocation at its most takes more, the block is that of the run, and what is
    /// larger at other sizes lies on the heap then.
    /// </summary>
    private const double MostForOtherSizes = 1.05;

    /// <summary>Lays out a run so that it has room for runs at other sizes of a range.</summary>
    /// <param name="sequence">The run, at the sizes of the largest peak.</param>
    /// <param name="plan">The plan that it is of.</param>
    /// <param name="shapes">Shapes of the plan's values.</param>
    /// <param name="sizes">The sizes of the run; null where none has a range.</param>
    /// <param name="threads">Threads within operators that it had.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public static RunBlock Plan(RunSequence sequence, OnnxRuntimePlan plan, ShapeTable shapes, IReadOnlyDictionary<string, long>? sizes, int threads, CancellationToken cancellation)
    {
        RunBlock block = Plan(sequence, threads, cancellation);
        RunSequence most = OpenRun.AtMost(sequence, plan, shapes, sizes);
        if (most.Allocations.SequenceEqual(sequence.Allocations))
            return block;
        RunBlock roomy = Plan(most, threads, cancellation);
        return roomy.Bytes <= MostForOtherSizes * block.Bytes ? roomy : block;
    }

    /// <summary>Lays out a run that was observed in this process.</summary>
    /// <param name="sequence">The run.</param>
    /// <param name="threads">Threads within operators that it had.</param>
    /// <param name="cancellation">Ends the search at once.</param>
    public static RunBlock Plan(RunSequence sequence, int threads, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArenaProblem problem = new([.. sequence.Allocations.Select(a => new ArenaBuffer(a.Taken, a.GivenBack, a.Bytes))], [], Alignment);
        ArenaPlan plan = ArenaPlanner.Place(problem, ArenaOptions.Default with { StateLimit = StateLimit }, cancellation);
        return new RunBlock(
            NativeRuntime.Architecture, threads, NativeRuntime.Version ?? "", plan.SizeBytes, plan.LowerBoundBytes,
            [.. sequence.Allocations.Select(a => a.Bytes)], plan.Offsets, [.. sequence.Allocations.Select(a => a.Output)]);
    }
}
