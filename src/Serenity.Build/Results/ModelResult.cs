using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Results;

/// <summary>What became of a model in a build or on the command line: what every table, page and format of results is made from.</summary>
/// <param name="Model">The model as the user named it.</param>
/// <param name="Place">Where the project's files name it; null where that is not known.</param>
/// <param name="Figures">Its figures; null if there are none.</param>
/// <param name="Diagnostics">Errors and warnings, in the order in which they were told.</param>
/// <param name="ManifestPath">Absolute path of its manifest; null if there is none.</param>
public sealed record ModelResult(string Model, ProjectPlace? Place, ModelFigures? Figures, IReadOnlyList<SerenityDiagnostic> Diagnostics, string? ManifestPath = null)
{
    private const int LongestMemoryName = 40;

    /// <summary>Name of the project, with its target framework where it has several; empty outside of a build.</summary>
    public string Project { get; init; } = "";

    /// <summary>What the model is held to where it has no figures; null where that is not known. Figures have it themselves.</summary>
    public MemoryBudgets? HeldTo { get; init; }

    /// <summary>What it goes by in a baseline; null where that is not known.</summary>
    public BaselineKey? BaselineKey { get; init; }

    /// <summary>True if the app that it was built for runs its models in planned sessions, which take one block.</summary>
    public bool PlansSessions { get; init; }

    /// <summary>What a comparison with before found, where there was one; the baseline is then what it needed before.</summary>
    public ComparedAs? Compared { get; init; }

    /// <summary>The verdict, baseline included.</summary>
    public ModelVerdict Verdict =>
        Figures is not { } figures ? ModelVerdict.Error
        : Compared is ComparedAs.New or ComparedAs.Gone ? ModelVerdict.None
        : Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error) ? IsOver ? ModelVerdict.Fail : ModelVerdict.Error
        : figures.Budget.Verdict == BudgetVerdict.Pass || figures.BaselineBytes is not null ? ModelVerdict.Pass
        : ModelVerdict.None;

    // Every error is of a budget or a baseline, and no other thing is wrong.
    private bool IsOver => Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)
        .All(d => d.Code is SerenityCodes.OverMemoryBudget or SerenityCodes.OverWeightBudget or SerenityCodes.OverProcessBudget or SerenityCodes.OverBaseline);

    /// <summary>The verdict in words, for a table: what is over, and by how much.</summary>
    public string VerdictText
    {
        get
        {
            if (Figures is not { } figures || Verdict == ModelVerdict.Error)
                return Diagnostics.FirstOrDefault(d => d.Severity == DiagnosticSeverity.Error) is { } error ? $"error {error.Code}" : "error";
            if (Compared is { } compared)
                return Difference(compared, figures);
            List<string> over = [];
            void Add(long bytes, long? most, string what)
            {
                if (bytes > most)
                    over.Add($"{Text.ByteSize.Rounded(bytes - most.Value)} over {what}");
            }
            Add(figures.RequiredBytes, figures.Budget.MemoryBytes, "budget");
            Add(figures.WeightBytes, figures.Budget.WeightBytes, "weight budget");
            Add(figures.ProcessBytes ?? 0, figures.Budget.ProcessBytes, "process budget");
            if (Diagnostics.Any(d => d.Code == SerenityCodes.OverBaseline))
                Add(figures.RequiredBytes, figures.BaselineBytes, "baseline");
            // Of several memories each is a budget of its own.
            foreach (OverMemory memory in figures.OverMemories)
                over.Add($"{Text.ByteSize.Rounded(memory.Bytes)} over memory {Text.ModelText.Clean(memory.Name, LongestMemoryName)}");
            if (over.Count == 0 && Verdict == ModelVerdict.Fail)
                return "over budget";
            return over.Count > 0 ? string.Join(", ", over)
                : Verdict == ModelVerdict.None ? "no budget"
                : Diagnostics.Any(d => d.Code == SerenityCodes.NearBudget) ? "fits, little to spare" : "fits";
        }
    }

    private static string Difference(ComparedAs compared, ModelFigures figures)
    {
        long more = figures.RequiredBytes - (figures.BaselineBytes ?? 0);
        return compared switch
        {
            ComparedAs.New => "new",
            ComparedAs.Gone => "gone",
            _ => more > 0 ? $"{Text.ByteSize.Rounded(more)} more" : more < 0 ? $"{Text.ByteSize.Rounded(-more)} less" : "the same",
        };
    }
}
