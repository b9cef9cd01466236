using System.Reflection;
using System.Runtime.CompilerServices;

namespace Serenity.Onnx.Contract;

/// <summary>
/// What is taken for granted of ONNX Runtime, with the versions that each rule was seen to hold for: the one place that states them. Code that builds on a rule names it.
/// A newer version is one step (<c>docs/onnxruntime.md</c>, "A new version"): every rule has tests that fail where it does otherwise.
/// </summary>
public static class RuntimeRules
{
    private static readonly List<RuntimeRule> _all = [];

    /// <summary>The version that this build was made and tested with: every rule holds for it.</summary>
    public static Version Tested { get; } = Version.Parse(
        typeof(RuntimeRules).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "OnnxRuntimeVersion").Value!.Split('-')[0]);

    /// <summary>All rules, in the order of this file.</summary>
    public static IReadOnlyList<RuntimeRule> All => _all;

    /// <summary>The order of execution follows from the graph and the order in the file, in sequential and in parallel mode.</summary>
    public static RuntimeRule ExecutionOrder { get; } = Rule("1.18.0", "OrtRulesTests");

    /// <summary>Which buffer an output gets: its own, an input's, one that was freed.</summary>
    public static RuntimeRule BufferPlan { get; } = Rule("1.18.0", "OrtRulesTests");

    /// <summary>Which kernels write over an input, <see cref="SumInPlace"/> apart.</summary>
    public static RuntimeRule KernelsInPlace { get; } = Rule("1.18.0", "OrtRulesTests");

    /// <summary><c>com.microsoft.FusedConv</c> adds into the buffer of its fourth input. Older versions copy that input first.</summary>
    public static RuntimeRule SumInPlace { get; } = Rule("1.24.0", "SharedTruthTests");

    /// <summary>How much scratch a float convolution takes. 1.23 and 1.24 take the whole column matrix for grouped ones.</summary>
    public static RuntimeRule ConvolutionScratch { get; } = Rule("1.27.0", "KernelWorkspaceTests");

    /// <summary>What If, Loop and Scan allocate for themselves.</summary>
    public static RuntimeRule ControlFlow { get; } = Rule("1.31.0", "ControlFlowTests");

    /// <summary>Kernels want their buffers at multiples of 64 bytes (MlasGetPreferredBufferAlignment).</summary>
    public static RuntimeRule BufferAlignment { get; } = Rule("1.27.0", "RunBlockTests");

    /// <summary>While a session profiles, an allocator is asked for statistics before and after each kernel, the second time only if the first answer had a limit or a count.</summary>
    public static RuntimeRule KernelMarks { get; } = Rule("1.23.0", "ModelSessionTests");

    /// <summary>All allocations of a run happen on the thread that called it.</summary>
    public static RuntimeRule CallingThread { get; } = Rule("1.27.0", "ModelSessionTests");

    /// <summary>Positions of functions in OrtApi, which are only ever appended to (onnxruntime_c_api.h: "do not reorder").</summary>
    public static RuntimeRule ApiPositions { get; } = Rule("1.23.0", "ModelSessionTests");

    /// <summary>Types of values are inferred as a model is read. Making a session of it ready to run tells no more of a graph whose nodes stay as they are.</summary>
    public static RuntimeRule TypesAsRead { get; } = Rule("1.32.0", "InterfaceTypesTests");

    /// <summary>A foreign allocator that has no memory to give must not return: what it gives is not looked at.</summary>
    public static RuntimeRule UncheckedAllocations { get; } = Rule("1.31.0", "ModelSessionTests");

    /// <summary>What a session and the library take besides weights, for each node and initializer (linux-x64).</summary>
    public static RuntimeRule SessionMemory { get; } = Rule("1.32.0", "ProcessAccountTests");

    /// <summary>Pairs of casts are taken out at every level of optimization.</summary>
    public static RuntimeRule CastPairs { get; } = Rule("1.31.0", "SharedTruthTests");

    /// <summary>A DequantizeLinear with several readers becomes one for each ("…/duplicated_token_n").</summary>
    public static RuntimeRule DuplicatedDequantize { get; } = Rule("1.31.0", "SharedTruthTests");

    /// <summary>An optional output without a name is not made.</summary>
    public static RuntimeRule UnnamedOutputs { get; } = Rule("1.31.0", "ExporterPatternTests");

    /// <summary>Which operators have no shape inference.</summary>
    public static RuntimeRule UninferredShapes { get; } = Rule("1.31.0", "SharedTruthTests");

    /// <summary>A value of unknown shape is not folded.</summary>
    public static RuntimeRule UnfoldedShapes { get; } = Rule("1.31.0", "ModelFusionTests");

    /// <summary>Channel blocks of a layout saved for one processor do not run on another ("Input channels must match the NCHWc block-aligned channel count").</summary>
    public static RuntimeRule BlockedLayout { get; } = Rule("1.30.0", "HardwareBoundTests");

    /// <summary>A float convolution sums many products in another order where its matrix has few columns (x64).</summary>
    public static RuntimeRule FewColumns { get; } = Rule("1.30.0", "RegionRuleTests");

    /// <summary>How a float convolution and a product of matrices are divided among threads: by columns or rows, in shares that each are summed as a product of its own.</summary>
    public static RuntimeRule ThreadShares { get; } = Rule("1.32.0", "RegionRuleTests");

    /// <summary>One row of a product of two computed matrices is multiplied by a routine of its own.</summary>
    public static RuntimeRule OneRow { get; } = Rule("1.30.0", "RegionRuleTests");

    /// <summary>Some elementwise operators round what is left over after whole vectors by another routine.</summary>
    public static RuntimeRule VectorRemainders { get; } = Rule("1.31.0", "RegionRuleTests");

    /// <summary>A generator with a seed repeats itself in each session.</summary>
    public static RuntimeRule SeededGenerators { get; } = Rule("1.31.0", "DataDependentSizeTests");

    /// <summary>BatchNormalization in training writes over its mean and variance, even those that are a graph input's.</summary>
    public static RuntimeRule TrainingInPlace { get; } = Rule("1.31.0", "PassThroughTests");

    /// <summary>Models on which native code dies or does not end.</summary>
    public static RuntimeRule NativeHazards { get; } = Rule("1.31.0", "NativeHazardsTests");

    /// <summary>Chains of thousands of functions that call one another are not loaded within any reasonable time.</summary>
    public static RuntimeRule FunctionChains { get; } = Rule("1.31.0", "SizeLimitTests");

    /// <summary>What is said of a model that is refused.</summary>
    public static RuntimeRule Messages { get; } = Rule("1.31.0", "RuntimeMessageTests");

    private static RuntimeRule Rule(string since, string heldBy, [CallerMemberName] string name = "")
    {
        RuntimeRule rule = new(name, Version.Parse(since), heldBy);
        _all.Add(rule);
        return rule;
    }
}
