using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>
/// The source model's half of a verification, begun before there is an optimized model to compare it with: on a thread of its own the
/// source is loaded and run on the first inputs, while the search for the optimized one goes on. What fails there is done again, and
/// reported, when it is needed.
/// </summary>
internal sealed class SourceAhead : IDisposable
{
    /// <summary>The case that every verification begins with.</summary>
    public const InputCase FirstCase = InputCase.Uniform;

    private readonly CancellationTokenSource _ending = new();
    private readonly Task<Half?> _running;
    private bool _taken;

    private SourceAhead(Func<CancellationToken, Half?> run, bool fused, bool signed)
    {
        (Fused, Signed) = (fused, signed);
        _running = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    return run(_ending.Token);
                }
                catch (RunLimitException)
                {
                    ExceedsLimits = true;
                    return null;
                }
                catch (Exception)
                {
                    return null;
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>What was done.</summary>
    /// <param name="Session">The source model, loaded; who takes it disposes it.</param>
    /// <param name="Inputs">Inputs of <see cref="FirstCase"/>.</param>
    /// <param name="Outputs">What the source gives on them.</param>
    public sealed record Half(
        ModelSession Session, IReadOnlyList<KeyValuePair<string, RuntimeValue>> Inputs, IReadOnlyList<KeyValuePair<string, RuntimeValue>> Outputs);

    /// <summary>True if the source is loaded with ONNX Runtime's fusions.</summary>
    public bool Fused { get; }

    /// <summary>True if it keeps signed integers.</summary>
    public bool Signed { get; }

    /// <summary>True if the run on the first inputs was ended at its limits; known once it was waited for.</summary>
    public bool ExceedsLimits { get; private set; }

    /// <summary>Begins, where a second processor can do it and the run is short.</summary>
    /// <param name="source">The source model; not to be changed meanwhile.</param>
    /// <param name="externalFolder">Absolute path of the folder that its external data is relative to; null if there is none.</param>
    /// <param name="file">The source file as the user named it.</param>
    /// <param name="fused">As <see cref="VerificationRequest.Fused"/>.</param>
    /// <param name="work">Multiply-accumulates of one run.</param>
    /// <param name="threads">Threads within operators.</param>
    /// <param name="shapes">The shapes that are planned with.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    /// <param name="signed">As <see cref="VerificationRequest.Signed"/>.</param>
    /// <param name="plain">As <see cref="PlainRuns.MayBeOf"/> says.</param>
    /// <returns>What runs; null where it is not worth it.</returns>
    public static SourceAhead? Start(
        ModelProto source, string? externalFolder, string? file, bool fused, long work, int threads = 1, ShapeTable? shapes = null, bool prepack = true, bool signed = false,
        bool plain = false)
    {
        if (Environment.ProcessorCount < 2 || work > ModelVerifier.WorkForTwoCases || ModelTensors.WeightBytes(source) > ModelVerifier.WeightsHeldTwice)
            return null;
        return new SourceAhead(
            cancellation =>
            {
                ModelSession session = Load(source, externalFolder, file, fused, threads, prepack, signed, plain);
                try
                {
                    SeededInputs seeded = new(source.Graph, session.Inputs, shapes);
                    if (!seeded.FitIn(ModelVerifier.BytesForManyCases))
                    {
                        session.Dispose();
                        return null;
                    }
                    IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs = seeded.Create(FirstCase);
                    return new Half(session, inputs, session.Run(inputs, LimitsOf(source), cancellation));
                }
                catch
                {
                    session.Dispose();
                    throw;
                }
            },
            fused, signed);
    }

    /// <summary>Loads the source as verification compares it.</summary>
    /// <param name="source">The source model.</param>
    /// <param name="externalFolder">Absolute path of the folder that its external data is relative to; null if there is none.</param>
    /// <param name="file">The source file as the user named it.</param>
    /// <param name="fused">As <see cref="VerificationRequest.Fused"/>.</param>
    /// <param name="threads">Threads within operators.</param>
    /// <param name="prepack">Whether kernels may lay weights out anew.</param>
    /// <param name="signed">As <see cref="VerificationRequest.Signed"/>.</param>
    /// <param name="plain">True to have its runs measured as those of a session without options, where this process can.</param>
    /// <exception cref="Diagnostics.SerenityException">ONNX Runtime cannot load it.</exception>
    public static ModelSession Load(
        ModelProto source, string? externalFolder, string? file, bool fused, int threads, bool prepack = true, bool signed = false, bool plain = false)
    {
        RunnableModel model = RunnableModel.Of(source, externalFolder, file);
        return plain && ModelSession.LoadPlain(model, threads) is { } loaded ? loaded : ModelSession.Load(
            model,
            fused ? GraphOptimizationLevel.ORT_ENABLE_EXTENDED : GraphOptimizationLevel.ORT_DISABLE_ALL,
            observe: MayRunLong(source), threads: threads, prepack: prepack, signed: signed);
    }

    /// <summary>What a run of a model may need.</summary>
    public static RunLimits LimitsOf(ModelProto model) => MayRunLong(model) ? RunLimits.OfLoops : RunLimits.Default;

    /// <summary>True for a model whose runs have to be held to limits, which only observed ones are: only loops can run longer than the model is large.</summary>
    public static bool MayRunLong(ModelProto model) => ModelNodes.All(model.Graph).Any(n => n.Kind() is OperatorKind.Loop or OperatorKind.Scan);

    /// <summary>Waits, and hands over what was done; null if it failed. Once.</summary>
    public Half? Take()
    {
        _taken = true;
        return _running.Result;
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        if (!_taken)
        {
            _ending.Cancel();
            _running.Result?.Session.Dispose();
        }
        _ending.Dispose();
    }
}
