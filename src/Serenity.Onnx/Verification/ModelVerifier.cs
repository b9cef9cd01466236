using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Executors.OnnxRuntime.Order;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Holds an optimized model to what its manifest will say: outputs, order of execution, activation bytes. Measures kernels' workspace on the way.
/// </summary>
internal static class ModelVerifier
{
    /// <summary>Up to this many multiply-accumulates a run, all cases of <see cref="InputCase"/> are run (about a millisecond each).</summary>
    public const long WorkForAllCases = 20_000_000;

    /// <summary>Up to this many, an ordinary case and an extreme one are run; above, an ordinary one.</summary>
    public const long WorkForTwoCases = 500_000_000;

    /// <summary>Above so many activation bytes one case is run: filling, copying and comparing them is work too.</summary>
    public const long BytesForManyCases = 64L << 20;

    /// <summary>Above so many bytes of weights, one session is loaded at a time: each holds all of them, and may lay them out anew.</summary>
    public const long WeightsHeldTwice = 64L << 20;

    /// <summary>Verifies one optimized model.</summary>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.OutputsDiffer"/>, <see cref="SerenityCodes.OrderDiffers"/>,
    /// <see cref="SerenityCodes.MemoryDiffers"/>: a promise does not hold. <see cref="SerenityCodes.RuntimeRefuses"/>: the source cannot be loaded.
    /// <see cref="SerenityCodes.RuntimeMissing"/>: there is no ONNX Runtime here.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static VerificationOutcome Verify(VerificationRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        NativeRuntime.EnsureAvailable();
        if (Held(request) > request.Limits.Bytes || OutputBytes(request) > request.Limits.OutputBytes)
            return Skipped("One run takes more memory than verification may use.");
        try
        {
            return Compare(request, cancellation);
        }
        catch (SerenityException e) when (e.Code is SerenityCodes.OutputsDiffer or SerenityCodes.MemoryDiffers && !request.IsRewritten && request.Undetermined.Count == 0)
        {
            // Not in the filter, which is asked while the sessions of the comparison are still there.
            IReadOnlySet<string> undetermined = UnwrittenOutputs.Find(request, cancellation);
            if (undetermined.Count == 0)
                throw;
            return Compare(request with { Undetermined = undetermined, Ahead = null }, cancellation);
        }
    }

    private static VerificationOutcome Compare(VerificationRequest request, CancellationToken cancellation)
    {
        bool same = ReferenceEquals(request.Source, request.Optimized);
        // Where the weights are most of what is held, they are held once: one session after another.
        bool apart = !same && ModelTensors.WeightBytes(request.Source) > WeightsHeldTwice;
        // What a search left behind may be as much again, and is not given back to the system unasked.
        if (apart)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        int enough = CasesEnough(request);
        // Of what nobody has written, parts make other values too.
        using PartwiseComparison? parts = same || request.Undetermined.Count > 0 ? null : PartwiseComparison.Start(request, enough < int.MaxValue ? 1 : enough, cancellation);
        PartwiseComparison.Outcome? parted = apart ? parts?.End() : null;
        SourceAhead.Half? ahead = !same && request.SharedInSource.Count == 0 && request.Ahead is { } begun && begun.Fused == request.Fused && begun.Signed == request.Signed ? begun.Take() : null;
        using ModelSession? reference = same ? null
            : ahead?.Session ?? SourceAhead.Load(request.Source, request.ExternalFolder, request.File, request.Fused, request.Threads, request.Prepack, request.Signed, PlainRuns.MayBe(request));
        if (reference is not null)
            reference.Shared = request.SharedInSource;
        ModelSession? optimized = apart ? null : LoadOptimized(request);
        try
        {
            return Verify(request, reference, ref optimized, ahead, parts, parted, enough, cancellation);
        }
        finally
        {
            optimized?.Dispose();
        }
    }

    private static VerificationOutcome Verify(
        VerificationRequest request, ModelSession? reference, ref ModelSession? loaded, SourceAhead.Half? ahead, PartwiseComparison? parts, PartwiseComparison.Outcome? parted, int enough,
        CancellationToken cancellation)
    {
        SeededInputs inputs = new(request.Source.Graph, (reference ?? loaded)!.Inputs, request.Shapes);
        if (inputs.Unsupported is { } input)
            return Skipped($"No value can be made up for input '{input}'.");
        if (!inputs.FitIn(request.Limits.Bytes))
            return Skipped("The inputs take more memory than verification may use.");
        NodeProto? random = RandomOperators.Find(request.Source);
        SourceRuns source = new(request, (reference ?? loaded)!, inputs, ahead, enough);
        IEnumerable<SourceRun> runs = source.All(cancellation);
        if (reference is not null && random is null && !request.Exact && enough == int.MaxValue)
            runs = runs.Concat(source.AtDecisions(cancellation));
        if (loaded is null)
        {
            runs = [.. runs];
            reference!.Dispose();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            loaded = LoadOptimized(request);
        }
        ModelSession optimized = loaded;
        CheckInterface(reference, optimized, request.File);

        OutputLedger ledger = new(request.Exact);
        double maxError = 0;
        int compared = 0;
        Action<RunBlock>? proveBlock = null;
        IReadOnlyList<KeyValuePair<string, RuntimeValue>>? firstInputs = null;
        foreach (SourceRun run in runs)
        {
            IReadOnlyList<KeyValuePair<string, RuntimeValue>> own = reference is null ? run.Outputs
                : CompareCase(request, optimized, run.Inputs, run.Outputs, run.Case, random is null ? ledger : null, ref maxError, cancellation);
            // The first run is the one whose allocations were recorded.
            if (compared == 0)
            {
                firstInputs = run.Inputs;
                // It is another run of the same session, in which a generator with a seed has gone on.
                IReadOnlyList<KeyValuePair<string, RuntimeValue>>? again = RandomOperators.Find(request.Source, seededToo: true) is null ? own : null;
                again = again is null ? null : [.. again.Where(o => !request.Undetermined.Contains(o.Key))];
                proveBlock = block => BlockProof.Prove(block, optimized, run.Inputs, again, request.File, cancellation);
            }
            compared++;
        }
        if (source.RefusedFused is { } unlike)
            return Skipped($"ONNX Runtime does not run the source model with its fusions. {unlike}") with { RefusedFused = unlike };
        if (compared == 0)
        {
            // Over a range it may be these sizes, and where nothing is run by ONNX Runtime it is not asked.
            if (request.Schedule is not null && request.Sizes is null && request.Shapes?.Formulas is null && !source.Limited && source.Refusal is { } refusal
                && RefusedKernel.Find(request.Source.Graph, request.Shapes, refusal) is { } refused)
                throw new SerenityException(SerenityCodes.RuntimeRefuses, request.File, $"{refusal} That is so whatever the inputs hold: of {GraphCheck.Describe(refused)} the kernel refuses the types and shapes.");
            return Skipped(source.Limited ? "A run needs more memory, or more kernels, than verification may use."
                : $"The source model runs on none of the inputs made up for it. {source.Refusal}");
        }
        parted ??= parts?.End();
        if (parted is { Faults.Count: > 0 })
            throw Lost(request, parted.Faults);
        if (ledger.Fault(kind => parted?.Yardsticks[(int)kind]) is { } fault)
            throw Differs(request, fault, null);
        string? notCompared =
            request.Undetermined.Count > 0 ? UnwrittenOutputs.Text(request.Undetermined, request.Source)
            : ledger.NeverCompared is { } output ? $"Nothing of output '{output}' was compared, since none of its elements is a finite number on any of the inputs that were made up."
            : parted is { Unchecked.Count: > 0 } ? $"What was rewritten around '{parted.Unchecked[0]}' was compared at the outputs alone, since it cannot be run apart from the rest."
            : null;
        Observation seen = optimized.EndObservation(request.UnplannedBodies);
        VerificationOutcome outcome = Conclude(request, seen, random, maxError, notCompared);
        if (request.TakesEveryBranch && outcome.Memory is { ActivationBytes: not null } memory)
            outcome = outcome with { Memory = BranchRuns.Most(request, memory, firstInputs!, cancellation) };
        if (PlainRuns.AreWanted(request))
            outcome = outcome with { Plain = PlainRuns.Measure(request, reference, firstInputs!, cancellation) };
        // With other data the blocks of a run have other sizes.
        return request.Shapes is { Varies.Count: > 0 } ? outcome with { NearBound = firstInputs } : outcome with { Block = Place(request, seen, proveBlock) };
    }

    /// <summary>The block of the first run, if a second run does the same in it.</summary>
    private static RunBlock? Place(VerificationRequest request, Observation seen, Action<RunBlock>? prove)
    {
        if (request.PlaceRun is null || seen.Sequence is null || prove is null || seen.Memory!.PeakBytes > GuardedBlock.MostBytes / 2)
            return null;
        RunBlock block = request.PlaceRun(seen.Sequence, request.Sizes);
        try
        {
            prove(request.HasRoomForOtherSizes ? block with { Sizes = [.. seen.Sequence.Allocations.Select(a => a.Bytes)] } : block);
            return block;
        }
        catch (BlockProof.OtherSequenceException)
        {
            // What it allocates is not the same every time, so there is nothing to plan.
            return null;
        }
    }

    /// <summary>How many inputs to run, those left out that the source does not run on.</summary>
    internal static int CasesEnough(VerificationRequest request) => Math.Min(
        request.MostCases,
        RandomOperators.Find(request.Source) is not null || request.Work > WorkForTwoCases || Held(request) > BytesForManyCases ? 1
        : request.Work > WorkForAllCases ? 2 : int.MaxValue);

    private static long Held(VerificationRequest request) => Math.Max(request.HeldBytes, request.PredictedBytes ?? 0);

    /// <summary>What is copied of each of the two runs; 0 for an output of unknown size.</summary>
    private static long OutputBytes(VerificationRequest request)
    {
        long sum = 0;
        foreach (ValueInfoProto output in request.Source.Graph.Output)
            sum = checked(sum + (request.Shapes?.Find(output.Name)?.Bytes ?? 0));
        return sum;
    }

    private static ModelSession LoadOptimized(VerificationRequest request)
    {
        try
        {
            RunnableModel written = request.Written?.Invoke() ?? RunnableModel.Of(request.Optimized, request.ExternalFolder, request.File);
            ModelSession loaded = ModelSession.Load(written, GraphOptimizationLevel.ORT_DISABLE_ALL, observe: true, threads: request.Threads, prepack: request.Prepack);
            loaded.Shared = request.Shared;
            return loaded;
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses && !ReferenceEquals(request.Source, request.Optimized))
        {
            // Whoever does not fuse has not loaded the source as a whole before; if that fails too, it is the source that is wrong.
            ModelSession.Load(RunnableModel.Of(request.Source, request.ExternalFolder, request.File)).Dispose();
            throw new SerenityException(SerenityCodes.OutputsDiffer, request.File,
                $"ONNX Runtime cannot load the optimized model. This is a fault of Serenity.Build. Please report it with the model;"
                + $" until it is mended, set {ModelSetting.Rewrite.Of("None")} or {ModelSetting.Fuse.Of("false")} on the item.", e);
        }
    }

    private static IReadOnlyList<KeyValuePair<string, RuntimeValue>> CompareCase(
        VerificationRequest request, ModelSession optimized, IReadOnlyList<KeyValuePair<string, RuntimeValue>> values,
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> expected, InputCase kind, OutputLedger? ledger, ref double maxError,
        CancellationToken cancellation)
    {
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> actual;
        try
        {
            // Twice the limit: what the source can do within it, the optimized model must be able to do.
            RunLimits limits = new(checked(2 * request.Limits.Kernels), checked(2 * request.Limits.Bytes));
            actual = optimized.Run(values, limits, cancellation);
        }
        catch (Exception e) when (e is RunLimitException or SerenityException { Code: SerenityCodes.RuntimeRefuses })
        {
            throw Differs(request, $"fails on {Text(kind)} inputs, on which the source model runs", e);
        }
        for (int i = 0; ledger is not null && i < expected.Count; i++)
        {
            if (request.Undetermined.Contains(expected[i].Key))
                continue;
            OutputComparison.Outcome outcome = OutputComparison.Compare(expected[i].Value, actual[i].Value, request.Exact, HalfOutputs.Least(request.Source.Graph, expected[i].Key));
            maxError = Math.Max(maxError, outcome.MaxError);
            if (outcome.Difference is { } difference)
                throw Differs(request, $"gives another result on {Text(kind)} inputs: output '{expected[i].Key}' {difference}", null);
            ledger.Add(kind, expected[i].Key, expected[i].Value, actual[i].Value);
        }
        return actual;
    }

    private static VerificationOutcome Conclude(VerificationRequest request, Observation seen, NodeProto? random, double maxError, string? notCompared)
    {
        CheckedSizes.Hold(request, seen.Kernels);
        if (request.Schedule is { } schedule)
            CheckOrder(request, schedule, seen.ExecutedOrder);
        string? unplanned = null;
        MeasuredMemory? allocated = seen.Memory;
        if (request.PredictedBytes is { } predicted && seen.Memory is { ActivationBytes: { } measured } memory
            && (measured > predicted || measured < (request.LeastBytes ?? predicted)))
        {
            if (measured <= predicted || FindOpaque(request) is not { } opaque)
                throw OtherMemory(request, measured, predicted);
            // Nothing says how much it is before a run; this run did.
            allocated = memory with { ActivationBytes = predicted };
            unplanned = $"Value '{opaque}' holds strings, or is no tensor, so its size cannot be planned. What a run allocated beside the plan, {allocated.WorkspaceBytes} bytes, counts as workspace; with other inputs it may be more.";
        }
        string? reason =
            unplanned is not null ? unplanned
            : random is not null ? $"Outputs were not compared, since {GraphCheck.Describe(random)} gives random values."
            : seen.Memory?.ActivationBytes is null ? "Memory was not measured, since another allocator is in use in this process."
            : notCompared;
        VerificationFacts facts = new(reason is null ? "passed" : "partial", reason, NativeRuntime.Version, NativeRuntime.Architecture,
            seen.Memory?.ActivationBytes, request.Exact, maxError, random is not null || ReferenceEquals(request.Source, request.Optimized) ? null
            : request.Fused ? nameof(GraphOptimizationLevel.ORT_ENABLE_EXTENDED) : nameof(GraphOptimizationLevel.ORT_DISABLE_ALL));
        if (facts.Level is not null && request is { Fused: true, Signed: true })
            facts = facts with { ConfigEntries = new SortedDictionary<string, string>(StringComparer.Ordinal) { [SignedIntegers.Option] = SignedIntegers.Kept } };
        return new(facts, allocated);
    }

    private static SerenityException OtherMemory(VerificationRequest request, long measured, long predicted) => new(
        SerenityCodes.MemoryDiffers, request.File,
        $"ONNX Runtime {NativeRuntime.Version} allocated {measured} bytes for activations where {predicted} were planned."
        + " The plan must not be trusted. This is a fault of Serenity.Build, or a change in ONNX Runtime: please report it with the model.");

    /// <summary>The first value that a node makes and that costs memory of which nothing is known; null if there is none.</summary>
    private static string? FindOpaque(VerificationRequest request) =>
        request.Optimized.Graph.Node.SelectMany(n => n.Output).FirstOrDefault(o => request.Shapes?.Opaque.Contains(o) == true);

    private static void CheckOrder(VerificationRequest request, IReadOnlyList<string> schedule, IReadOnlyList<string> executed)
    {
        HashSet<string> leftOut = new(StringComparer.Ordinal);
        foreach (NodeProto node in request.Optimized.Graph.Node)
        {
            if (AnchorNode.Is(node) || ConstantNode.Is(node))
                leftOut.Add(node.Name);
        }
        string[] wanted = [.. schedule.Where(n => !leftOut.Contains(n))];
        string[] seen = [.. executed.Where(n => !leftOut.Contains(n))];
        int at = 0;
        while (at < wanted.Length && at < seen.Length && wanted[at] == seen[at])
            at++;
        if (at == wanted.Length && at == seen.Length)
            return;
        string Step(string[] order) => at < order.Length ? $"'{order[at]}'" : "nothing";
        throw new SerenityException(SerenityCodes.OrderDiffers, request.File,
            $"ONNX Runtime {NativeRuntime.Version} executed {Step(seen)} at step {at + 1} where {Step(wanted)} was planned."
            + " The plan must not be trusted. This is a fault of Serenity.Build, or a change in ONNX Runtime: please report it with the model.");
    }

    private static void CheckInterface(ModelSession? reference, ModelSession optimized, string? file)
    {
        if (reference is null)
            return;
        bool same = reference.OutputNames.SequenceEqual(optimized.OutputNames, StringComparer.Ordinal)
            && SameInputs(reference.Inputs, optimized.Inputs)
            && SameInputs(reference.OverridableInitializers, optimized.OverridableInitializers);
        if (!same)
        {
            throw new SerenityException(SerenityCodes.OutputsDiffer, file,
                "The optimized model has other inputs or outputs than the source model. This is a fault of Serenity.Build: please report it with the model.");
        }
    }

    private static bool SameInputs(IReadOnlyDictionary<string, NodeMetadata> a, IReadOnlyDictionary<string, NodeMetadata> b) =>
        a.Count == b.Count && a.All(i => b.TryGetValue(i.Key, out NodeMetadata? other)
            && i.Value.OnnxValueType == other.OnnxValueType && (!i.Value.IsTensor || i.Value.ElementDataType == other.ElementDataType));

    private static VerificationOutcome Skipped(string reason) => new(NotRun(reason), null);

    /// <summary>What is to be said of a model that was not run.</summary>
    /// <param name="reason">Why, a full sentence.</param>
    public static VerificationFacts NotRun(string reason) => new("skipped", reason, NativeRuntime.Version, NativeRuntime.Architecture, null, false, 0);

    private static string Text(InputCase kind) => kind switch
    {
        InputCase.Uniform => "ordinary",
        InputCase.Zeros => "all-zero",
        InputCase.Ones => "all-one",
        InputCase.Large => "very large",
        InputCase.Denormal => "denormal",
        InputCase.Offset => "offset",
        InputCase.Cancelling => "cancelling",
        InputCase.Given => "your own",
        InputCase.Boundary => "nearly undecided",
        _ => "special (NaN, infinite)",
    };

    private static SerenityException Lost(VerificationRequest request, IReadOnlyList<PartVerifier.Fault> faults)
    {
        string what = $"loses what its sums are good for: '{faults[0].Value}' {faults[0].Text}";
        SerenityException differs = Differs(request, what, null);
        return new(differs.Code, differs.File, differs.Message) { Settings = differs.Settings, WhatHappened = differs.WhatHappened, Values = [.. faults.Select(f => f.Value)] };
    }

    private static SerenityException Differs(VerificationRequest request, string what, Exception? inner) =>
        new(SerenityCodes.OutputsDiffer, request.File,
            $"The optimized model {what}. This is a fault of Serenity.Build. Please report it with the model; until it is mended, set"
            + $" {(request.Exact ? ModelSetting.Fuse.Of("false") : ModelSetting.Rewrite.Of("Exact"))} on the item.", inner)
        {
            WhatHappened = $"The optimized model {what}.",
        };
}
