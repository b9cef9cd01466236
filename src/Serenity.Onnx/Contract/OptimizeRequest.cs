using Serenity.Onnx.Formulas;

namespace Serenity.Onnx.Contract;

/// <summary>One model to optimize, and every option that shapes the result.</summary>
public sealed record OptimizeRequest
{
    /// <summary>
    /// The work that rewrites may add whether a budget needs it or not, as a multiple: a tenth more, which by measurement is lost in what the
    /// smaller memory gains.
    /// </summary>
    public const double FreeWork = 1.1;

    /// <summary>Up to so many multiply-accumulates a run, a model is verified unless something else is said: about a second a billion on one core.</summary>
    public const long UsualVerifyLimit = 20_000_000_000;

    /// <summary>One size of every dimension.</summary>
    public static IReadOnlyDictionary<string, SizeRange> NoRanges { get; } = new Dictionary<string, SizeRange>(StringComparer.Ordinal);

    /// <summary>No dimension that follows from others.</summary>
    public static IReadOnlyDictionary<string, string> NoFormulas { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Absolute path of the source model.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Who runs it.</summary>
    public Executor Executor { get; init; } = Executor.OnnxRuntime;

    /// <summary>Which rewrites may be applied.</summary>
    public RewriteLevel Rewrite { get; init; } = RewriteLevel.All;

    /// <summary>Graph inputs lie in memory of the app's own, or come in row by row, and take none of the arena (executor StaticArena).</summary>
    public bool InputsApart { get; init; }

    /// <summary>Run parts of the network in pieces where that lowers the peak (not with <see cref="RewriteLevel.None"/>).</summary>
    public bool Partition { get; init; } = true;

    /// <summary>The precision in which a model of float16 is planned and written.</summary>
    public Precision Precision { get; init; } = Precision.Source;

    /// <summary>Apply ONNX Runtime's hardware-independent fusions ahead of time (executor OnnxRuntime).</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Run original and optimized and compare outputs, order and memory.</summary>
    public bool Verify { get; init; } = true;

    /// <summary>
    /// Most multiply-accumulates of one run for the model to be run at all; above, smaller sizes of open dimensions are verified in its place, or a part of the network
    /// (<see cref="VerifiedInstead"/>). <see cref="long.MaxValue"/> for no limit.
    /// </summary>
    public long VerifyLimit { get; init; } = UsualVerifyLimit;

    /// <summary>What the user calls the files of <see cref="SamplePaths"/>; null for none.</summary>
    public string? VerifyInputs { get; init; }

    /// <summary>Absolute paths of files with inputs to verify with, besides those that are made up: <c>.npz</c>, or <c>.pb</c> as ONNX's conformance tests store them.</summary>
    public IReadOnlyList<string> SamplePaths { get; init; } = [];

    /// <summary>Which native ONNX Runtime the user asks to plan and verify with: "App", or a path; null for the one that comes with this program.</summary>
    public string? VerifyWith { get; init; }

    /// <summary>The files of that ONNX Runtime; null for the one that comes with this program.</summary>
    public RuntimeFiles? Runtime { get; init; }

    /// <summary>Sizes of symbolic dimensions, by name.</summary>
    public IReadOnlyDictionary<string, long> FreeDimensions { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Ranges of sizes of symbolic dimensions that are not in <see cref="FreeDimensions"/>, by name: the model stays open in them.</summary>
    public IReadOnlyDictionary<string, SizeRange> Ranges { get; init; } = NoRanges;

    /// <summary>
    /// Sizes of symbolic dimensions that follow from others in every run, by name, where the model does not say so itself: a formula such as
    /// <c>past_sequence_length + sequence_length</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> SizeFormulas { get; init; } = NoFormulas;

    /// <summary>The sizes within <see cref="Ranges"/> that an order is searched for; null for the largest.</summary>
    internal IReadOnlyDictionary<string, long>? PlannedAt { get; init; }

    /// <summary>
    /// True if <see cref="FreeDimensions"/> are a project's sizes for all its models: names that this model does not have are then left out, and
    /// are no error.
    /// </summary>
    public bool FreeDimensionsAreDefaults { get; init; }

    /// <summary>
    /// For values whose size depends on data: the most elements that any run gives along each dimension that is not known, or all dimensions; by name.
    /// </summary>
    public IReadOnlyDictionary<string, long[]>? Bounds { get; init; }

    /// <summary>The values wanted, where they are not the model's outputs: the rest of the model is cut off. Names; none for the model's own.</summary>
    public IReadOnlyList<string>? Outputs { get; init; }

    /// <summary>Values that the app gives instead of having them computed: what only they need is cut off. Names; none for the model's own inputs.</summary>
    public IReadOnlyList<string>? Inputs { get; init; }

    /// <summary>Inputs that have one value in every run, as text by name, such as <c>use_cache_branch</c> and <c>false</c>.</summary>
    public IReadOnlyDictionary<string, string>? FixedInputs { get; init; }

    /// <summary>
    /// Outputs that the app binds to the very buffer of an input of the same size: the output by input, by name or by pattern (<c>*</c>, or <c>%d</c> for a number), as
    /// <c>past_key_values.*</c> and <c>present.*</c> (executor OnnxRuntime).
    /// </summary>
    public IReadOnlyDictionary<string, string>? SharedBuffers { get; init; }

    /// <summary>Limit of the scheduling search, in states; null for the default.</summary>
    public long? SearchLimit { get; init; }

    /// <summary>Alignment of arena offsets in bytes (executor StaticArena); a power of two.</summary>
    public int Alignment { get; init; } = 16;

    /// <summary>Memories of the device (executor StaticArena), cheapest first or not; null for one arena, wherever it lies.</summary>
    public IReadOnlyList<DeviceMemory>? Memories { get; init; }

    /// <summary>Bytes of memory on chip, for which traffic is counted; null for none.</summary>
    public long? OnChip { get; init; }

    /// <summary>
    /// The most bytes that the arena may take for less traffic, for all runs that go on at a time; null for what the source needs. The arena of least peak is taken where it needs more, and no
    /// arena grows beyond what the source needs.
    /// </summary>
    public long? TrafficPeak { get; init; }

    /// <summary>Threads within operators that the app will run the model with (executor OnnxRuntime), from 1: kernels take scratch for each.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Layouts that are planned besides the portable one, each once, in ascending order (executor OnnxRuntime).</summary>
    public IReadOnlyList<PlanLayout> Layouts { get; init; } = [];

    /// <summary>True if a layout of <see cref="Layouts"/> may be left out where the model cannot have it, or gains nothing by it; else that is an error.</summary>
    public bool LayoutsWhereUseful { get; init; }

    /// <summary>
    /// Bytes that a layout besides the portable one is to stay within, for all runs that go on at a time; null for as fast as can be. Where none does, it is chosen as if nothing had been said.
    /// </summary>
    public long? LayoutBytes { get; init; }

    /// <summary>The files that the model is written as; all but <see cref="ModelFormat.Onnx"/> for executor OnnxRuntime alone.</summary>
    public ModelFormat Format { get; init; } = ModelFormat.Onnx;

    /// <summary>Let kernels lay weights out anew as the model is loaded, which takes memory for them and saves time (executor OnnxRuntime).</summary>
    public bool Prepack { get; init; } = true;

    /// <summary>Runs that the app has going on one session at a time, from 1: each needs activations and workspace of its own.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>How long a run of the rewritten model may take, as a multiple of the source's predicted time; see <see cref="WorkFacts"/>.</summary>
    public double WorkLimit { get; init; } = FreeWork;

    /// <summary>Architectures that the app is built for, each once; empty for the build machine's.</summary>
    public IReadOnlyList<TargetArchitecture> Targets { get; init; } = [];

    /// <summary>How the app fills up inputs: verification sees to it that this changes nothing but what is cut off again. Null where it does not. Shapes no plan.</summary>
    public Filling? Filled { get; init; }

    /// <summary>Name of the .onnx file to be written, without a folder: external data is named for it. Null for the source's own.</summary>
    public string? OutputName { get; init; }

    /// <summary>Told of each stage as it begins, on a thread of its own choice; null if nobody wants to know. Shapes no result.</summary>
    public Action<PipelineStage>? Progress { get; init; }
}
