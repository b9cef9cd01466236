using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>What the manifest will promise about an optimized model, to be held against runs of it.</summary>
internal sealed record VerificationRequest
{
    private RunLimits? _limits;

    /// <summary>The source model, as the user wrote it but for sizes that were asked for.</summary>
    public required ModelProto Source { get; init; }

    /// <summary>The optimized model as it will be written. May be the same object: then outputs are not compared.</summary>
    public required ModelProto Optimized { get; init; }

    /// <summary>Absolute path of the folder that the external data of both is relative to; null if there is none.</summary>
    public string? ExternalFolder { get; init; }

    /// <summary>The source file as the user named it, for messages.</summary>
    public string? File { get; init; }

    /// <summary>
    /// True if ONNX Runtime's fusions were applied ahead of time. Then the optimized model is compared to the source as ONNX Runtime runs it at
    /// ORT_ENABLE_EXTENDED, which applies the same fusions when loading; else to the source at ORT_DISABLE_ALL. Fusions alone are not bit
    /// for bit, but the same fusions are.
    /// </summary>
    public required bool Fused { get; init; }

    /// <summary>True if signed integers are fused as they are, <see cref="Runtime.SignedIntegers"/>.</summary>
    public bool Signed { get; init; }

    /// <summary>True if every rewrite was exact: outputs must agree bit for bit.</summary>
    public required bool Exact { get; init; }

    /// <summary>
    /// The graph that rewrites began from: the source, or what ONNX Runtime's fusions made of it. Where they were not exact, each rewritten part is run
    /// on its values too. Null to compare outputs alone.
    /// </summary>
    public ModelProto? Start { get; init; }

    /// <summary>Types of the values of <see cref="Start"/> and of the optimized model.</summary>
    public ShapeTable? StartShapes { get; init; }

    /// <summary>Inputs that the user gives (<see cref="SampleInputs"/>), run besides those that are made up.</summary>
    public IReadOnlyList<SampleCase> Samples { get; init; } = [];

    /// <summary>Names of the optimized model's nodes in the order promised, anchors and Constant nodes left out; null to leave the order unchecked.</summary>
    public IReadOnlyList<string>? Schedule { get; init; }

    /// <summary>Peak activation bytes promised; null to leave them unchecked.</summary>
    public long? PredictedBytes { get; init; }

    /// <summary>The least that activations may take, where what is run depends on the data; null if it must be <see cref="PredictedBytes"/>.</summary>
    public long? LeastBytes { get; init; }

    /// <summary>Nodes of whose subgraphs the memory is not in <see cref="PredictedBytes"/>; it is measured as workspace.</summary>
    public IReadOnlyList<string> UnplannedBodies { get; init; } = [];

    /// <summary>Outputs that are bound to the buffer of an input: the input by output.</summary>
    public IReadOnlyDictionary<string, string> Shared { get; init; } = new Dictionary<string, string>();

    /// <summary>Those that are in runs of the source too, since elements of them stay as they are in the input.</summary>
    public IReadOnlyDictionary<string, string> SharedInSource { get; init; } = new Dictionary<string, string>();

    /// <summary>True if each of <see cref="UnplannedBodies"/> counts with the branches that take most, whichever a run takes.</summary>
    public bool TakesEveryBranch { get; init; }

    /// <summary>About how many bytes a run holds, where <see cref="PredictedBytes"/> is not for that; decides how much is run.</summary>
    public long HeldBytes { get; init; }

    /// <summary>The shapes that were planned with; null to leave the outputs' unchecked.</summary>
    public ShapeTable? Shapes { get; init; }

    /// <summary>Sizes in <see cref="Shapes"/> that were not inferred, by value.</summary>
    public IReadOnlyDictionary<string, SizeAssumption> Assumed { get; init; } = new Dictionary<string, SizeAssumption>();

    /// <summary>Multiply-accumulates of one run (<see cref="WorkEstimate"/>); decides how much is run.</summary>
    public required long Work { get; init; }

    /// <summary>The source's half, if it was begun before; null to do it now.</summary>
    internal SourceAhead? Ahead { get; init; }

    /// <summary>Threads within operators that both run with.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Whether kernels may lay weights out anew as a model is loaded.</summary>
    public bool Prepack { get; init; } = true;

    /// <summary>Makes the file of <see cref="Optimized"/> as it is written, where that is not just the model; else null.</summary>
    public Func<RunnableModel>? Written { get; init; }

    /// <summary>Measure what both take in sessions without options.</summary>
    public bool MeasuresPlain { get; init; }

    /// <summary>The file is of a format whose graph and order sessions without options keep too, so that it is looked whether they do.</summary>
    public bool KeepsGraph { get; init; }

    /// <summary>Lays out the sequence of a run's allocations in a block, in which a run is then proven; null for no block. Told the run, and <see cref="Sizes"/>.</summary>
    public Func<RunSequence, IReadOnlyDictionary<string, long>?, RunBlock>? PlaceRun { get; init; }

    /// <summary>Sizes of the run within a range; null for those that the plan was made at.</summary>
    public IReadOnlyDictionary<string, long>? Sizes { get; init; }

    /// <summary>True if the block has room for runs at other sizes of a range: this run may ask for less than its places hold.</summary>
    public bool HasRoomForOtherSizes { get; init; }

    /// <summary>The most cases of made-up inputs to run.</summary>
    public int MostCases { get; init; } = int.MaxValue;

    /// <summary>
    /// True if the optimized model has rewrites. What they may have changed among elements that hang on what memory held cannot be told, so where outputs differ, that is taken for their fault.
    /// </summary>
    public bool IsRewritten { get; init; }

    /// <summary>Outputs that the source itself gives otherwise from one run to the next, <see cref="UnwrittenOutputs"/>; they are not compared.</summary>
    public IReadOnlySet<string> Undetermined { get; init; } = new HashSet<string>();

    /// <summary>What one run may need.</summary>
    public RunLimits Limits { get => _limits ??= SourceAhead.LimitsOf(Source); init => _limits = value; }
}
