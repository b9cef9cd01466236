using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Runtime;

namespace Serenity.Onnx.Pipeline;

/// <summary>Warnings that both executors' pipelines give.</summary>
internal static class PipelineWarnings
{
    public static SerenityDiagnostic NotProven(SourceModel source, long peak, long lowerBound) => new(
        SerenityCodes.NotProven, DiagnosticSeverity.Warning, source.File.Path,
        $"The search limit struck before the order was proven optimal: its live peak is {peak} bytes, and no order needs less than "
        + $"{lowerBound}. The order is valid and the figures are true. For a proof, raise SearchLimit on the item.");

    /// <summary>A verification that failed, where the model as it is stands in for the optimized one.</summary>
    public static SerenityDiagnostic PassedThrough(SourceModel source, SerenityException fault) => new(
        SerenityCodes.PassedThrough, DiagnosticSeverity.Warning, source.File.Path,
        "The model was passed through unchanged, and the figures are those of the model as it is, since the optimized one did not hold in verification."
        + $" {fault.Code}: {fault.Message}");

    /// <summary>True for what verification holds against a plan: another plan may stand.</summary>
    public static bool IsFaultOfPlan(SerenityException fault) =>
        fault.Code is SerenityCodes.OutputsDiffer or SerenityCodes.OrderDiffers or SerenityCodes.MemoryDiffers;

    /// <summary>The one warning on a host without ONNX Runtime, in place of one for each thing that it would have done.</summary>
    public static SerenityDiagnostic WithoutRuntime(SourceModel source) => new(
        SerenityCodes.PlannedWithoutRuntime, DiagnosticSeverity.Warning, source.File.Path,
        $"The model was planned by the shapes that its file states, and neither fused nor verified. {NativeRuntime.WhyUnavailable}");

    /// <summary>What verification did on such a host.</summary>
    public static VerificationFacts NotRun { get; } = new("skipped", "There is no ONNX Runtime on this host.", null, null, null, false, 0);

    public static SerenityDiagnostic NotVerified(SourceModel source, VerificationFacts facts) => new(
        SerenityCodes.NotVerified, DiagnosticSeverity.Warning, source.File.Path,
        $"The optimized model was not verified in full: {facts.Reason}");
}
