using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Compares what rewrites changed part by part (<see cref="PartVerifier"/>), on a thread of its own while the whole models are compared.
/// </summary>
internal sealed class PartwiseComparison : IDisposable
{
    /// <summary>What the values of parts that are compared together may take, in bytes.</summary>
    private const long Bytes = 128L << 20;

    /// <summary>
    /// In order of what they tell. Inputs that make a model lose most of its bits are for parts alone: each is held to what the source makes of the same
    /// values, while what a whole model makes of them may be far from what the source does, and no worse.
    /// </summary>
    private static readonly InputCase[] _cases = [InputCase.Uniform, InputCase.Offset, InputCase.Cancelling, InputCase.Ones, InputCase.Zeros, InputCase.Denormal];

    private readonly CancellationTokenSource _ending;
    private readonly Task<Outcome> _running;

    private PartwiseComparison(Func<CancellationToken, Outcome> run, CancellationToken cancellation)
    {
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        CancellationToken token = _ending.Token;
        _running = Task.Factory.StartNew(() => run(token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>What was found.</summary>
    /// <param name="Faults">What was wrong, in the order of cases, then of nodes.</param>
    /// <param name="Unchecked">Values of the source that rewritten parts make and that could not be compared on their own.</param>
    public sealed record Outcome(IReadOnlyList<PartVerifier.Fault> Faults, IReadOnlyList<string> Unchecked)
    {
        /// <summary>What the source said of its outputs, by the <see cref="InputCase"/> of the inputs; null where it was not asked.</summary>
        public OutputYardstick?[] Yardsticks { get; } = new OutputYardstick?[(int)InputCase.Boundary + 1];
    }

    /// <summary>Begins, where a rewrite may have changed the order of a sum.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="enough">How many inputs to run, those left out that the source does not run on.</param>
    /// <param name="cancellation">Ends it.</param>
    public static PartwiseComparison? Start(VerificationRequest request, int enough, CancellationToken cancellation) =>
        request.Exact || request.Start is null || request.StartShapes is null ? null : new(token => Run(request, enough, token), cancellation);

    /// <summary>Waits, and says what was found.</summary>
    public Outcome End() => _running.GetAwaiter().GetResult();

    /// <summary>Ends it, whatever it came to.</summary>
    public void Dispose()
    {
        _ending.Cancel();
        ((IAsyncResult)_running).AsyncWaitHandle.WaitOne();
        _ = _running.Exception;
        _ending.Dispose();
    }

    private static Outcome Run(VerificationRequest request, int enough, CancellationToken cancellation)
    {
        List<PartVerifier.Fault> faults = [];
        List<string> alone = [];
        Outcome outcome = new(faults, alone);
        HashSet<string> known = new(StringComparer.Ordinal);
        IReadOnlyList<RewrittenParts> all = RewrittenParts.Of(request.Start!, request.Optimized, request.StartShapes!, Bytes, out IReadOnlyList<string> notCompared);
        alone.AddRange(notCompared);
        foreach (RewrittenParts parts in all)
        {
            using PartVerifier? loaded = Load(parts, request, measures: parts == all[0]);
            if (loaded is not { } verifier)
            {
                alone.AddRange(parts.Results.Values);
                continue;
            }
            SeededInputs inputs = new(request.Source.Graph, verifier.Inputs, request.Shapes);
            if (inputs.Unsupported is not null || !inputs.FitIn(request.Limits.Bytes))
            {
                alone.AddRange(parts.Results.Values);
                continue;
            }
            int compared = 0;
            foreach (InputCase kind in _cases)
            {
                cancellation.ThrowIfCancellationRequested();
                if (compared >= enough)
                    break;
                try
                {
                    (IReadOnlyList<PartVerifier.Fault> found, OutputYardstick? yardstick) = verifier.Check(inputs.Create(kind), cancellation);
                    faults.AddRange(found.Where(f => known.Add(f.Value)));
                    if (yardstick is not null)
                        outcome.Yardsticks[(int)kind] = yardstick;
                }
                catch (Exception e) when (e is RunLimitException or SerenityException { Code: SerenityCodes.RuntimeRefuses })
                {
                    // The comparison of the whole models says what there is to say of inputs that the source does not run on.
                    continue;
                }
                compared++;
            }
            foreach (SampleCase sample in request.Samples)
                faults.AddRange(verifier.Check(sample.Values, cancellation).Faults.Where(f => known.Add(f.Value)));
        }
        return outcome;
    }

    /// <summary>Loads what compares some parts; null where ONNX Runtime does not load them apart from the rest.</summary>
    private static PartVerifier? Load(RewrittenParts parts, VerificationRequest request, bool measures)
    {
        try
        {
            return PartVerifier.Load(parts, request, measures);
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
        {
            // The nodes that measure outputs are not the model's; without them it has to load.
            return measures ? Load(parts, request, measures: false) : null;
        }
    }
}
