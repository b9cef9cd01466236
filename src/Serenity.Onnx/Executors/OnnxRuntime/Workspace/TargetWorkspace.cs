using Serenity.Onnx.Contract;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Executors.OnnxRuntime.Workspace;

/// <summary>
/// What kernels' scratch adds to the peak on the processors that an app is built for. Of a run on this machine all is kept that is the same everywhere: the
/// activations, and the scratch of kernels without a rule. A kernel with a rule is counted as it is on the other processor.
/// </summary>
internal static class TargetWorkspace
{
    /// <summary>The figures, one for each target in order; for no target this machine's alone.</summary>
    /// <param name="targets">Architectures that the app is built for.</param>
    /// <param name="memory">What a run on this machine took; null if not measured.</param>
    /// <param name="rules">Rules for the kernels that ran.</param>
    /// <param name="unmeasured">What the kernels of a processor take as far as there are rules, in bytes; for where nothing was measured. Null where there is no rule for any.</param>
    public static IReadOnlyList<TargetFacts> Of(
        IReadOnlyList<TargetArchitecture> targets, MeasuredMemory? memory, WorkspaceRules rules, Func<IReadOnlyList<MlasKernels>, long?> unmeasured)
    {
        if (targets.Count == 0 && TargetKernels.Host is { } own)
            targets = [own];
        if (targets.Count == 0)
            return [new TargetFacts(NativeRuntime.Architecture, memory?.WorkspaceBytes, memory?.WorkspaceBytes is null ? FigureBasis.Unknown : FigureBasis.Measured)];
        return [.. targets.Select(target => Of(target, memory, rules, unmeasured))];
    }

    /// <summary>What each kernel takes for itself, one list for each target in order; for no target this machine's alone.</summary>
    /// <param name="targets">Architectures that the app is built for.</param>
    /// <param name="memory">What a run on this machine took; null if not measured.</param>
    /// <param name="rules">Rules for the kernels that ran.</param>
    /// <param name="nodes">Names of the nodes in the order of the plan.</param>
    public static IReadOnlyList<KernelFacts> Kernels(IReadOnlyList<TargetArchitecture> targets, MeasuredMemory? memory, WorkspaceRules rules, IReadOnlyList<string> nodes)
    {
        if (targets.Count == 0 && TargetKernels.Host is { } own)
            targets = [own];
        if (memory?.ActivationBytes is null)
            return [];
        Dictionary<string, long> seen = new(StringComparer.Ordinal);
        foreach (KernelMemory kernel in memory.Kernels)
        {
            if (!kernel.InSubgraph)
                seen[kernel.Node] = kernel.PeakBytes - kernel.ActivationBytes;
        }
        return [.. targets.Select(target => new KernelFacts(TargetKernels.NameOf(target), NativeRuntime.Version ?? "", [.. nodes.Select(node => Scratch(target, node))]))];

        long Scratch(TargetArchitecture target, string node)
        {
            long measured = seen.GetValueOrDefault(node);
            return target == TargetKernels.Host ? measured : TargetKernels.Of(target).Max(kernels => rules.Find(node, kernels) ?? measured);
        }
    }

    /// <summary>Most bytes at any one time on the processors of an architecture, scratch included, by a run on this machine.</summary>
    /// <param name="target">The architecture.</param>
    /// <param name="memory">What the run took, activations told from scratch.</param>
    /// <param name="rules">Rules for the kernels that ran.</param>
    public static long Peak(TargetArchitecture target, MeasuredMemory memory, WorkspaceRules rules)
    {
        long byRule = TargetKernels.Of(target).Max(kernels => Peak(memory, rules, kernels));
        return target == TargetKernels.Host ? Math.Max(byRule, memory.PeakBytes) : byRule;
    }

    private static TargetFacts Of(TargetArchitecture target, MeasuredMemory? memory, WorkspaceRules rules, Func<IReadOnlyList<MlasKernels>, long?> unmeasured)
    {
        string name = TargetKernels.NameOf(target);
        if (memory is not { WorkspaceBytes: { } measured, ActivationBytes: { } activations })
            return unmeasured(TargetKernels.Of(target)) is { } known ? new TargetFacts(name, known, FigureBasis.ByRule) : new TargetFacts(name, null, FigureBasis.Unknown);
        long byRule = TargetKernels.Of(target).Max(kernels => Peak(memory, rules, kernels)) - activations;
        if (target != TargetKernels.Host)
            return new TargetFacts(name, byRule, FigureBasis.ByRule);
        // Another processor of this machine's architecture may take more than this one.
        return byRule > measured ? new TargetFacts(name, byRule, FigureBasis.ByRule) : new TargetFacts(name, measured, FigureBasis.Measured);
    }

    /// <summary>Most bytes at any one time with a processor's kernels.</summary>
    private static long Peak(MeasuredMemory memory, WorkspaceRules rules, MlasKernels kernels)
    {
        long peak = memory.ActivationBytes!.Value, seen = 0;
        foreach (KernelMemory kernel in memory.Kernels)
        {
            seen = Math.Max(seen, kernel.PeakBytes);
            // The names of a body are its own.
            long? rule = kernel.InSubgraph ? null : rules.Find(kernel.Node, kernels);
            peak = Math.Max(peak, rule is { } scratch ? checked(kernel.ActivationBytes + scratch) : kernel.PeakBytes);
        }
        // What was taken between kernels is taken anywhere.
        return seen < memory.PeakBytes ? Math.Max(peak, memory.PeakBytes) : peak;
    }
}
