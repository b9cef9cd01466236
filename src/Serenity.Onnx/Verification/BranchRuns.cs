using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Verification;

/// <summary>
/// What nodes whose bodies are not planned take at most, whichever branches are taken in them: every choice of branches is run, and of each node the most counts. A run on inputs that are made up sees
/// one branch of an If, and which one the next run takes depends on its data, or on its sizes.
/// </summary>
internal static class BranchRuns
{
    /// <summary>Most Ifs within each other, or side by side in one body: every combination of their branches is a run.</summary>
    private const int MostIfs = 4;

    /// <summary>What a run takes with the branches that take most.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="seen">What a run took.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="cancellation">Ends it at the next kernel.</param>
    /// <exception cref="SerenityException">SER1305: a branch cannot be run, so what it takes is not known.</exception>
    public static MeasuredMemory Most(VerificationRequest request, MeasuredMemory seen, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        HashSet<string> unplanned = new(request.UnplannedBodies, StringComparer.Ordinal);
        NodeProto[] choosing = [.. request.Optimized.Graph.Node.Where(n => unplanned.Contains(n.Name) && ForcedBranches.Count(n) > 0)];
        if (choosing.Length == 0)
            return seen;
        NodeProto widest = choosing.MaxBy(ForcedBranches.Count)!;
        int ifs = ForcedBranches.Count(widest);
        if (ifs > MostIfs)
            throw RangeRefusal.UnknownBranches(widest, $"There are {ifs} Ifs in it, and every combination of their branches would have to be run; up to {MostIfs} are.", request.File);
        HashSet<string> names = [.. choosing.Select(n => n.Name)];
        Dictionary<string, long> most = new(StringComparer.Ordinal);
        for (int taken = 0; taken < 1 << ifs; taken++)
        {
            foreach (KernelMemory kernel in Run(request, names, widest, taken, inputs, cancellation).Where(k => !k.InSubgraph && names.Contains(k.Node)))
                most[kernel.Node] = Math.Max(most.GetValueOrDefault(kernel.Node), kernel.PeakBytes - kernel.ActivationBytes);
        }
        KernelMemory[] kernels = [.. seen.Kernels.Select(k => k.InSubgraph || !most.TryGetValue(k.Node, out long bytes) ? k : k with { PeakBytes = Math.Max(k.PeakBytes, k.ActivationBytes + bytes) })];
        return seen with { PeakBytes = kernels.Select(k => k.PeakBytes).Append(seen.PeakBytes).Max(), Kernels = kernels };
    }

    private static IReadOnlyList<KernelMemory> Run(
        VerificationRequest request, HashSet<string> nodes, NodeProto widest, int taken, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        try
        {
            using ModelSession session = ModelSession.Load(
                RunnableModel.Of(ForcedBranches.In(request.Optimized, nodes, taken), request.ExternalFolder, request.File), GraphOptimizationLevel.ORT_DISABLE_ALL, observe: true,
                threads: request.Threads, prepack: request.Prepack);
            session.Shared = request.Shared;
            // Twice the limit: another branch may be more work than the one that was run.
            session.Run(inputs, request.Limits.Twice, cancellation);
            if (session.EndObservation(request.UnplannedBodies).Memory is { ActivationBytes: not null } memory)
                return memory.Kernels;
        }
        catch (SerenityException fault) when (fault.Code == SerenityCodes.RuntimeRefuses)
        {
            throw RangeRefusal.UnknownBranches(widest, $"On inputs that are made up one does not run: {fault.Message}", request.File);
        }
        catch (RunLimitException)
        {
            throw RangeRefusal.UnknownBranches(widest, "A run of one needs more memory, or more kernels, than verification may use.", request.File);
        }
        throw RangeRefusal.UnknownBranches(widest, "What a run of one takes could not be measured.", request.File);
    }
}
