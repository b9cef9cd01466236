using Serenity.Build.Options.Syntax;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Options;

/// <summary>
/// Every option of a model, in the order of the reference, the property page and the manifest. To add one: an entry here, and for one that shapes the
/// result a property of <see cref="OptimizeRequest"/>; then the lines that the tests ask for in <c>Serenity.Build.props</c>, <c>Serenity.Build.Rules.xml</c>, the
/// manifest's schema and the reference.
/// </summary>
public static class ModelOptions
{
    private const string BudgetSummary = "Most activation memory the model may need: 512KiB, 1.5MB.";

    private static readonly SizeSyntax _size = new();
    private static readonly BooleanSyntax _boolean = new();

    // As MSBuild and the SDK know them.
    private static readonly ChoiceSyntax<string?> _copyMode = new(
        ("Never", "Never", "Do not copy"), ("Always", "Always", "Copy always"), ("PreserveNewest", "PreserveNewest", "Copy if newer"),
        ("IfDifferent", "IfDifferent", "Copy if different"));

    /// <summary>Most bytes for activations and measured workspace; null for no budget.</summary>
    public static ModelOption<long?> MemoryBudget { get; } = new("MemoryBudget", OptionEffect.Check, _size, null, BudgetSummary)
    {
        IsBudget = true,
        Switch = new("--budget", "-b"),
    };

    /// <summary>Most bytes for weights; null for no budget.</summary>
    public static ModelOption<long?> WeightBudget { get; } = new("WeightBudget", OptionEffect.Check, _size, null, "Most bytes the weights may take: 1MiB.")
    {
        IsBudget = true,
        Switch = new("--weight-budget"),
    };

    /// <summary>Most bytes for the whole process; null for no budget.</summary>
    public static ModelOption<long?> ProcessBudget { get; } = new(
        "ProcessBudget", OptionEffect.Check, _size, null, "Most bytes that ONNX Runtime with the model may take in the process, library, session and weights included: 64MiB.")
    {
        IsBudget = true,
        Switch = new("--process-budget"),
    };

    /// <summary>Name of the device whose memory is the budget; empty for none.</summary>
    public static ModelOption<string> Device { get; } = new(
        "Device", OptionEffect.Check, new TextSyntax("name"), "", "A SerenityDevice item, or a well-known device, whose memory is the budget.")
    {
        IsBudget = true,
        Switch = new("--device", Help: "A well-known device, whose memory is the budget: see 'dotnet serenity devices'."),
    };

    /// <summary>From which part of a budget on a warning is given, in percent; null for none.</summary>
    public static ModelOption<double?> WarnAt { get; } = new(
        "WarnAt", OptionEffect.Check, new ShareSyntax(), null, "From which part of a budget on the build warns: 90%.")
    {
        Switch = new("--warn-at", Help: "From which part of a budget on there is a warning: 90%."),
    };

    /// <summary>File with the figures that the models may not exceed; empty for none.</summary>
    public static ModelOption<string> Baseline { get; } = new(
        "Baseline", OptionEffect.Check, new PathSyntax(), "", "File with the figures of before, which the model may not exceed: memory-baseline.json.")
    {
        Switch = new("--baseline"),
    };

    /// <summary>How far above the baseline a model may be.</summary>
    public static ModelOption<Tolerance> BaselineTolerance { get; } = new(
        "BaselineTolerance", OptionEffect.Check, new ToleranceSyntax(), Tolerance.None, "How far above its baseline the model may be: 2%, 4KiB.")
    {
        Switch = new("--tolerance"),
    };

    /// <summary>Who runs the model.</summary>
    public static ModelOption<Executor> Executor { get; } = new(
        "Executor",
        new ChoiceSyntax<Executor>(
            [.. ExecutorTable.All.Select(e => (e, e.Traits().Name, e.Traits().Title))]),
        request => request.Executor, (request, value, _) => request with { Executor = value }, "Who runs the model.")
    {
        Switch = new("--executor", "-e"),
    };

    /// <summary>Which rewrites may be applied.</summary>
    public static ModelOption<RewriteLevel> Rewrite { get; } = new(
        "Rewrite",
        new ChoiceSyntax<RewriteLevel>(
            (RewriteLevel.None, "None", "None"), (RewriteLevel.Exact, "Exact", "Only those that keep outputs bit for bit"), (RewriteLevel.All, "All", "All")),
        request => request.Rewrite, (request, value, _) => request with { Rewrite = value }, "Which changes of the graph are allowed.")
    {
        Switch = new("--rewrite", "-r"),
    };

    /// <summary>Run parts of the network in pieces.</summary>
    public static ModelOption<bool> Partition { get; } = new(
        "Partition", _boolean, request => request.Partition, (request, value, _) => request with { Partition = value },
        "Run parts of the network in pieces where that lowers the peak.")
    {
        Switch = new("--no-partition", Help: "Do not run parts of the network in pieces, also where that lowers the peak."),
    };

    /// <summary>The precision in which a model of float16 is planned and written.</summary>
    public static ModelOption<Precision> Precision { get; } = new(
        "Precision",
        new ChoiceSyntax<Precision>(
            (Onnx.Contract.Precision.Source, "Source", "The source's"), (Onnx.Contract.Precision.Float32, "Float32", "Float32"),
            (Onnx.Contract.Precision.Float32KeepWeights, "Float32KeepWeights", "Float32, with large weights in float16")),
        request => request.Precision, (request, value, _) => request with { Precision = value }, "The precision in which a model of float16 is planned and written.")
    {
        Switch = new("--precision"),
    };

    /// <summary>Apply ONNX Runtime's fusions ahead of time.</summary>
    public static ModelOption<bool> Fuse { get; } = new(
        "Fuse", _boolean, request => request.Fuse, (request, value, _) => request with { Fuse = value }, "Apply ONNX Runtime's fusions ahead of time.")
    {
        Switch = new("--no-fuse", Help: "Do not apply ONNX Runtime's fusions ahead of time."),
    };

    /// <summary>Run source and optimized model and compare them.</summary>
    public static ModelOption<bool> Verify { get; } = new(
        "Verify", _boolean, request => request.Verify, (request, value, _) => request with { Verify = value },
        "Run original and optimized and compare outputs, order and memory.")
    {
        Switch = new("--no-verify", Help: "Do not run original and optimized to compare outputs, order and memory. Kernels' workspace is not measured then, and so is in no figure."),
    };

    /// <summary>Most work of one run for the model itself to be run.</summary>
    public static ModelOption<long> VerifyLimit { get; } = new(
        "VerifyLimit", new LimitSyntax("work"), request => request.VerifyLimit, (request, value, _) => request with { VerifyLimit = value },
        "Most multiply-accumulates of a run for the model itself to be verified, or none for no limit; above, smaller sizes or a part of it are.")
    {
        Switch = new("--verify-limit"),
    };

    /// <summary>Files with inputs to verify with, besides those that are made up; null for none.</summary>
    public static ModelOption<string?> VerifyInputs { get; } = new(
        "VerifyInputs", new FilesSyntax(), request => request.VerifyInputs, (request, value, _) => request with { VerifyInputs = value },
        "Files with inputs to verify with too: samples/*.npz.")
    {
        Switch = new("--verify-inputs"),
    };

    /// <summary>The native ONNX Runtime to plan and verify with; null for the one that comes with this program.</summary>
    public static ModelOption<string?> VerifyWith { get; } = new(
        "VerifyWith", new LibrarySyntax(), request => request.VerifyWith, (request, value, _) => request with { VerifyWith = value },
        "The native ONNX Runtime to plan and verify with: Package, App for the one that the project references, or a path.")
    {
        Switch = new("--verify-with", ValueName: "path", Help: "The native ONNX Runtime to plan and verify with, in place of the one that comes with this program."),
    };

    /// <summary>Sizes of symbolic dimensions.</summary>
    public static ModelOption<DimensionSizes> FreeDimensions { get; } = new(
        "FreeDimensions", new DimensionsSyntax(), request => new DimensionSizes(request.FreeDimensions, request.Ranges, request.SizeFormulas),
        (request, value, isProjects) => request with { FreeDimensions = value.Sizes, Ranges = value.Ranges, SizeFormulas = value.Formulas, FreeDimensionsAreDefaults = isProjects },
        "Sizes of symbolic dimensions, ranges of sizes, or lists with a file for each: batch=1;seq=1..512.")
    {
        FitsWhereItCan = true,
        Switch = new("--free-dimensions", "-d", Repeats: true, Help: "Size of a symbolic dimension, range of sizes, or list with a file for each: -d batch=1 -d seq=1..512."),
    };

    /// <summary>Architectures that the app is built for; none for the build machine's.</summary>
    public static ModelOption<IReadOnlyList<TargetArchitecture>> TargetArchitecture { get; } = new(
        "TargetArchitecture", new ArchitecturesSyntax(), request => request.Targets, (request, value, _) => request with { Targets = value },
        "Processors that the app runs on, whose kernels' workspace is counted: x64, arm64, or both.")
    {
        Switch = new("--target", "-t", Repeats: true),
    };

    /// <summary>Layouts that the model is written in; the portable one is among them in any case, and none named is those that are of use.</summary>
    public static ModelOption<IReadOnlyList<PlanLayout>> Layout { get; } = new(
        "Layout", new LayoutsSyntax(),
        request => request.LayoutsWhereUseful ? [] : request.Layouts.Count == 0 ? [PlanLayout.Portable] : request.Layouts,
        (request, value, _) => value is [PlanLayout.Portable] && request is { Layouts.Count: 0, LayoutsWhereUseful: false } ? request : request with
        {
            Layouts = value.Count == 0 ? [PlanLayout.Blocked8, PlanLayout.Blocked16] : [.. value.Where(layout => layout != PlanLayout.Portable)],
            LayoutsWhereUseful = value.Count == 0,
        },
        "Layouts that the model is written in besides the portable one, each a file of its own: Blocked8, Blocked16, or Auto for those that are of use.")
    {
        Switch = new("--layout", Repeats: true),
    };

    /// <summary>The files that the model is written as.</summary>
    public static ModelOption<ModelFormat> Format { get; } = new(
        "Format",
        new ChoiceSyntax<ModelFormat>(
            (ModelFormat.Onnx, "Onnx", "One .onnx file"), (ModelFormat.OnnxExternal, "OnnxExternal", "An .onnx file, and one with the weights"), (ModelFormat.Ort, "Ort", "One .ort file")),
        request => request.Format, (request, value, _) => request with { Format = value },
        "The files that the model is written as: Onnx, OnnxExternal for weights in a file that is mapped, Ort for ONNX Runtime's own format (OnnxRuntime).")
    {
        FitsWhereItCan = true,
        Switch = new("--format"),
    };

    /// <summary>Let kernels lay weights out anew as the model is loaded.</summary>
    public static ModelOption<bool> Prepack { get; } = new(
        "Prepack", _boolean, request => request.Prepack, (request, value, _) => request with { Prepack = value },
        "Let kernels lay weights out anew as the model is loaded: faster, and the weights may be in memory twice (OnnxRuntime).")
    {
        Switch = new("--no-prepack", Help: "Do not let kernels lay weights out anew as the model is loaded: large weights are in memory once, and runs take longer (OnnxRuntime)."),
    };

    /// <summary>How long a run may take where the budget needs it, as a multiple of the source's predicted time.</summary>
    public static ModelOption<double> WorkLimit { get; } = new(
        "WorkLimit", OptionEffect.Choice, new MultipleSyntax(), OptimizeRequest.FreeWork,
        "How long a run may take at most where the budget needs it, as a multiple of the source model's predicted time.")
    {
        Switch = new("--work-limit"),
    };

    /// <summary>Most states the search for an order may visit; null for the search's own limit.</summary>
    public static ModelOption<long?> SearchLimit { get; } = new(
        "SearchLimit", new NumberSyntax("states"), request => request.SearchLimit, (request, value, _) => request with { SearchLimit = value },
        "Most states the search for an order may visit.")
    {
        Switch = new("--search-limit"),
    };

    /// <summary>Alignment of arena offsets in bytes.</summary>
    public static ModelOption<int> Alignment { get; } = new(
        // The largest is a page.
        "Alignment", new PowerOfTwoSyntax(4096, "bytes"), request => request.Alignment, (request, value, _) => request with { Alignment = value },
        "Alignment of arena offsets in bytes, a power of two (StaticArena).")
    {
        Switch = new("--alignment"),
    };

    /// <summary>Graph inputs take none of the arena.</summary>
    public static ModelOption<bool> InputsApart { get; } = new(
        "InputsApart", _boolean, request => request.InputsApart, (request, value, _) => request with { InputsApart = value },
        "Graph inputs lie in memory of the app's own, or come in row by row, and take none of the arena (StaticArena).")
    {
        Switch = new("--inputs-apart"),
    };

    /// <summary>Memories of the device, each with the cost of an access; null for one arena.</summary>
    public static ModelOption<IReadOnlyList<DeviceMemory>?> Memories { get; } = new(
        "Memories", new MemoriesSyntax(), request => request.Memories,
        // What the project says for all its models holds for those that have offsets.
        (request, value, isProjects) => isProjects && !request.Executor.Traits().HasOffsets ? request : request with { Memories = value },
        "Memories of the device that tensors are placed in, each with the cost of an access: DTCM=128KiB@1;AXI=512KiB@2 (StaticArena).")
    {
        FitsWhereItCan = true,
        Switch = new("--memories", Repeats: true, Help: "Memory of the device that tensors are placed in, with the cost of an access: --memories DTCM=128KiB@1 --memories AXI=512KiB@2 (StaticArena)."),
    };

    /// <summary>Bytes on chip, for which traffic to and from the memory outside is counted; null for none.</summary>
    public static ModelOption<long?> OnChip { get; } = new(
        "OnChip", _size, request => request.OnChip, (request, value, _) => request with { OnChip = value },
        "Bytes of memory on chip: what travels to and from the memory outside is counted: 256KiB.")
    {
        Switch = new("--on-chip"),
    };

    /// <summary>Threads within operators that the app will run the model with.</summary>
    public static ModelOption<int> Threads { get; } = new(
        "Threads", new CountSyntax(256, "count"), request => request.Threads, (request, value, _) => request with { Threads = value },
        "Threads within operators that the app will run the model with: kernels take scratch for each (OnnxRuntime).")
    {
        Switch = new("--threads"),
    };

    /// <summary>Runs at a time.</summary>
    public static ModelOption<int> Concurrency { get; } = new(
        "Concurrency", new CountSyntax(256, "count"), request => request.Concurrency, (request, value, _) => request with { Concurrency = value },
        "Runs that go on at a time on one session: the memory budget is held against all of them.")
    {
        Switch = new("--concurrency"),
    };

    /// <summary>The most of values whose size depends on data.</summary>
    public static ModelOption<IReadOnlyDictionary<string, long[]>?> Bounds { get; } = new(
        "Bounds", new BoundsSyntax(), request => request.Bounds, (request, value, _) => request with { Bounds = value },
        "The most that any run gives of values whose size depends on data: /NonZero_output_0=100.")
    {
        Property = null,
        Switch = new("--bounds", Repeats: true),
    };

    /// <summary>Values that the app gives instead of having them computed.</summary>
    public static ModelOption<IReadOnlyList<string>?> Inputs { get; } = new(
        "Inputs", new NamesSyntax(), request => request.Inputs, (request, value, _) => request with { Inputs = value },
        "Values that the app gives instead of having them computed; what only they need is cut off.")
    {
        Property = null,
        Switch = new("--inputs", Repeats: true),
    };

    /// <summary>The values wanted.</summary>
    public static ModelOption<IReadOnlyList<string>?> Outputs { get; } = new(
        "Outputs", new NamesSyntax(), request => request.Outputs, (request, value, _) => request with { Outputs = value },
        "The values wanted, where they are not the model's outputs; the rest is cut off.")
    {
        Property = null,
        Switch = new("--outputs", Repeats: true),
    };

    /// <summary>Inputs that have one value in every run.</summary>
    public static ModelOption<IReadOnlyDictionary<string, string>?> FixedInputs { get; } = new(
        "FixedInputs", new ValuesSyntax(), request => request.FixedInputs, (request, value, _) => request with { FixedInputs = value },
        "Inputs that have one value in every run: use_cache_branch=false.")
    {
        Property = null,
        Switch = new("--fixed-inputs", Repeats: true),
    };

    /// <summary>Outputs that the app binds to the buffer of an input.</summary>
    public static ModelOption<IReadOnlyDictionary<string, string>?> SharedBuffers { get; } = new(
        "SharedBuffers", new ValuesSyntax("input=output", "past_key_values.*=present.*"), request => request.SharedBuffers, (request, value, _) => request with { SharedBuffers = value },
        "Outputs that the app binds to the buffer of an input of the same size, as caches of full length: past_key_values.*=present.* (OnnxRuntime).")
    {
        Property = null,
        Switch = new("--shared-buffers", Repeats: true),
    };

    /// <summary>Write an HTML report.</summary>
    public static ModelOption<bool> Report { get; } = new("Report", OptionEffect.Files, _boolean, false, "Write an HTML report beside the manifest.");

    /// <summary>Write the arena as a C header.</summary>
    public static ModelOption<bool> Header { get; } = new("Header", OptionEffect.Files, _boolean, false, "Write a C header with the arena's layout.")
    {
        FitsWhereItCan = true,
    };

    /// <summary>Where the optimized model goes in the output folder; empty for the item's relative path.</summary>
    public static ModelOption<string> TargetPath { get; } = new(
        "TargetPath", OptionEffect.Files, new PathSyntax(), "", "Where the optimized model goes in the output folder.")
    {
        Property = null,
    };

    /// <summary>When outputs are copied to the output folder.</summary>
    public static ModelOption<string?> CopyToOutputDirectory { get; } = new(
        "CopyToOutputDirectory", OptionEffect.Files, _copyMode, "IfDifferent", "When the outputs are copied to the output folder.");

    /// <summary>When outputs are published; null for as they are copied to the output folder.</summary>
    public static ModelOption<string?> CopyToPublishDirectory { get; } = new(
        "CopyToPublishDirectory", OptionEffect.Files, _copyMode, null, "When the outputs are published with the app.")
    {
        Property = null,
    };

    /// <summary>Publish manifest, report and header too.</summary>
    public static ModelOption<bool> PublishManifest { get; } = new(
        "PublishManifest", OptionEffect.Files, _boolean, false, "Publish the manifest, the report and the header with the app too.");

    /// <summary>Put the outputs into the package that the project makes.</summary>
    public static ModelOption<bool> Pack { get; } = new(
        "Pack", OptionEffect.Files, _boolean, false, "Put the optimized model into the NuGet package that the project makes, for all who reference it.");

    /// <summary>Who sees the generated code.</summary>
    public static ModelOption<CodeAccess> Access { get; } = new(
        "Access", OptionEffect.Code, new ChoiceSyntax<CodeAccess>((CodeAccess.Internal, "Internal", "This project"), (CodeAccess.Public, "Public", "Every project")), CodeAccess.Internal,
        "Who sees the model's part of the generated code.");

    /// <summary>What inputs are filled with that are shorter than a file of the model takes; null for none.</summary>
    public static ModelOption<IReadOnlyDictionary<string, string>?> Pad { get; } = new(
        "Pad", OptionEffect.Code, new PaddingSyntax(), null,
        "What inputs are filled with where FreeDimensions lists sizes and none fits exactly: input_ids=0;attention_mask=0.")
    {
        Property = null,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModelOption> All { get; } =
    [
        MemoryBudget, WeightBudget, ProcessBudget, Device, WarnAt, Baseline, BaselineTolerance, Executor, Rewrite, Partition, Precision, Fuse, Verify, VerifyLimit, VerifyInputs, VerifyWith,
        FreeDimensions, TargetArchitecture, Layout, Format, Prepack, WorkLimit, SearchLimit, Alignment, InputsApart, Memories, OnChip, Threads, Concurrency,
        Bounds, Inputs, Outputs, FixedInputs, SharedBuffers, Report, Header, TargetPath,
        CopyToOutputDirectory, CopyToPublishDirectory, PublishManifest, Pack, Access, Pad,
    ];

    /// <summary>Those that shape the result.</summary>
    public static IReadOnlyList<ModelOption> OfResult { get; } = [.. All.Where(option => option.Effect == OptionEffect.Result)];
}
