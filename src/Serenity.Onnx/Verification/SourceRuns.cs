using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>What the source gives on some inputs.</summary>
/// <param name="Case">Which inputs.</param>
/// <param name="Inputs">A value for every input.</param>
/// <param name="Outputs">The outputs, in the model's order.</param>
internal sealed record SourceRun(
    InputCase Case, IReadOnlyList<KeyValuePair<string, RuntimeValue>> Inputs, IReadOnlyList<KeyValuePair<string, RuntimeValue>> Outputs);

/// <summary>The source's half of a verification: runs on inputs that are made up, and on those that are given.</summary>
/// <param name="request">What is verified.</param>
/// <param name="session">The source, loaded.</param>
/// <param name="inputs">What makes inputs up.</param>
/// <param name="ahead">A run on the first inputs that was made before; null for none.</param>
/// <param name="enough">How many inputs to run, those left out that the source does not run on.</param>
internal sealed class SourceRuns(VerificationRequest request, ModelSession session, SeededInputs inputs, SourceAhead.Half? ahead, int enough)
{
    /// <summary>True if a run needed more than its limits.</summary>
    public bool Limited { get; private set; }

    /// <summary>Why the source did not run on the first inputs on which it did not; null if it did on all.</summary>
    public string? Refusal { get; private set; }

    /// <summary>
    /// What ONNX Runtime said of inputs on which the source does not run with its fusions, and does without them; null where there are none. Of inputs that are made up, known once none ran.
    /// </summary>
    public string? RefusedFused { get; private set; }

    /// <summary>Makes the runs, one after another, as they are asked for. A case that the source itself cannot run says nothing, and is left out.</summary>
    /// <param name="cancellation">Ends it at the next kernel.</param>
    /// <exception cref="SerenityException">SER1301 or SER1303: a size is not what was planned with; SER1101: the model does not run on inputs that were given.</exception>
    public IEnumerable<SourceRun> All(CancellationToken cancellation)
    {
        int made = 0;
        // A loop that does not end on the first inputs is taken not to end on others that are made up: each is a run up to the limits.
        Limited = request.Ahead is { ExceedsLimits: true } begun && begun.Fused == request.Fused && begun.Signed == request.Signed;
        IReadOnlyList<KeyValuePair<string, RuntimeValue>>? full = Limited ? null : NearBound.Find(request, inputs, cancellation);
        // What is observed is the first run.
        foreach (InputCase kind in full is null ? Cases(request) : [SourceAhead.FirstCase, .. Cases(request)])
        {
            cancellation.ThrowIfCancellationRequested();
            if (made >= enough || (Limited && made == 0))
                break;
            if (Run(kind, full is not null && made == 0 ? full : null, cancellation) is not { } run)
                continue;
            made++;
            yield return run;
        }
        if (made == 0 && !Limited && Refusal is { } refusal && request.Fused && UnfusedRun.Succeeds(request, SourceAhead.FirstCase, cancellation))
        {
            RefusedFused = refusal;
            yield break;
        }
        foreach (SampleCase sample in request.Samples)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Run(sample, cancellation) is not { } run)
                yield break;
            yield return run;
        }
    }

    /// <summary>Runs near the place where the model decides otherwise; none where it decides nothing.</summary>
    /// <param name="cancellation">Ends it at the next kernel.</param>
    public IEnumerable<SourceRun> AtDecisions(CancellationToken cancellation)
    {
        if (Limited || RefusedFused is not null || Decision.Of(request.Source.Graph) is not { Count: > 0 } decisions)
            yield break;
        string[] deciding = [.. decisions.Select(d => d.Output)];
        foreach (IReadOnlyList<KeyValuePair<string, RuntimeValue>> near in DecisionBoundary.Find(session, inputs, deciding, request.Limits, cancellation))
            yield return new SourceRun(InputCase.Boundary, near, session.Run(near, request.Limits, cancellation));
    }

    private SourceRun? Run(InputCase kind, IReadOnlyList<KeyValuePair<string, RuntimeValue>>? full, CancellationToken cancellation)
    {
        SourceAhead.Half? known = kind == SourceAhead.FirstCase && full is null ? ahead : null;
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> values = known?.Inputs ?? full ?? inputs.Create(kind);
        IReadOnlyList<KeyValuePair<string, RuntimeValue>> outputs;
        try
        {
            outputs = known?.Outputs ?? session.Run(values, request.Limits, cancellation);
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
        {
            Refusal ??= e.Message;
            return null;
        }
        catch (RunLimitException)
        {
            Limited = true;
            return null;
        }
        // Made-up data of extreme kinds need not be such as the item speaks of.
        if (kind is not (InputCase.Uniform or InputCase.Ones or InputCase.Zeros) && outputs.Any(e => CheckedSizes.IsBeyondStated(request, e.Key, e.Value)))
            return null;
        CheckedSizes.Hold(request, outputs);
        return new SourceRun(kind, values, outputs);
    }

    private SourceRun? Run(SampleCase sample, CancellationToken cancellation)
    {
        try
        {
            return new SourceRun(InputCase.Given, sample.Values, session.Run(sample.Values, request.Limits, cancellation));
        }
        catch (Exception e) when (e is RunLimitException or SerenityException { Code: SerenityCodes.RuntimeRefuses })
        {
            if (e is SerenityException && request.Fused && UnfusedRun.Succeeds(request, sample.Values, cancellation))
            {
                RefusedFused = e.Message;
                return null;
            }
            throw new SerenityException(
                SerenityCodes.BadOption, sample.Source, $"The model does not run on these inputs, which VerifyInputs names: {e.Message} Check types and shapes of the arrays.", e);
        }
    }

    /// <summary>
    /// Cases in order of what they tell. Sums in another order may overflow where the source's do not, so inputs that make them overflow are for
    /// exact comparisons.
    /// </summary>
    /// <param name="request">What is verified.</param>
    internal static InputCase[] Cases(VerificationRequest request) => request.Exact
        ? [InputCase.Uniform, InputCase.Special, InputCase.Ones, InputCase.Zeros, InputCase.Large, InputCase.Denormal]
        : [InputCase.Uniform, InputCase.Ones, InputCase.Zeros, InputCase.Denormal];
}
