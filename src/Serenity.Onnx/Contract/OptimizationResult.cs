using System.Diagnostics.CodeAnalysis;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Contract;

/// <summary>What the pipeline made of one model, and all it found out about it.</summary>
public sealed record OptimizationResult : OptimizationFacts
{
    /// <summary>To be filled in.</summary>
    public OptimizationResult()
    {
    }

    /// <summary>A model with what was found out about it.</summary>
    [SetsRequiredMembers]
    public OptimizationResult(OptimizationFacts facts, ModelProto model)
        : base(facts) => Model = model;

    /// <summary>The optimized model, ready to be saved.</summary>
    public required ModelProto Model { get; init; }

    /// <summary>The files that it is written as.</summary>
    public ModelFormat Format { get; init; }

    /// <summary>Content of the file that is written, where that is not <see cref="Model"/> as protobuf; else null.</summary>
    public byte[]? Content { get; init; }

    /// <summary>The model of each of <see cref="OptimizationFacts.Variants"/>, in the same order.</summary>
    public IReadOnlyList<ModelProto> VariantModels { get; init; } = [];
}

/// <summary>Everything the pipeline found out about one model; the manifest is written from it.</summary>
public record OptimizationFacts
{
    /// <summary>Sizes of symbolic dimensions that the result is for: those asked for that the model has. Null: those asked for.</summary>
    public IReadOnlyDictionary<string, long>? FreeDimensions { get; init; }

    /// <summary>For a range of sizes, what holds for all of them; null for one size of each dimension.</summary>
    public RangeFacts? Range { get; init; }

    /// <summary>The peak and its proof.</summary>
    public required PeakFacts Peak { get; init; }

    /// <summary>What it takes in each way of running it. <see cref="Peak"/> is the portable one; its workspace is the most of all architectures.</summary>
    public required IReadOnlyList<PlanFacts> Plans { get; init; }

    /// <summary>Bytes of all weights of the written model.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>For a model of float16: what it takes in the precision that was not chosen; null where that is not known, or the same.</summary>
    public PrecisionAccount? OtherPrecision { get; init; }

    /// <summary>How the memories of the device are used (executor StaticArena); null where the plan is for one.</summary>
    public MemoriesFacts? Memories { get; init; }

    /// <summary>What travels to and from the memory outside a chip; null where no <see cref="OptimizeRequest.OnChip"/> was given, or it cannot be said.</summary>
    public TrafficFacts? Traffic { get; init; }

    /// <summary>Rewrites that were applied.</summary>
    public required IReadOnlyList<AppliedRewrite> Rewrites { get; init; }

    /// <summary>Rewrites that were left out since verification found fault with them, in the order found.</summary>
    public IReadOnlyList<LeftOutRewrite> LeftOut { get; init; } = [];

    /// <summary>The work of a run.</summary>
    public required WorkFacts Work { get; init; }

    /// <summary>What the written model does: its steps and their buffers.</summary>
    public required ExecutionProgram Program { get; init; }

    /// <summary>Node names in execution order, anchors left out; made of <see cref="Program"/> each time.</summary>
    public IReadOnlyList<string> Schedule => Program.NodeNames();

    /// <summary>Operator type of each node, with its domain if that is not ONNX's own; made of <see cref="Program"/> each time.</summary>
    public IReadOnlyList<string> OperatorTypes => Program.OperatorTypes();

    /// <summary>Every tensor, in order of first step, then name; made of <see cref="Program"/> each time.</summary>
    public IReadOnlyList<TensorFacts> Tensors => Program.Tensors();

    /// <summary>Live bytes during each step of the schedule.</summary>
    public required IReadOnlyList<long> Profile { get; init; }

    /// <summary>Live bytes during each step of the source model as it is executed today; empty where that is not known.</summary>
    public required IReadOnlyList<long> OriginalProfile { get; init; }

    /// <summary>What is live at the peak; null for a model without nodes.</summary>
    public required PeakStep? PeakStep { get; init; }

    /// <summary>What is live at the peak of the source model, as it is executed today; null where that is not known.</summary>
    public PeakStep? OriginalPeakStep { get; init; }

    /// <summary>Nodes of whose subgraphs the memory is not planned but measured as workspace, since sizes in them depend on the data.</summary>
    public IReadOnlyList<string> UnplannedBodies { get; init; } = [];

    /// <summary>A block in which a run takes place (executor OnnxRuntime); null where none was seen.</summary>
    public RunBlock? Block { get; init; }

    /// <summary>Blocks for architectures that the app is built for besides the build machine's, by rule; for those of which a run can be foreseen.</summary>
    public IReadOnlyList<RunBlock> OtherBlocks { get; init; } = [];

    /// <summary>What kernels take for themselves on each architecture that the app is built for; empty where no run was measured.</summary>
    public IReadOnlyList<KernelFacts> Kernels { get; init; } = [];

    /// <summary>The same model in other layouts, in ascending order; what each takes is in <see cref="Plans"/>.</summary>
    public IReadOnlyList<VariantFacts> Variants { get; init; } = [];

    /// <summary>
    /// Values whose size was not inferred, in ordinal order of names. Where one of them may be smaller, <see cref="Peak"/> is a bound: a run takes at most that.
    /// </summary>
    public IReadOnlyList<SizeBound> Bounds { get; init; } = [];

    /// <summary>What verification did; null if it was off.</summary>
    public VerificationFacts? Verification { get; init; }

    /// <summary>Warnings, in a fixed order.</summary>
    public required IReadOnlyList<SerenityDiagnostic> Warnings { get; init; }
}

/// <summary>Peak activation memory of a model, in bytes.</summary>
/// <param name="OriginalBytes">What the source model costs on this executor as it is executed today.</param>
/// <param name="Bytes">What the written model costs on this executor; for StaticArena the arena size, of all memories together.</param>
/// <param name="LiveBytes">Live peak of the written schedule.</param>
/// <param name="LowerBoundBytes">Least live peak of any schedule of the written graph, as far as proven.</param>
/// <param name="Optimal">True if <paramref name="Bytes"/>, which a budget is held against, equals <paramref name="LowerBoundBytes"/>.</param>
/// <param name="InputBytes">Bytes of the graph inputs. ONNX Runtime leaves them to the caller, so they are not in <paramref name="Bytes"/>;
/// StaticArena holds them in the arena, and they are.</param>
/// <param name="WorkspaceBytes">Kernels' own scratch on top of <paramref name="Bytes"/>, where it is known; else null. The most of all targets.</param>
/// <param name="SumsInPlace">True if ONNX Runtime has to add partial results up in the buffer of an input, as versions from 1.24 on do.</param>
/// <param name="AtMost">True if sizes depend on data, or have a range: a run takes at most <paramref name="Bytes"/>, and with other data or sizes less.</param>
public sealed record PeakFacts(
    long OriginalBytes, long Bytes, long LiveBytes, long LowerBoundBytes, bool Optimal, long InputBytes, long? WorkspaceBytes, bool SumsInPlace = false, bool AtMost = false)
{
    /// <summary>Runs at a time.</summary>
    public int Runs { get; init; } = 1;

    /// <summary>Bytes that <c>ProcessBudget</c> is held against; the most of all plans, null if not known.</summary>
    public long? ProcessBytes { get; init; }

    /// <summary>
    /// Most bytes that a run was seen to take in a session without the stated options, but for the number of threads and the layout of the processor; null if not measured.
    /// </summary>
    public long? PlainSessionBytes { get; init; }

    /// <summary>The same of the source model.</summary>
    public long? OriginalPlainSessionBytes { get; init; }

    /// <summary>Bytes that <c>MemoryBudget</c> is held against: for all runs that go on at a time.</summary>
    public long RequiredBytes => MemoryAccount.OfPeak(Bytes, WorkspaceBytes, Runs).RequiredBytes;

    /// <summary>For a range of sizes, the peak as a formula of the dimensions, of which <see cref="Bytes"/> is the largest value; else null.</summary>
    public string? Formula { get; init; }

    /// <summary>True if no order has a lower live peak: what else is held, or lies between tensors, is another matter.</summary>
    public bool IsOrderProven() => LiveBytes == LowerBoundBytes;
}

/// <summary>A rewrite that was applied.</summary>
/// <param name="Kind">The rewrite's name, as in docs/rewrites.md.</param>
/// <param name="Nodes">Names of the source nodes it replaced.</param>
/// <param name="Exact">True if outputs stay bit for bit.</param>
/// <param name="SavedBytes">How much the peak fell by it, in the order applied.</param>
public sealed record AppliedRewrite(string Kind, IReadOnlyList<string> Nodes, bool Exact, long SavedBytes)
{
    /// <summary>Predicted time that it adds to a run, as a part of the source's, in the order applied; below 0 where it takes less. Null where it was not worked out.</summary>
    public double? AddedTime { get; init; }

    /// <summary>How its nodes are run in pieces, where that is what it does; else null.</summary>
    public PieceFacts? Pieces { get; init; }
}

/// <summary>A part of the network that is run in pieces.</summary>
/// <param name="Count">Pieces.</param>
/// <param name="Value">The value at its end that the pieces make a part each of.</param>
/// <param name="Axis">The axis of that value that is cut.</param>
/// <param name="AddedTime">Predicted time that the pieces add, as a part of the source's; below 0 where they take less.</param>
public sealed record PieceFacts(int Count, string Value, int Axis, double AddedTime);

/// <summary>A rewrite that would have lowered the peak, and with which outputs did not stay within the tolerance; or nodes of which pieces did not do what was planned.</summary>
/// <param name="Kind">The rewrite's name, as in docs/rewrites.md.</param>
/// <param name="Nodes">Names of the source nodes that it would have replaced, or that no region in pieces has.</param>
/// <param name="Reason">What verification saw, a full sentence.</param>
public sealed record LeftOutRewrite(string Kind, IReadOnlyList<string> Nodes, string Reason);

/// <summary>
/// How long a run of the written model takes beside the source: predicted from shapes, not timed.
/// </summary>
/// <param name="Limit">How long it could take, as a multiple of the source's predicted time.</param>
/// <param name="Ratio">How long it is predicted to take, as a multiple of the source's, rounded to thousandths.</param>
/// <param name="Limited">True if rewrites were left out because of the limit: with a larger one the peak may be lower.</param>
public sealed record WorkFacts(double Limit, double Ratio, bool Limited);

/// <summary>What is live at the peak.</summary>
/// <param name="Index">Step, from 0.</param>
/// <param name="Node">Name of the node that runs there.</param>
/// <param name="Live">Tensors live there, largest first.</param>
public sealed record PeakStep(int Index, string Node, IReadOnlyList<LiveTensor> Live);

/// <summary>A live tensor and its bytes.</summary>
public sealed record LiveTensor(string Tensor, long Bytes);

/// <summary>What verification did.</summary>
/// <param name="Status">"passed", "skipped" or "partial".</param>
/// <param name="Reason">Why it was skipped or partial; else null.</param>
/// <param name="RuntimeVersion">Version of ONNX Runtime that ran.</param>
/// <param name="Architecture">Processor architecture it ran on.</param>
/// <param name="MeasuredBytes">Measured activation peak, without workspace; null if not measured.</param>
/// <param name="Exact">True if outputs were compared bit for bit.</param>
/// <param name="MaxError">Largest difference found, scaled to the output's largest magnitude; 0 if bit for bit.</param>
/// <param name="Level">The optimization level of the session, of one thread, that the source ran in to be compared with: ONNX Runtime's name of it; null if nothing was compared.</param>
/// <param name="Instead">What ran in place of the model, where that is too much work; null where the model itself ran.</param>
public sealed record VerificationFacts(
    string Status, string? Reason, string? RuntimeVersion, string? Architecture, long? MeasuredBytes, bool Exact, double MaxError, string? Level = null, VerifiedInstead? Instead = null)
{
    /// <summary>Configuration entries of the session that the source ran in to be compared with, by which ONNX Runtime fuses one way or another; null where there are none.</summary>
    public IReadOnlyDictionary<string, string>? ConfigEntries { get; init; }
}
