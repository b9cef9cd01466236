using Serenity.Onnx.Contract;
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
