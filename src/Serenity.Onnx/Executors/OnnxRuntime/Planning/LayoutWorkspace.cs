using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Planning;

/// <summary>
/// What kernels' scratch adds to the peak of a plan that this machine cannot run: kernels in blocks take none, others what a rule says, and those without a rule what they were seen to
/// take in the portable plan, where the same node does the same.
/// </summary>
internal static class LayoutWorkspace
{
    /// <summary>Bytes on top of the plan's peak.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="rules">Rules for its kernels.</param>
    /// <param name="kernels">Who computes it.</param>
    /// <param name="portable">What a run of the portable plan took; null if not measured.</param>
    /// <returns>Null where a kernel without a rule was never seen.</returns>
    public static long? Of(OnnxRuntimePlan plan, WorkspaceRules rules, MlasKernels kernels, MeasuredMemory? portable)
    {
        if (portable?.ActivationBytes is null)
            return null;
        Dictionary<string, long> seen = new(StringComparer.Ordinal);
        foreach (KernelMemory kernel in portable.Kernels)
        {
            if (!kernel.InSubgraph)
                seen[kernel.Node] = kernel.PeakBytes - kernel.ActivationBytes;
        }
        long peak = plan.SimulatedPeak;
        for (int step = 0; step < plan.Order.Length; step++)
        {
            NodeProto node = plan.Graph.Node(plan.Order[step]);
            long scratch = node.Domain == OperatorDomain.Nchwc ? 0 : rules.Find(node.Name, kernels) ?? seen.GetValueOrDefault(node.Name);
            peak = Math.Max(peak, checked(plan.Allocations.Profile[step] + scratch));
        }
        return peak - plan.SimulatedPeak;
    }
}
