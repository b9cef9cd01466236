using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>
/// The model in layouts besides the portable one. What this machine's processor has is run and held to the source as every plan is; others are planned by rule, from the same stage, and
/// come out as the same file on every machine.
/// </summary>
/// <param name="request">What is asked.</param>
/// <param name="source">The source model.</param>
/// <param name="planner">The executor's planner.</param>
/// <param name="verify">Holds a plan to the source.</param>
/// <param name="host">The layout that this machine can run.</param>
/// <param name="cancellation">Ends the work at once.</param>
internal sealed class LayoutVariants(
    OptimizeRequest request, SourceModel source, IExecutorPlanner planner, Func<ExecutorPlan, VerificationOutcome> verify, Func<PlanLayout> host, CancellationToken cancellation)
{
    /// <summary>Adds them to a result.</summary>
    /// <param name="portable">The portable plan, which holds.</param>
    /// <param name="result">What was found out about it.</param>
    /// <param name="memory">What a run of it took; null if not measured.</param>
    /// <exception cref="SerenityException">A layout that was named cannot be had.</exception>
    public OptimizationResult Add(ExecutorPlan portable, OptimizationResult result, MeasuredMemory? memory)
    {
        List<VariantFacts> variants = [];
        List<ModelProto> models = [];
        List<PlanFacts> plans = [.. result.Plans];
        foreach (PlanLayout layout in request.Layouts)
        {
            cancellation.ThrowIfCancellationRequested();
            if (layout == PlanLayout.Portable)
                continue;
            string? reason = "ONNX Runtime has blocks of channels on x64 alone, and the app is not built for that";
            if (request.Format != ModelFormat.Onnx)
                reason = $"the model is written as {request.Format}, and layouts besides the portable one are written as {ModelFormat.Onnx} alone";
            LayoutPlan? plan = IsForX64 && request.Format == ModelFormat.Onnx ? planner.InLayout(portable, layout, out reason) : null;
            if (plan is null)
            {
                if (!request.LayoutsWhereUseful)
                    throw Missing(layout, reason!);
                continue;
            }
            VerificationOutcome? verified = null;
            if (request.Verify && host() == layout)
            {
                try
                {
                    verified = verify(plan.Plan);
                }
                catch (SerenityException fault) when (PipelineWarnings.IsFaultOfPlan(fault) && request.LayoutsWhereUseful)
                {
                    result = result with { Warnings = [.. result.Warnings, PipelineWarnings.NotInLayout(source, layout, fault)] };
                    continue;
                }
            }
            RunBlock? block = verified is null ? planner.Foresee(plan, memory) : verified.Block;
            PlanFacts account = planner.Account(plan, verified?.Memory, memory);
            plans.Add(account with { BlockBytes = block?.Bytes });
            FigureBasis basis = verified?.Memory is null ? FigureBasis.ByRule : FigureBasis.Measured;
            variants.Add(new VariantFacts(layout, basis, plan.WorkRatio, plan.Convolutions, plan.Reorders, block));
            models.Add(plan.Plan.Written);
        }
        return variants.Count == 0 ? result : result with { Variants = variants, VariantModels = models, Plans = plans };
    }

    private bool IsForX64 => request.Targets.Count > 0 ? request.Targets.Contains(TargetArchitecture.X64) : NativeRuntime.Architecture == "x64";

    private SerenityException Missing(PlanLayout layout, string reason) => new(
        SerenityCodes.BadOption, source.File.Path, $"Layout names {layout}, which this model cannot have: {reason}. Name Auto instead, which leaves out what cannot be had, or Portable.");
}
