using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>
/// What a plan for a range of sizes requires: at each step what is live there, and what the step's kernel takes for itself on top. The two are largest at different sizes and steps, so the sum is
/// formed before its maximum is looked for.
/// </summary>
/// <param name="plan">The plan.</param>
/// <param name="threads">Threads within operators.</param>
/// <param name="runs">Runs at some sizes all over the range; at least one.</param>
internal sealed class RequiredFormulas(OnnxRuntimeExecutorPlan plan, int threads, IReadOnlyList<SizedRun> runs)
{
    private readonly SizeFormulas _formulas = plan.Shapes.Formulas!;
    private readonly WorkspaceRules _ofAll = new(plan.Nodes, plan.Model.Graph, plan.Shapes) { Threads = threads };
    private readonly WorkspaceRules[] _rules = [.. runs.Select(run => new WorkspaceRules(plan.Nodes, plan.Model.Graph, plan.Shapes.At(run.Sizes)) { Threads = threads })];
    private readonly Dictionary<string, long>[] _seen = [.. runs.Select(Scratch)];

    /// <summary>The formulas for each architecture in order; for none this machine's alone.</summary>
    public IReadOnlyList<RequiredBytes> Of(IReadOnlyList<TargetArchitecture> targets)
    {
        if (targets.Count == 0 && TargetKernels.Host is { } own)
            targets = [own];
        return targets.Count == 0 ? [Of((TargetArchitecture?)null)] : [.. targets.Select(target => Of(target))];
    }

    private RequiredBytes Of(TargetArchitecture? target)
    {
        string? name = target is { } known ? TargetKernels.NameOf(known) : NativeRuntime.Architecture;
        long[] peaks = [.. runs.Select((run, r) => target is { } some ? TargetWorkspace.Peak(some, run.Memory, _rules[r]) : run.Memory.PeakBytes)];
        foreach (bool isExact in (bool[])[true, false])
        {
            try
            {
                IReadOnlyList<SizeExpression> formulas = PeakFormulas.Largest([.. plan.StepFormulas!, .. WithScratch(target, isExact)], _formulas.Space);
                // What was taken between kernels, or in the body of one, belongs to no step.
                if (runs.Select((run, r) => formulas.Max(f => f.Evaluate(run.Sizes)) >= peaks[r]).All(enough => enough) && SizeMaximum.Find(formulas, _formulas.Space) is { } most)
                    return new RequiredBytes(name, formulas, most.Value);
            }
            catch (OverflowException)
            {
                // A formula that leaves 63 bits somewhere in the range is none.
            }
        }
        IReadOnlyList<SizeExpression> live = PeakFormulas.Largest(plan.StepFormulas!, _formulas.Space);
        long more = runs.Select((run, r) => peaks[r] - live.Max(f => f.Evaluate(run.Sizes))).Max();
        return new RequiredBytes(name, [.. live.Select(f => f + more)], checked(SizeMaximum.Find(live, _formulas.Space)!.Value.Value + more));
    }

    /// <summary>Of each step whose kernel takes something, what is live there and that on top.</summary>
    private IEnumerable<SizeExpression> WithScratch(TargetArchitecture? target, bool isExact)
    {
        IReadOnlyList<SizeExpression> steps = plan.StepFormulas!;
        for (int step = 0; step < steps.Count; step++)
        {
            NodeProto node = plan.Nodes[step];
            (IReadOnlyDictionary<string, long> Sizes, long Bytes)[] samples = [.. runs.Select((run, r) => (run.Sizes, Scratch(target, node.Name, r)))];
            if (Array.TrueForAll(samples, s => s.Bytes == 0))
                continue;
            if (!isExact)
            {
                yield return steps[step] + samples.Max(s => s.Bytes);
                continue;
            }
            SizeExpression? byRule = target is { } known ? TargetKernels.Of(known).Select(kernels => _ofAll.Formula(node.Name, kernels))
                .Aggregate((a, b) => a is null || b is null ? null : SizeExpression.Max(a, b, _formulas.Space)) : null;
            yield return steps[step] + ScratchFormula.Of(samples, byRule, node.Input.Concat(node.Output).SelectMany(value => _formulas.Find(value) ?? []), _formulas.Space);
        }
    }

    private long Scratch(TargetArchitecture? target, string node, int run)
    {
        long measured = _seen[run].GetValueOrDefault(node);
        if (target is not { } known)
            return measured;
        long byRule = TargetKernels.Of(known).Max(kernels => _rules[run].Find(node, kernels) ?? measured);
        return known == TargetKernels.Host ? Math.Max(measured, byRule) : byRule;
    }

    private static Dictionary<string, long> Scratch(SizedRun run)
    {
        Dictionary<string, long> seen = new(StringComparer.Ordinal);
        foreach (KernelMemory kernel in run.Memory.Kernels)
        {
            if (!kernel.InSubgraph)
                seen[kernel.Node] = kernel.PeakBytes - kernel.ActivationBytes;
        }
        return seen;
    }
}
