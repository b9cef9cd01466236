using Serenity.Build.Manifest;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Manifests;

namespace Serenity.Tool.Commands;

/// <summary>A model before and after something: another model file, other options, another runtime. What it was is what it is held to, so every format of results can tell it.</summary>
/// <param name="Name">What it is called in the results.</param>
/// <param name="Before">The manifest before; null if there was no such model.</param>
/// <param name="After">The manifest after; null if there is none any more.</param>
/// <param name="Problem">What is wrong with the difference; null if nothing is.</param>
internal sealed record Comparison(string Name, MemoryManifest? Before, MemoryManifest? After, string? Problem)
{
    /// <summary>The result of the model after, with the figure before as its baseline.</summary>
    public ModelResult Result => new(
        Name, null, ModelResults.Figures((After ?? Before!) with { Budget = new BudgetEntry(null, BudgetVerdict.None) }, Before?.Peak.RequiredBytes),
        Problem is null ? [] : [new SerenityDiagnostic(SerenityCodes.OverBaseline, DiagnosticSeverity.Error, Name, Problem)])
    {
        Compared = Before is null ? ComparedAs.New : After is null ? ComparedAs.Gone : ComparedAs.Both,
    };
}
