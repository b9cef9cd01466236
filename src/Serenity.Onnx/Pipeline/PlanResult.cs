using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>A plan that holds, as what the pipeline gives: the model to write, its figures, and what is to be said of it.</summary>
/// <param name="task">The model, and what was asked.</param>
/// <param name="planner">Whose plan it is.</param>
/// <param name="form">What is written of a plan.</param>
internal sealed class PlanResult(PlanningTask task, IExecutorPlanner planner, WrittenForm form)
{
    /// <summary>The result.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="verified">What verification found; null where there was none.</param>
    /// <param name="range">For a range of sizes, the formula of the peak.</param>
    /// <param name="required">For a range of sizes, what a run requires on each architecture; empty where that is not known.</param>
    /// <param name="leftOut">Rewrites that were at fault.</param>
    /// <param name="warnings">What is said of the model; takes what is said of the plan.</param>
    /// <exception cref="SerenityException">SER1301: the model contradicts itself.</exception>
    public OptimizationResult Of(ExecutorPlan plan, VerificationOutcome? verified, RangeFacts? range, IReadOnlyList<RequiredBytes> required, IReadOnlyList<LeftOutRewrite> leftOut,
        List<SerenityDiagnostic> warnings)
    {
        // No order needs less than the bound. Where one seems to, two sources say different things of a shape.
        if (plan.Bytes < plan.LowerBoundBytes)
        {
            throw new SerenityException(SerenityCodes.UnknownSize, task.Source.File.Path,
                "The file states shapes that contradict each other, an initializer's and its input's for example, so no size can be trusted. Export the model again.");
        }
        // An order that was chosen for little traffic may need more, and nothing is to be proven of that.
        if ((plan.ForTraffic?.LeastLiveBytes ?? plan.LiveBytes) is var least && least != plan.LowerBoundBytes)
            warnings.Add(PipelineWarnings.NotProven(task.Source, least, plan.LowerBoundBytes));
        if (verified is { Facts.Status: not "passed" })
            warnings.Add(PipelineWarnings.NotVerified(task.Source, verified.Facts));
        if (verified?.Plain is { } plain && plain.OptimizedBytes > plain.SourceBytes)
            warnings.Add(PipelineWarnings.MoreWithoutOptions(task.Source, plain, plan.Bytes, task.Request.Format));
        if (verified?.Plain is { OtherNode: { } other } changed)
            warnings.Add(PipelineWarnings.ChangedAtLoad(task.Source, other, changed, plan.Bytes));
        long bytes = range?.PeakBytes(range.PeakAt) ?? plan.Bytes;
        // What allocates the same each time here, and is of one size, does so elsewhere.
        IReadOnlyList<RunBlock> others = verified?.Block is null || range is not null ? [] : planner.OnOtherTargets(plan, verified.Memory);
        IReadOnlyList<PlanFacts> plans = Placed(planner.Account(plan, verified?.Memory), verified?.Block is { } own ? [own, .. others] : []);
        if (range is not null)
            plans = [.. plans.Select(entry => RangeProof.Over(range, entry, bytes, bytes - plan.Bytes, required))];
        return new OptimizationResult
        {
            Model = plan.Written,
            Format = task.Request.Format,
            Content = form.Content(plan),
            Range = range,
            Peak = new PeakFacts(
                planner.Original.Bytes, bytes, plan.LiveBytes, plan.LowerBoundBytes, bytes == plan.LowerBoundBytes,
                ScheduledValues.InputBytes(task.Source.Model.Graph, task.Source.Shapes.Main), plans.Max(p => p.Account.Find(MemoryPool.Workspace)?.Bytes),
                plan.SumsInPlace, task.Source.Shapes.Main.Varies.Count > 0)
            {
                Formula = range is null ? null : range.Peaks is [var only] ? only.ToString() : $"max({string.Join(", ", range.Peaks)})",
                Runs = task.Request.Concurrency,
                PlainSessionBytes = verified?.Plain?.OptimizedBytes,
                OriginalPlainSessionBytes = verified?.Plain?.SourceBytes,
                ProcessBytes = plans.All(p => p.Layout != PlanLayout.Portable || p.Account.ProcessBytes is not null)
                    ? plans.Where(p => p.Layout == PlanLayout.Portable).Max(p => p.Account.ProcessBytes) : null,
            },
            Plans = plans,
            WeightBytes = ModelTensors.WeightBytes(plan.Written),
            Memories = plan.Memories,
            Traffic = task.Request.OnChip is { } onChip ? TrafficAccount.Of(task.Source, plan, onChip, task.Cancellation) : null,
            Rewrites = plan.Rewrites,
            LeftOut = leftOut,
            Work = plan.Work,
            Program = Told(task, plan),
            Profile = plan.Profile,
            OriginalProfile = planner.Original.Profile,
            PeakStep = plan.PeakStep,
            OriginalPeakStep = planner.Original.PeakStep,
            UnplannedBodies = plan.UnplannedBodies,
            Block = verified?.Block,
            OtherBlocks = others,
            Kernels = planner.Kernels(plan, verified?.Memory),
            Bounds = task.Source.Shapes.Bounds,
            Verification = verified?.Facts ?? (task.Request.Verify ? PipelineWarnings.NotRun : null),
            Warnings = warnings,
        };
    }

    // With what the plan itself has no use for: open shapes, and inputs that it does not hold.
    private static ExecutionProgram Told(PlanningTask task, ExecutorPlan plan)
    {
        bool apart = task.Request is { InputsApart: true } && task.Request.Executor.Traits().HasOffsets;
        ExecutionProgram program = apart ? CallersInputs.Listed(plan.Program, plan.Model.Graph, plan.Shapes) : plan.Program;
        return program with { Buffers = [.. program.Buffers.Select(b => OpenShapes.Tell(b, task.Source.Shapes.Main, plan.Shapes))] };
    }

    /// <summary>The entries, with a block where one was proven for just that way of running the model.</summary>
    private static IReadOnlyList<PlanFacts> Placed(IReadOnlyList<PlanFacts> plans, IReadOnlyList<RunBlock> blocks) =>
        [.. plans.Select(p => p is { Layout: PlanLayout.Portable, Sizes: null } && blocks.FirstOrDefault(b => b.Architecture == p.Architecture && b.Threads == p.Threads) is { } block
            ? p with { BlockBytes = block.Bytes } : p)];
}
