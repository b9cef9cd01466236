using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Output;

/// <summary>What a check of a model's manifest found.</summary>
/// <param name="Figures">The figures, with budgets and the verdict on them.</param>
/// <param name="Diagnostics">Warnings of the optimization, and what budgets and baseline give cause to say.</param>
/// <param name="IsNew">True if the model was made or judged anew.</param>
public sealed record ModelCheck(ModelFigures Figures, IReadOnlyList<SerenityDiagnostic> Diagnostics, bool IsNew)
{
    /// <summary>Absolute paths of files of layouts that are over budget: they are no outputs.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>One line for each layout that is left out.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
