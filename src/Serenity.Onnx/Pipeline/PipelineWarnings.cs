using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Pipeline;

/// <summary>Warnings that both executors' pipelines give.</summary>
internal static class PipelineWarnings
{
    public static SerenityDiagnostic NotProven(SourceModel source, long peak, long lowerBound) => new(
        SerenityCodes.NotProven, DiagnosticSeverity.Warning, source.File.Path,
        $"The search limit struck before the order was proven optimal: its live peak is {peak} bytes, and no order needs less than "
        + $"{lowerBound}. The order is valid and the figures are true. For a proof, raise SearchLimit on the item.");

    public static SerenityDiagnostic NotVerified(SourceModel source, VerificationFacts facts) => new(
        SerenityCodes.NotVerified, DiagnosticSeverity.Warning, source.File.Path,
        $"The optimized model was not verified in full: {facts.Reason}");
}
