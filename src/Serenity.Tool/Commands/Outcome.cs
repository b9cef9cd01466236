using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Commands;

/// <summary>What a command found out about one model, as <c>--json</c> writes it.</summary>
/// <param name="Model">The file as the user named it.</param>
/// <param name="Executor">Who runs it.</param>
/// <param name="Peak">The peak and its proof.</param>
/// <param name="WeightBytes">Bytes of the weights.</param>
/// <param name="Budget">Budgets and verdict.</param>
/// <param name="Files">Absolute paths of what was written.</param>
/// <param name="Errors">Budgets that are exceeded, and what would make the model fit.</param>
/// <param name="Warnings">Warnings of the optimization.</param>
internal sealed record Outcome(
    string Model, Executor Executor, PeakFacts Peak, long WeightBytes, BudgetEntry Budget, IReadOnlyList<string>? Files,
    IReadOnlyList<WarningEntry> Errors, IReadOnlyList<WarningEntry> Warnings)
{
    /// <summary>A line for each layout that is left out, since it is over the memory budget.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The outcome of a manifest whose verdict is settled.</summary>
    public static Outcome Of(MemoryManifest manifest, string model, IReadOnlyList<string>? files = null) => new(
        model, manifest.Executor, manifest.Peak, manifest.Weights.Bytes, manifest.Budget, files,
        [.. BudgetCheck.Errors(manifest, model).Concat(LayoutCheck.Errors(manifest, model)).Select(WarningEntry.Of)], WarningsOf(manifest, model))
    {
        Notes = [.. LayoutCheck.Notes(manifest)],
    };

    private static IReadOnlyList<WarningEntry> WarningsOf(MemoryManifest manifest, string model) =>
        BudgetCheck.Unmeasured(manifest.Peak.Bytes, manifest.Peak.WorkspaceBytes, manifest.Executor, manifest.Budget.MemoryBytes, manifest.Warnings, model) is { } unmeasured
            ? [.. manifest.Warnings, WarningEntry.Of(unmeasured)] : manifest.Warnings;

    /// <summary>Writes warnings and exceeded budgets to standard error.</summary>
    /// <returns>The exit code.</returns>
    public int Conclude(Terminal.ToolConsole console)
    {
        foreach (WarningEntry warning in Warnings)
            console.Problem(new SerenityDiagnostic(warning.Code, DiagnosticSeverity.Warning, Model, warning.Message, warning.Settings));
        foreach (WarningEntry error in Errors)
            console.Problem(new SerenityDiagnostic(error.Code, DiagnosticSeverity.Error, Model, error.Message, error.Settings));
        foreach (string note in Notes)
            console.Hint($"{ModelText.Clean(Model)}: {note}");
        return Errors.Count > 0 || Budget.Verdict == BudgetVerdict.Fail ? ExitCodes.No : ExitCodes.Ok;
    }
}
