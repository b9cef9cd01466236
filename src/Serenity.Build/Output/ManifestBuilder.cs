using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Runtime;

namespace Serenity.Build.Output;

/// <summary>Makes a manifest of what the pipeline found out.</summary>
public static class ManifestBuilder
{
    /// <summary>Session options under which ONNX Runtime does what the manifest says; names as in the C# API.</summary>
    /// <param name="threads">Threads within operators.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    public static IReadOnlyDictionary<string, string> OnnxRuntimeSessionOptions(int threads, bool prepack = true) =>
        new SortedDictionary<string, string>(TruthfulSessionOptions.AsText(threads, prepack).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>Makes the manifest, with no budget yet; see <see cref="BudgetCheck.Apply"/>.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="result">What was found.</param>
    /// <param name="source">The source model; path as it is to stand in the manifest.</param>
    /// <param name="output">The written model; path relative to the manifest.</param>
    public static MemoryManifest Build(OptimizeRequest request, OptimizationFacts result, FileInfoEntry source, FileInfoEntry output)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        return new MemoryManifest
        {
            Tool = ToolIdentity.Tool,
            Source = source,
            Output = output,
            Options = OptionValues.Of(request),
            Executor = request.Executor,
            SessionOptions = request.Executor.Traits().RunsInSession ? OnnxRuntimeSessionOptions(request.Threads, request.Prepack) : null,
            Peak = result.Peak,
            Targets = request.Executor.Traits().RunsInSession
                ? [.. result.Plans.Where(p => p.Layout == PlanLayout.Portable && (p.Sizes is null || result.Range is not null)).Select(TargetEntry)] : null,
            Plans = result.Plans,
            Range = result.Range,
            Variants = [.. result.Variants.Select(v => new VariantEntry(v.Layout, new FileInfoEntry("", ""), v.Basis, v.WorkRatio, v.Convolutions, v.Reorders))],
            Budget = BudgetCheck.Judge(result.Peak.RequiredBytes, result.WeightBytes, MemoryBudgets.None, memoriesFit: result.Memories?.Fits),
            Weights = new WeightsEntry(result.WeightBytes),
            Memories = result.Memories,
            Traffic = result.Traffic,
            Bounds = result.Bounds.Count > 0 ? result.Bounds : null,
            OtherPrecision = result.OtherPrecision,
            Rewrites = result.Rewrites,
            LeftOut = result.LeftOut.Count > 0 ? result.LeftOut : null,
            Work = new WorkEntry(result.Work.Limit, result.Work.Ratio, result.Work.Limited),
            Verification = result.Verification,
            Blocks = [.. Blocks(result).Select(b => new BlockEntry(b.Architecture, b.Threads, b.RuntimeVersion, b.Bytes, b.LowerBoundBytes))],
            Warnings = [.. result.Warnings.Select(WarningEntry.Of)],
            Program = result.Program,
            Profile = result.Profile,
            OriginalProfile = result.OriginalProfile,
            PeakStep = result.PeakStep,
            OriginalPeakStep = result.OriginalPeakStep,
            BlockAllocations = [.. Blocks(result).Select(b => new BlockAllocationsEntry(b.Sizes, b.Offsets, b.Outputs))],
        };
    }

    /// <summary>What a plan says of an architecture, as readers know it that know no plans.</summary>
    private static TargetFacts TargetEntry(PlanFacts plan)
    {
        PoolAccount? workspace = plan.Account.Find(MemoryPool.Workspace);
        return new TargetFacts(plan.Architecture ?? "", workspace?.Bytes, workspace is { Parts.Count: > 0 } ? workspace.Parts.Max(part => part.Basis) : FigureBasis.Unknown);
    }

    private static RunBlock[] Blocks(OptimizationFacts result) => result.Block is { } block ? [block, .. result.OtherBlocks] : [];
}
