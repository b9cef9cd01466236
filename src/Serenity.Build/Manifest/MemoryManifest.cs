using Serenity.Build.Identity;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Manifest;

/// <summary>
/// The file <c>model.memory.json</c>: what the written model costs and why. Deterministic: no times, no absolute paths.
/// Property order here is the order in the file.
/// </summary>
public sealed record MemoryManifest
{
    /// <summary>Format version; 1.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Who wrote it.</summary>
    public required ToolInfo Tool { get; init; }

    /// <summary>The source model; path relative to the project, with forward slashes.</summary>
    public required FileInfoEntry Source { get; init; }

    /// <summary>The optimized model; path relative to the manifest's folder.</summary>
    public required FileInfoEntry Output { get; init; }

    /// <summary>Every option that shaped the result.</summary>
    public required OptionValues Options { get; init; }

    /// <summary>OnnxRuntime or StaticArena.</summary>
    public required Executor Executor { get; init; }

    /// <summary>Session options that make the figures true (executor OnnxRuntime), as name and value; else null.</summary>
    public IReadOnlyDictionary<string, string>? SessionOptions { get; init; }

    /// <summary>The peak and its proof.</summary>
    public required PeakFacts Peak { get; init; }

    /// <summary>Each architecture that the app is built for (executor OnnxRuntime); <see cref="PeakFacts.WorkspaceBytes"/> is the most of them. Null with StaticArena.</summary>
    public IReadOnlyList<TargetFacts>? Targets { get; init; }

    /// <summary>What the model takes in each way of running it that something is known of; <see cref="Peak"/> is the portable one. Empty in manifests of earlier versions.</summary>
    public IReadOnlyList<PlanFacts> Plans { get; init; } = [];

    /// <summary>For a range of sizes, the formula of the peak, where it is largest, and what runs took; null for one size of each dimension.</summary>
    public RangeFacts? Range { get; init; }

    /// <summary>The model in other layouts, each a file of its own.</summary>
    public IReadOnlyList<VariantEntry> Variants { get; init; } = [];

    /// <summary>Values whose size was not inferred; where one may be smaller, the peak is what a run takes at most. Null where there is none.</summary>
    public IReadOnlyList<SizeBound>? Bounds { get; init; }

    /// <summary>For a model of float16: what it takes in the precision that was not chosen; null where that is not known.</summary>
    public PrecisionAccount? OtherPrecision { get; init; }

    /// <summary>The budget and the verdict; settled by the check.</summary>
    public required BudgetEntry Budget { get; init; }

    /// <summary>Weights.</summary>
    public required WeightsEntry Weights { get; init; }

    /// <summary>How the memories of the device are used (executor StaticArena); null where the plan is for one arena.</summary>
    public MemoriesFacts? Memories { get; init; }

    /// <summary>What travels to and from the memory outside a chip; null where nothing was asked, or it cannot be said.</summary>
    public TrafficFacts? Traffic { get; init; }

    /// <summary>Rewrites that were applied.</summary>
    public required IReadOnlyList<AppliedRewrite> Rewrites { get; init; }

    /// <summary>Rewrites that were left out since verification found fault with them; null for none.</summary>
    public IReadOnlyList<LeftOutRewrite>? LeftOut { get; init; }

    /// <summary>What rewrites may add to the time of a run, and do.</summary>
    public required WorkEntry Work { get; init; }

    /// <summary>What verification did, or null.</summary>
    public VerificationFacts? Verification { get; init; }

    /// <summary>Blocks in which a run takes place, one for an architecture and number of threads; empty where none was proven.</summary>
    public IReadOnlyList<BlockEntry> Blocks { get; init; } = [];

    /// <summary>Warnings of the optimization, repeated by the check on every build.</summary>
    public required IReadOnlyList<WarningEntry> Warnings { get; init; }

    /// <summary>What the model does: its steps and their buffers. The file has it as the three lists that follow.</summary>
    public required ExecutionProgram Program { get; init; }

    /// <summary>Node names in execution order, anchors left out; made of <see cref="Program"/> each time.</summary>
    public IReadOnlyList<string> Schedule => Program.NodeNames();

    /// <summary>Operator type of each node of <see cref="Schedule"/>; empty if not known. Made of <see cref="Program"/> each time.</summary>
    public IReadOnlyList<string> OperatorTypes => Program.OperatorTypes();

    /// <summary>Every tensor; made of <see cref="Program"/> each time.</summary>
    public IReadOnlyList<TensorFacts> Tensors => Program.Tensors();

    /// <summary>Live bytes during each step.</summary>
    public required IReadOnlyList<long> Profile { get; init; }

    /// <summary>Live bytes during each step of the source model as executed today; for the report.</summary>
    public required IReadOnlyList<long> OriginalProfile { get; init; }

    /// <summary>What is live at the peak; null for a model without nodes.</summary>
    public PeakStep? PeakStep { get; init; }

    /// <summary>What is live at the peak of the source model as executed today; null where that is not known.</summary>
    public PeakStep? OriginalPeakStep { get; init; }

    /// <summary>The allocations in each of <see cref="Blocks"/>, in the same order.</summary>
    public IReadOnlyList<BlockAllocationsEntry> BlockAllocations { get; init; } = [];
}

/// <summary>A file and its content.</summary>
/// <param name="Path">Relative path with forward slashes.</param>
/// <param name="Sha256">Lower-case hex.</param>
public sealed record FileInfoEntry(string Path, string Sha256);

/// <summary>Verdict of the budget check.</summary>
public enum BudgetVerdict
{
    /// <summary>No budget was given.</summary>
    None,

    /// <summary>The peak fits.</summary>
    Pass,

    /// <summary>The peak is above the budget.</summary>
    Fail,
}

/// <summary>The budget.</summary>
/// <param name="MemoryBytes">Budget for peak and workspace; null if none.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Device">The device the budget came from, or null.</param>
/// <param name="WeightBytes">Budget for weights; null if none.</param>
/// <param name="ProcessBytes">Budget for the process; null if none.</param>
public sealed record BudgetEntry(long? MemoryBytes, BudgetVerdict Verdict, string? Device = null, long? WeightBytes = null, long? ProcessBytes = null);

/// <summary>The work of a run, as <see cref="WorkFacts"/>.</summary>
/// <param name="Limit">How long it could take, as a multiple of the source's predicted time.</param>
/// <param name="Ratio">How long it is predicted to take, as a multiple of the source's.</param>
/// <param name="Limited">True if rewrites were left out because of the limit.</param>
/// <param name="MostLimit">Where the budget is not met: the largest limit that was tried for it; else null.</param>
/// <param name="LeastBytes">Where the budget is not met: the least peak and workspace that were found up to <paramref name="MostLimit"/>; else null.</param>
public sealed record WorkEntry(double Limit, double Ratio, bool Limited, double? MostLimit = null, long? LeastBytes = null);

/// <summary>Weights of the written model.</summary>
public sealed record WeightsEntry(long Bytes);

/// <summary>A warning with its code.</summary>
public sealed record WarningEntry(string Code, string Message, IReadOnlyList<AdvisedSetting>? Settings = null)
{
    /// <summary>The same of a diagnostic.</summary>
    public static WarningEntry Of(SerenityDiagnostic diagnostic)
    {
        ArgumentNullException.ThrowIfNull(diagnostic);
        return new WarningEntry(diagnostic.Code, diagnostic.Message, diagnostic.Settings);
    }
}
