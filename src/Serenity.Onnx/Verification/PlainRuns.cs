using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;

namespace Serenity.Onnx.Verification;

/// <summary>
/// What a model takes where the app loads it without the stated options, as <c>new InferenceSession(path)</c> does. ONNX Runtime then changes the graph, orders it by that, and from the
/// second run on takes one block for all activations. Without blocks of channels, which it lays out on x64 besides: those are another matter on each kind of processor, and take other amounts from
/// one load
/// of the same file to the next (615,720 to 805,672 bytes were seen), as nodes come in the order of
/// addresses. A file in ONNX Runtime's own format gets no such blocks, and is measured as it is loaded.
/// </summary>
internal static class PlainRuns
{
    /// <summary>The first run shows ONNX Runtime what it allocates; from the second on it has a pattern of it.</summary>
    private const int Runs = 2;

    /// <summary>True if they are to be measured, and little enough work.</summary>
    public static bool AreWanted(VerificationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.MeasuresPlain && request.Work <= ModelVerifier.WorkForTwoCases && ModelTensors.WeightBytes(request.Source) <= ModelVerifier.WeightsHeldTwice;
    }

    /// <summary>True if the source's runs that outputs are compared with can be these too, so that they are not made twice.</summary>
    public static bool MayBe(VerificationRequest request) => AreWanted(request) && request.Shared.Count + request.SharedInSource.Count == 0
        && request.Shapes is { } shapes && MayBeOf(request.Source, shapes, request.Fused, request.Prepack, request.Signed);

    /// <summary>True if the runs of a source that outputs are compared with are those of a session without options, but for memory: of the same level, by the same kernels, with the same
    /// allocations on all inputs.</summary>
    /// <param name="source">The source model.</param>
    /// <param name="shapes">The shapes that are planned with.</param>
    /// <param name="fused">As <see cref="VerificationRequest.Fused"/>.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    /// <param name="signed">As <see cref="VerificationRequest.Signed"/>.</param>
    public static bool MayBeOf(ModelProto source, ShapeTable shapes, bool fused, bool prepack, bool signed)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(shapes);
        // On arm64 the stated options ask for other kernels (TruthfulSessionOptions). A branch or a loop allocates by the inputs.
        return fused && prepack && !signed && NativeRuntime.Architecture == "x64" && shapes.Varies.Count == 0 && shapes.Formulas is null
            && source.Functions.Count == 0 && !source.Graph.Node.Any(node => SubgraphCaptures.SubgraphsOf(node).Any());
    }

    /// <summary>Measures a model and its source, one after the other.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="reference">The source, as it was loaded and run to be compared with; null for none.</param>
    /// <param name="inputs">Value of every input.</param>
    /// <param name="cancellation">Ends the work at the next kernel.</param>
    /// <returns>Null where it cannot be measured, or one of them does not run so.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PlainSessions? Measure(
        VerificationRequest request, ModelSession? reference, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            GraphOptimizationLevel level = request.KeepsGraph ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_ENABLE_EXTENDED;
            if (Measure(Written(request), level, request.Threads, request.Shared, inputs, cancellation) is not { } optimized)
                return null;
            bool same = request.Written is null && ReferenceEquals(request.Source, request.Optimized);
            if (same)
                return new PlainSessions(optimized, optimized);
            long? source = reference is { IsPlain: true }
                ? Measure(reference, inputs, cancellation)
                : Measure(RunnableModel.Of(request.Source, request.ExternalFolder, request.File), GraphOptimizationLevel.ORT_ENABLE_EXTENDED, request.Threads, request.Shared, inputs, cancellation);
            return source is not { } taken ? null : new PlainSessions(optimized, taken, request.KeepsGraph ? OtherNode(request, inputs, cancellation) : null);
        }
        catch (Exception e) when (e is SerenityException { Code: SerenityCodes.RuntimeRefuses } or RunLimitException)
        {
            return null;
        }
    }

    private static RunnableModel Written(VerificationRequest request) => request.Written?.Invoke() ?? RunnableModel.Of(request.Optimized, request.ExternalFolder, request.File);

    /// <summary>The first node that a session of the highest level executes where the plan has another: ONNX Runtime lays quantized convolutions out anew in every format.</summary>
    private static string? OtherNode(VerificationRequest request, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        IReadOnlyList<string> Executed(GraphOptimizationLevel level)
        {
            using ModelSession session = ModelSession.Load(Written(request), level, observe: true, threads: request.Threads, prepack: request.Prepack);
            session.Run(inputs, request.Limits, cancellation);
            return session.EndObservation().ExecutedOrder;
        }
        IReadOnlyList<string> planned = Executed(GraphOptimizationLevel.ORT_DISABLE_ALL), plain = Executed(GraphOptimizationLevel.ORT_ENABLE_ALL);
        int same = 0;
        while (same < plain.Count && same < planned.Count && plain[same] == planned[same])
            same++;
        return same == plain.Count && same == planned.Count ? null : same < plain.Count ? plain[same] : planned[same];
    }

    private static long? Measure(RunnableModel model, GraphOptimizationLevel level, int threads, IReadOnlyDictionary<string, string> shared,
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        using ModelSession? session = ModelSession.LoadPlain(model, threads, level);
        if (session is null)
            return null;
        session.Shared = shared;
        return Measure(session, inputs, cancellation);
    }

    // Runs that were made before are the first.
    private static long Measure(ModelSession session, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation)
    {
        while (session.RunBytes.Count < Runs)
            session.Run(inputs, RunLimits.Default, cancellation);
        return session.RunBytes.Take(Runs).Max();
    }
}
