using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>Whether a source that ONNX Runtime refuses to run with its fusions runs without them: of what it fused it may have made what no kernel takes.</summary>
internal static class UnfusedRun
{
    /// <summary>Runs it on inputs that are made up.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="kind">Which inputs.</param>
    /// <param name="cancellation">Ends the run at the next kernel.</param>
    public static bool Succeeds(VerificationRequest request, InputCase kind, CancellationToken cancellation) =>
        Succeeds(request, session => new SeededInputs(request.Source.Graph, session.Inputs, request.Shapes).Create(kind), cancellation);

    /// <summary>Runs it on given inputs.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="inputs">A value for every input.</param>
    /// <param name="cancellation">Ends the run at the next kernel.</param>
    public static bool Succeeds(VerificationRequest request, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, CancellationToken cancellation) =>
        Succeeds(request, _ => inputs, cancellation);

    private static bool Succeeds(VerificationRequest request, Func<ModelSession, IReadOnlyList<KeyValuePair<string, RuntimeValue>>> inputs, CancellationToken cancellation)
    {
        try
        {
            using ModelSession session = SourceAhead.Load(request.Source, request.ExternalFolder, request.File, fused: false, request.Threads, request.Prepack);
            session.Shared = request.SharedInSource;
            session.Run(inputs(session), request.Limits, cancellation);
            return true;
        }
        catch (Exception e) when (e is RunLimitException or SerenityException { Code: SerenityCodes.RuntimeRefuses })
        {
            return false;
        }
    }
}
