using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>
/// The allocations and releases of a run that this machine cannot make, from the plan: at each step a kernel takes its outputs' buffers and then its scratch, and gives the scratch back; then
/// the buffers go whose last use that was. Held against runs wherever there are any; at run time each call is checked in any case, so that a sequence which is not met costs memory, and never a
/// result.
/// </summary>
internal static class ForeseenRun
{
    // Operators that no run was seen to take scratch for.
    private static readonly HashSet<string> _plain = new(StringComparer.Ordinal)
    {
        "Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Flatten", "GlobalAveragePool", "Identity", "LeakyRelu", "MaxPool", "Mul", "Relu", "Reshape", "Sigmoid", "Squeeze", "Sub",
        "Sum", "Tanh", "Unsqueeze",
    };

    /// <summary>The sequence on any of several processors: of each allocation the most that one of them takes.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="rules">Rules for its kernels.</param>
    /// <param name="processors">Who may compute it.</param>
    /// <param name="portable">What a run of the plan took on this machine.</param>
    /// <returns>Null where it cannot be said, or they do not make the same allocations.</returns>
    public static RunSequence? TryOf(OnnxRuntimePlan plan, WorkspaceRules rules, IReadOnlyList<MlasKernels> processors, MeasuredMemory? portable)
    {
        RunSequence? most = null;
        foreach (MlasKernels kernels in processors)
        {
            if (TryOf(plan, rules, kernels, portable) is not { } run)
                return null;
            if (most is not null && (run.Events != most.Events || run.Allocations.Count != most.Allocations.Count))
                return null;
            most = most is null ? run : most with { Allocations = [.. most.Allocations.Zip(run.Allocations, (a, b) => a with { Bytes = Math.Max(a.Bytes, b.Bytes) })] };
        }
        return most;
    }

    /// <summary>The sequence.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="rules">Rules for its kernels.</param>
    /// <param name="kernels">Who computes it.</param>
    /// <param name="portable">What a run of the portable plan took: it says which kernels without a rule take nothing.</param>
    /// <returns>Null where it cannot be said: subgraphs, values of no known size, kernels without a rule that take scratch or were never seen.</returns>
    public static RunSequence? TryOf(OnnxRuntimePlan plan, WorkspaceRules rules, MlasKernels kernels, MeasuredMemory? portable)
    {
        AllocationPlan allocations = plan.Allocations;
        if (portable?.ActivationBytes is null || plan.UnplannedBodies.Count > 0 || allocations.BytesFromTheStart > 0 || Array.Exists(allocations.Inner, bytes => bytes > 0)
            || Array.Exists(allocations.Buffers, buffer => buffer.Owner < 0))
        {
            return null;
        }
        Dictionary<string, long> seen = new(StringComparer.Ordinal);
        foreach (KernelMemory kernel in portable.Kernels)
            seen[kernel.Node] = kernel.PeakBytes - kernel.ActivationBytes;
        Dictionary<string, int> outputs = new(StringComparer.Ordinal);
        for (int i = 0; i < plan.Graph.Graph.Output.Count; i++)
            outputs[plan.Graph.Graph.Output[i].Name] = i;
        List<RunAllocation> made = [];
        List<(int Call, int LastStep)> held = [];
        int events = 0, next = 0;
        for (int step = 0; step < plan.Order.Length; step++)
        {
            for (; next < allocations.Buffers.Length && allocations.Buffers[next].FirstStep == step; next++)
            {
                PlannedBuffer buffer = allocations.Buffers[next];
                if (buffer.Bytes == 0)
                    continue;
                int output = plan.Graph.IsGraphOutput(buffer.Owner) ? outputs[plan.Graph.Name(buffer.Owner)] : -1;
                held.Add((made.Count, output >= 0 ? int.MaxValue : buffer.LastStep));
                made.Add(new RunAllocation(buffer.Bytes, events++, -1, output));
            }
            NodeProto node = plan.Graph.Node(plan.Order[step]);
            if (node.Domain != OperatorDomain.Nchwc)
            {
                long? rule = rules.Find(node.Name, kernels);
                if (rule is null && seen.GetValueOrDefault(node.Name, _plain.Contains(node.OpType) ? 0 : 1) != 0)
                    return null;
                // Its rule is of three buffers together.
                if (rule > 0 && node.OpType == "QLinearConv")
                    return null;
                if (rule is { } scratch && scratch > 0)
                    made.Add(new RunAllocation(scratch, events++, events++, -1));
            }
            for (int i = 0; i < held.Count; i++)
            {
                if (held[i].LastStep != step)
                    continue;
                made[held[i].Call] = made[held[i].Call] with { GivenBack = events++ };
                held.RemoveAt(i--);
            }
        }
        if (next != allocations.Buffers.Length)
            return null;
        foreach ((int call, _) in held)
            made[call] = made[call] with { GivenBack = events };
        return new RunSequence(made, events);
    }
}
