using System.Globalization;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Formulas;
using Serenity.Onnx.Models;
using Serenity.Onnx.Shapes;
using Serenity.Onnx.Verification;

namespace Serenity.Onnx.Pipeline;

/// <summary>Sees to it that a model whose inputs the app fills up gives what it gives without.</summary>
internal static class FilledCheck
{
    /// <summary>The result, with a warning (SER2506) where filling changes what the model gives. Asked only of models that could be run for verification as a whole.</summary>
    /// <param name="file">The model.</param>
    /// <param name="request">What was asked, not settled.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="cancellation">Ends the runs.</param>
    public static OptimizationResult Tell(LoadedModel file, OptimizeRequest request, OptimizationResult result, CancellationToken cancellation)
    {
        if (request.Filled is not { } filled || result.Verification is not { Status: "passed" or "partial", Instead: null })
            return result;
        Dictionary<string, long> sizes = new(request.FreeDimensions, StringComparer.Ordinal);
        foreach ((string name, SizeRange range) in request.Ranges)
            sizes[name] = range.To;
        IReadOnlyDictionary<string, long> Settled(IEnumerable<KeyValuePair<string, long>> over)
        {
            Dictionary<string, long> all = new(sizes, StringComparer.Ordinal);
            foreach ((string name, long size) in over)
                all[name] = size;
            return SourceModel.Settle(file.Model, request with { FreeDimensions = all, Ranges = OptimizeRequest.NoRanges }).FreeDimensions;
        }
        if (FilledRun.Find(file, Settled([]), Settled(filled.From), filled.Values, cancellation) is not { } finding)
            return result;
        string Text(IEnumerable<KeyValuePair<string, long>> some) =>
            string.Join(", ", some.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key}={s.Value}")));
        string values = string.Join(";", filled.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"));
        return result with
        {
            Warnings =
            [
                .. result.Warnings, new SerenityDiagnostic(SerenityCodes.FillingMatters, DiagnosticSeverity.Warning, file.Path,
                    $"Filling inputs up changes what the model gives: inputs of {Text(filled.From)} that are filled with Pad=\"{values}\" up to {Text(sizes.Where(s => filled.From.ContainsKey(s.Key)))} give other values for what was there before,"
                    + (double.IsInfinity(finding.Difference) ? $" in output '{finding.Output}' infinite ones, or ones that are no numbers (NaN)."
                        : string.Create(CultureInfo.InvariantCulture, $" in output '{finding.Output}' by up to {finding.Difference:G3} where the largest is {finding.Largest:G3}."))
                    + " The model does not know what is filling:"
                    + " name its mask in Pad, if it has one; else list the very sizes that the app has, and leave Pad out, or export the model with a mask."),
            ],
        };
    }
}
