using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.OnnxRuntime.Allocation;
using Serenity.Onnx.Executors.OnnxRuntime.Planning;
using Serenity.Onnx.Executors.OnnxRuntime.Workspace;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>What a plan takes in ONNX Runtime, on each architecture that the app is built for.</summary>
internal static class OnnxRuntimeAccount
{
    /// <summary>Names of parts.</summary>
    private const string Live = "live", HeldForReuse = "heldForReuse", Kernels = "kernels", Callers = "callers";

    /// <summary>An entry for each architecture, in order; for none this machine's alone.</summary>
    /// <param name="task">What is planned.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="memory">What a run on this machine took; null if not measured.</param>
    public static IReadOnlyList<PlanFacts> Of(PlanningTask task, OnnxRuntimeExecutorPlan plan, MeasuredMemory? memory)
    {
        int threads = task.Request.Threads;
        IReadOnlyList<TargetFacts> targets = TargetWorkspace.Of(
            task.Request.Targets, memory, new WorkspaceRules(plan.Nodes, plan.Model.Graph, plan.Shapes) { Threads = threads },
            kernels => task.Request.Verify && KernelWorkspace.Peak(plan.Plan.Graph, plan.Shapes, plan.Plan.Allocations, kernels) - plan.Plan.SimulatedPeak is > 0 and var scratch ? scratch : null);
        PoolAccount activations = Activations(plan);
        PoolAccount inputs = new(MemoryPool.Inputs, [new MemoryPart(Callers, ScheduledValues.InputBytes(task.Source.Model.Graph, task.Source.Shapes.Main), FigureBasis.Planned)]);
        return [.. targets.Select(target => new PlanFacts(
            PlanLayout.Portable, target.Architecture, threads, null, null,
            HeapGaps.AddTo(new MemoryAccount([activations, new PoolAccount(MemoryPool.Workspace, [new MemoryPart(Kernels, target.WorkspaceBytes, target.Basis)]), inputs,
                .. SessionAccount.Of(plan.Written, plan.Shapes, task.Request, memory, target.Architecture == NativeRuntime.Architecture)])
            { Runs = task.Request.Concurrency })))];
    }

    /// <summary>The entry of a plan in a layout, for the processors that have it.</summary>
    /// <param name="task">What is planned.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="memory">What a run of it took; null where it was not run: then kernels are counted by rule, and those without one as the portable plan's were seen to be.</param>
    /// <param name="portable">What a run of the portable plan took; null if not measured.</param>
    public static PlanFacts Of(PlanningTask task, LayoutPlan plan, MeasuredMemory? memory, MeasuredMemory? portable)
    {
        OnnxRuntimeExecutorPlan planned = (OnnxRuntimeExecutorPlan)plan.Plan;
        long? workspace = memory?.WorkspaceBytes;
        FigureBasis basis = FigureBasis.Measured;
        if (workspace is null)
        {
            WorkspaceRules rules = new(planned.Nodes, planned.Model.Graph, planned.Shapes) { Threads = task.Request.Threads };
            workspace = LayoutWorkspace.Of(planned.Plan, rules, TargetKernels.Of(plan.Layout), portable);
            basis = FigureBasis.ByRule;
        }
        PoolAccount inputs = new(MemoryPool.Inputs, [new MemoryPart(Callers, ScheduledValues.InputBytes(task.Source.Model.Graph, task.Source.Shapes.Main), FigureBasis.Planned)]);
        return new PlanFacts(
            plan.Layout, TargetKernels.NameOf(TargetArchitecture.X64), task.Request.Threads, null, null,
            HeapGaps.AddTo(new MemoryAccount([Activations(planned), new PoolAccount(MemoryPool.Workspace, [new MemoryPart(Kernels, workspace, basis)]), inputs,
                .. SessionAccount.Of(planned.Written, planned.Shapes, task.Request, memory ?? portable, memory is not null)])
            { Runs = task.Request.Concurrency }));
    }

    private static PoolAccount Activations(OnnxRuntimeExecutorPlan plan)
    {
        FigureBasis basis = plan.Shapes.Varies.Count > 0 ? FigureBasis.Bound : FigureBasis.Planned;
        long live = Math.Min(plan.LiveBytes, plan.Bytes);
        MemoryPart tensors = new(Live, live, basis);
        return new PoolAccount(MemoryPool.Activations, plan.Bytes == live ? [tensors] : [tensors, new MemoryPart(HeldForReuse, plan.Bytes - live, basis)]);
    }
}
