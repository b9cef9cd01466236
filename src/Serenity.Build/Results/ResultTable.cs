using Serenity.Build.Manifest;
using Serenity.Build.Text;

namespace Serenity.Build.Results;

/// <summary>
/// The table of a project's models: tensors at the peak before and after, the kernels' workspace and so what each needs, the whole process where it has a budget, what it is held to, and the
/// verdict. Columns of which no model has anything are left out.
/// </summary>
public static class ResultTable
{
    private const int LongestName = 60;

    /// <summary>The headings, numbers aligned to the right where they begin with '&gt;'.</summary>
    /// <param name="results">The models.</param>
    public static IReadOnlyList<string> Headings(IReadOnlyList<ModelResult> results) => IsComparison(results) ? ["model", ">before", ">after", ">change", "difference"] :
        ["model", ">before", ">after", ">change", .. HasWorkspace(results) ? [">workspace", ">needs"] : (string[])[], .. HasProcess(results) ? [">process"] : (string[])[], .. HasBaseline(results) ? [">baseline"] : (string[])[], .. HasBudget(results) ? [">budget"] : (string[])[], "verdict"];

    /// <summary>A row for each model, in the order of the headings.</summary>
    /// <param name="results">The models.</param>
    public static IEnumerable<string[]> Rows(IReadOnlyList<ModelResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        if (IsComparison(results))
        {
            foreach (ModelResult result in results)
                yield return Compared(result);
            yield break;
        }
        bool workspace = HasWorkspace(results), process = HasProcess(results), baseline = HasBaseline(results), budget = HasBudget(results);
        foreach (ModelResult result in results)
        {
            ModelFigures? figures = result.Figures;
            List<string> row = [ModelText.Clean(result.Model, LongestName)];
            row.Add(Size(figures?.OriginalBytes));
            row.Add(Most(figures) + Size(figures?.PeakBytes));
            row.Add(figures is null ? "-" : ChangeText.Percent(figures.OriginalBytes, figures.PeakBytes, "-"));
            if (workspace)
                row.AddRange([Size(figures?.WorkspaceBytes), Needs(figures)]);
            if (process)
                row.Add(Size(figures?.ProcessBytes));
            if (baseline)
                row.Add(Size(figures?.BaselineBytes));
            if (budget)
                row.Add(Budget(result));
            row.Add(result.VerdictText);
            yield return [.. row];
        }
    }

    /// <summary>The table as lines, without one at the end.</summary>
    /// <param name="results">The models.</param>
    public static string Write(IReadOnlyList<ModelResult> results)
    {
        TextTable table = new([.. Headings(results)]);
        foreach (string[] row in Rows(results))
            table.Add(row);
        using StringWriter text = new() { NewLine = "\n" };
        table.WritePlain(text);
        return text.ToString().TrimEnd('\n');
    }

    // What each needs in all, then and now.
    private static string[] Compared(ModelResult result)
    {
        ModelFigures? figures = result.Figures;
        long? was = result.Compared == ComparedAs.New ? null : figures?.BaselineBytes, now = result.Compared == ComparedAs.Gone ? null : figures?.RequiredBytes;
        return [ModelText.Clean(result.Model, LongestName), Size(was), Most(figures) + Size(now), was is { } a && now is { } b ? ChangeText.Percent(a, b, "-") : "-", result.VerdictText];
    }

    private static bool IsComparison(IReadOnlyList<ModelResult> results) => results.Count > 0 && results.All(r => r.Compared is not null);

    private static string Most(ModelFigures? figures) => figures?.AtMost == true ? "≤ " : "";

    // The app may run a layout that needs more than the portable file, which the other figures are of.
    private static string Needs(ModelFigures? figures) =>
        Most(figures) + Size(figures?.RequiredBytes) + (figures?.LargestLayout is { } largest ? $" ({ByteSize.Rounded(largest.RequiredBytes)} where {largest.Layouts} is picked)" : "");

    private static bool HasWorkspace(IReadOnlyList<ModelResult> results) => results.Any(r => r.Figures is { WorkspaceBytes: > 0 } or { LargestLayout: not null });

    private static bool HasBudget(IReadOnlyList<ModelResult> results) => results.Any(r =>
        r.Figures is { } figures ? figures.Budget is { MemoryBytes: not null } or { WeightBytes: not null } or { ProcessBytes: not null }
        : r.HeldTo is { MemoryBytes: not null } or { WeightBytes: not null } or { ProcessBytes: not null });

    private static bool HasProcess(IReadOnlyList<ModelResult> results) => results.Any(r => r.Figures?.Budget.ProcessBytes is not null);

    private static bool HasBaseline(IReadOnlyList<ModelResult> results) => results.Any(r => r.Figures?.BaselineBytes is not null);

    private static string Budget(ModelResult result) => result.Figures is { Budget: var budget } figures
        // Where both would look alike the bytes tell them apart.
        ? Budget(budget.MemoryBytes, budget.WeightBytes, budget.ProcessBytes, memory => ByteSize.Compared(memory, figures.RequiredBytes).Size)
        : Budget(result.HeldTo?.MemoryBytes, result.HeldTo?.WeightBytes, result.HeldTo?.ProcessBytes, ByteSize.Rounded);

    private static string Budget(long? memory, long? weights, long? process, Func<long, string> size) =>
        memory is { } most ? size(most)
        : weights is { } ofWeights ? $"{ByteSize.Rounded(ofWeights)} of weights"
        : process is { } ofProcess ? $"{ByteSize.Rounded(ofProcess)} of the process" : "-";

    private static string Size(long? bytes) => bytes is { } known ? ByteSize.Rounded(known) : "-";
}
