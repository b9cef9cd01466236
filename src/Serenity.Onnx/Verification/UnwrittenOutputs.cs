using Microsoft.ML.OnnxRuntime;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification.Comparison;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Verification;

/// <summary>
/// Outputs of a source in which ONNX Runtime leaves elements that no kernel writes, such as those of an empty tensor that is joined to others although it has a size along the axis: they hold
/// what memory held before, and nothing can be compared with them. Found out by runs on the same inputs, in memory that holds one thing and then another. It is looked for only
/// once a comparison failed.
/// </summary>
internal static class UnwrittenOutputs
{
    // As zeros most of what is read too early does no harm; the other is a number of its own in each type (12.1 as float32, and neither truth of a boolean).
    private const byte Nothing = 0, Something = 0x41;

    /// <summary>Names of the outputs that hang on what memory held; empty if there are none, or that cannot be told.</summary>
    /// <param name="request">What is verified.</param>
    /// <param name="cancellation">Ends the run at the next kernel.</param>
    public static IReadOnlySet<string> Find(VerificationRequest request, CancellationToken cancellation)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        if (RandomOperators.Find(request.Source) is not null
            || TryRunIn(Nothing, request, cancellation) is not { } runs || TryRunIn(Something, request, cancellation) is not { } others)
            return found;
        for (int run = 0; run < Math.Min(runs.Count, others.Count); run++)
        {
            // Where only one of them runs, what it does hangs on it altogether.
            if ((runs[run] ?? others[run]) is not { } outputs)
                continue;
            for (int i = 0; i < outputs.Count; i++)
            {
                if (runs[run] is not { } one || others[run] is not { } other || OutputComparison.Compare(one[i].Value, other[i].Value, exact: true).Difference is not null)
                    found.Add(outputs[i].Key);
            }
        }
        return found;
    }

    /// <summary>Why they are not compared, as a sentence.</summary>
    /// <param name="outputs">Their names.</param>
    /// <param name="model">The source.</param>
    public static string Text(IReadOnlySet<string> outputs, ModelProto model)
    {
        string first = model.Graph.Output.First(o => outputs.Contains(o.Name)).Name;
        return $"Output '{first}'{(outputs.Count == 1 ? " was" : $" and {Counted.Of(outputs.Count - 1, "other")} were")} not compared, since the source model gives other values there on the same inputs,"
            + " depending on what memory held before the run: a kernel of ONNX Runtime leaves elements unwritten. Check the shapes of what the model joins.";
    }

    /// <summary>What the source gives in memory that holds one byte, on each of the inputs; null where it does not run. Null if it does not load, or memory is not ours to fill.</summary>
    private static List<IReadOnlyList<KeyValuePair<string, RuntimeValue>>?>? TryRunIn(byte content, VerificationRequest request, CancellationToken cancellation)
    {
        try
        {
            return RunIn(content, request, cancellation);
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
        {
            return null;
        }
    }

    private static List<IReadOnlyList<KeyValuePair<string, RuntimeValue>>?>? RunIn(byte content, VerificationRequest request, CancellationToken cancellation)
    {
        List<IReadOnlyList<KeyValuePair<string, RuntimeValue>>?>? runs = [];
        // Loading computes what is constant.
        MeasuringAllocator.Fill(content, () =>
        {
            using ModelSession session = ModelSession.Load(
                RunnableModel.Of(request.Source, request.ExternalFolder, request.File),
                request.Fused ? GraphOptimizationLevel.ORT_ENABLE_EXTENDED : GraphOptimizationLevel.ORT_DISABLE_ALL,
                observe: true, threads: request.Threads, prepack: request.Prepack, signed: request.Signed);
            if (!session.Measures)
            {
                runs = null;
                return;
            }
            session.Shared = request.SharedInSource;
            SeededInputs inputs = new(request.Source.Graph, session.Inputs, request.Shapes);
            foreach (IReadOnlyList<KeyValuePair<string, RuntimeValue>> values in
                SourceRuns.Cases(request).Take(ModelVerifier.CasesEnough(request)).Select(inputs.Create).Concat(request.Samples.Select(s => s.Values)))
                runs.Add(Run(session, values, request, cancellation));
        });
        return runs;
    }

    private static IReadOnlyList<KeyValuePair<string, RuntimeValue>>? Run(
        ModelSession session, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, VerificationRequest request, CancellationToken cancellation)
    {
        try
        {
            return session.Run(inputs, request.Limits, cancellation);
        }
        catch (Exception e) when (e is RunLimitException or SerenityException { Code: SerenityCodes.RuntimeRefuses })
        {
            return null;
        }
    }
}
