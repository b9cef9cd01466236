using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Formats;

/// <summary>Results of models to be written in some format.</summary>
/// <param name="Results">The results, in the order in which the models were named.</param>
/// <param name="Folder">Absolute path that paths are written relative to.</param>
internal sealed record ResultSet(IReadOnlyList<ModelResult> Results, string Folder)
{
    /// <summary>The exit code: a model without an answer counts before one that is over.</summary>
    public int ExitCode => Results.Any(r => r.Verdict == ModelVerdict.Error) ? ExitCodes.Error : Results.Any(r => r.Verdict == ModelVerdict.Fail) ? ExitCodes.No : ExitCodes.Ok;

    /// <summary>How many have a verdict.</summary>
    public int Count(ModelVerdict verdict) => Results.Count(r => r.Verdict == verdict);

    /// <summary>In a sentence: <c>3 models: 1 over, 2 fit</c>.</summary>
    public string Headline
    {
        get
        {
            List<string> parts = [];
            void Add(ModelVerdict verdict, string one, string many)
            {
                if (Count(verdict) is > 0 and var count)
                    parts.Add($"{count} {(count == 1 ? one : many)}");
            }
            void AddCompared(int count, string how)
            {
                if (count > 0)
                    parts.Add($"{count} {how}");
            }
            Add(ModelVerdict.Error, "with an error", "with errors");
            if (Results.Count > 0 && Results.All(r => r.Compared is not null))
            {
                AddCompared(Results.Count(r => Difference(r) > 0), "larger");
                AddCompared(Results.Count(r => Difference(r) < 0), "smaller");
                AddCompared(Results.Count(r => Difference(r) == 0), "the same");
                AddCompared(Results.Count(r => r.Compared == ComparedAs.New), "new");
                AddCompared(Results.Count(r => r.Compared == ComparedAs.Gone), "gone");
                return $"{Results.Count} {(Results.Count == 1 ? "model" : "models")}: {string.Join(", ", parts)}";
            }
            Add(ModelVerdict.Fail, "over", "over");
            Add(ModelVerdict.Pass, "fits", "fit");
            Add(ModelVerdict.None, "without a budget", "without a budget");
            return $"{Results.Count} {(Results.Count == 1 ? "model" : "models")}: {string.Join(", ", parts)}";
        }
    }

    private static long? Difference(ModelResult result) => result.Compared == ComparedAs.Both ? result.Figures?.RequiredBytes - result.Figures?.BaselineBytes : null;

    /// <summary>Every message with the place it stands at: the project's line where that is known, else the model.</summary>
    public IEnumerable<(ModelResult Result, SerenityDiagnostic Diagnostic, string File, int Line, int Column)> Messages()
    {
        foreach (ModelResult result in Results)
        {
            string file = Relative(result.Place?.File ?? Path.GetFullPath(result.Model, Folder));
            foreach (SerenityDiagnostic diagnostic in result.Diagnostics)
                yield return (result, diagnostic, file, result.Place?.Line ?? 0, result.Place?.Column ?? 0);
        }
    }

    // What lies elsewhere keeps its whole path.
    private string Relative(string path) => Path.GetRelativePath(Folder, path).Replace('\\', '/') is var relative && relative.StartsWith("../", StringComparison.Ordinal) ? path.Replace('\\', '/')
        : relative;
}
