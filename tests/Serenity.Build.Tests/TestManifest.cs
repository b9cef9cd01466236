using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Build.Options.Syntax;

namespace Serenity.Build.Tests;

/// <summary>A small manifest with every kind of entry in it.</summary>
internal static class TestManifest
{
    /// <summary>One of StaticArena over several memories, with a tensor that moves, a weight, and traffic.</summary>
    /// <param name="size">Size of the second memory, of which 1,564 bytes are used.</param>
    public static MemoryManifest OverMemories(long size = 8192) => (Create(bytes: 3064) with
    {
        Executor = Executor.StaticArena,
        SessionOptions = null,
        Targets = null,
        Memories = new MemoriesFacts(
            [UsedMemory.Of(new DeviceMemory("DTCM", 4096, 1), 1500) with { LeastBytes = 5120 },
                UsedMemory.Of(new DeviceMemory("AXI", size, 2), 1564), UsedMemory.Of(new DeviceMemory("FLASH", 8192, 2.5, MemoryUse.Weights), 1000)],
            4500.5, 4400, [new PlacedWeight("w", 1000, "FLASH", 0)]),
        Traffic = new TrafficFacts(
            2048, [new OrderTraffic("file", 100, 50, 150, 200, 0), new OrderTraffic("onnxRuntime", 100, 50, 150, 200, 1), new OrderTraffic("planned", 90, 40, 120, 140, 0)], 60,
            [new TrafficPoint(1024, [300, 300, 200]), new TrafficPoint(4096, [0, 0, 0])])
        { LeastPeakBytes = 2900, MostPeakBytes = 5000 },
    }).With(tensors:
        [
            new TensorFacts("in", 400, 64, 0, 0, TensorRole.Input, null, Type: "float[1,100]", Writers: [], Readers: [0]) { Memory = "AXI" },
            new TensorFacts("a", 1500, 0, 0, 2, TensorRole.Activation, null) { Memory = "DTCM", Move = new TensorMove(2, "AXI", 64) },
            new TensorFacts("b", 1500, 0, 2, 2, TensorRole.Output, null) { Memory = "DTCM" },
        ]);

    /// <summary>The same manifest with other lists in it.</summary>
    public static MemoryManifest With(
        this MemoryManifest manifest, IReadOnlyList<string>? schedule = null, IReadOnlyList<string>? operatorTypes = null, IReadOnlyList<TensorFacts>? tensors = null) =>
        manifest with { Program = ExecutionProgram.Of(schedule ?? manifest.Schedule, operatorTypes ?? manifest.OperatorTypes, tensors ?? manifest.Tensors) };

    public static MemoryManifest Create(long bytes = 3000, long? workspace = 500, long weights = 1000, long lowerBound = 2500, bool optimal = false) => new()
    {
        Tool = new ToolInfo("Serenity.Build", "1.2.3"),
        Source = new FileInfoEntry("models/net.onnx", new string('a', 64)),
        Output = new FileInfoEntry("net.onnx", new string('b', 64)),
        Options = OptionValues.Default.With(ModelOptions.Rewrite, RewriteLevel.Exact).With(ModelOptions.SearchLimit, 1000).With(ModelOptions.Threads, 2)
            .With(ModelOptions.FreeDimensions, new DimensionSizes(new Dictionary<string, long> { ["batch"] = 2, ["a\"b"] = 1 })),
        Executor = Executor.OnnxRuntime,
        SessionOptions = ManifestBuilder.OnnxRuntimeSessionOptions(1),
        Peak = new PeakFacts(5000, bytes, bytes, lowerBound, optimal, 400, workspace),
        Targets = [new TargetFacts("x64", workspace, workspace is null ? FigureBasis.Unknown : FigureBasis.Measured)],
        Plans =
        [
            new PlanFacts(PlanLayout.Portable, "x64", 2, new Dictionary<string, SizeRange> { ["batch"] = new(1, 8) }, 3584, new MemoryAccount(
            [
                new PoolAccount(MemoryPool.Activations, [new MemoryPart("live", bytes, FigureBasis.Planned)]),
                new PoolAccount(MemoryPool.Workspace, [new MemoryPart("kernels", workspace, workspace is null ? FigureBasis.Unknown : FigureBasis.Measured)]),
                new PoolAccount(MemoryPool.Weights, [new MemoryPart("initializers", weights, FigureBasis.Planned)]),
            ])),
        ],
        Variants = [new VariantEntry(PlanLayout.Blocked16, new FileInfoEntry("net.blocked16.onnx", new string('c', 64)), FigureBasis.Measured, 0.625, 12, 3)],
        Budget = new BudgetEntry(null, BudgetVerdict.None),
        Weights = new WeightsEntry(weights),
        Rewrites = [new AppliedRewrite("channel-partition", ["conv1"], false, 700) { AddedTime = 0.031, Pieces = new PieceFacts(4, "a", 2, 0.031) }],
        Work = new WorkEntry(1.1, 1.042, true, 4, 2750),
        Verification = new VerificationFacts("passed", null, "1.30.0", "X64", bytes, false, 1.25e-7),
        Warnings = [new WarningEntry("SER2401", "The search ended early {0}.", [new(ModelSetting.SearchLimit), new(ModelSetting.WorkLimit, "4")]), new WarningEntry("SER2501", "\u00fc <x> + 'y'")],
        Program = ExecutionProgram.Of(["conv1", "relu \"1\"", "add"], ["Conv", "Relu", "Add"],
        [
            new TensorFacts("in", 400, null, 0, 0, TensorRole.Input, null, Type: "float[1,100]", Writers: [], Readers: [0]),
            new TensorFacts("a", 1500, 0, 0, 2, TensorRole.Activation, null),
            new TensorFacts("b", 1500, null, 1, 2, TensorRole.Output, "a", ["x", "y"]),
        ]),
        Profile = [1900, 3000, 3000],
        OriginalProfile = [4000, 2000],
        Blocks = [new BlockEntry("x64", 2, "1.30.0", 3584, 3520)],
        BlockAllocations = [new BlockAllocationsEntry([1500, 1500, 500], [0, 1536, 3072], [-1, 0, -1])],
        PeakStep = new PeakStep(1, "relu \"1\"", [new LiveTensor("a", 1500), new LiveTensor("b", 1500)]),
        OriginalPeakStep = new PeakStep(0, "conv 0", [new LiveTensor("whole", 2500), new LiveTensor("a", 1500)]),
    };
}
