using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Formats;

/// <summary>Commands that GitHub's runner makes annotations of, and a table in the summary of the job.</summary>
/// <param name="stepSummary">Absolute path of the file that the runner names in <c>GITHUB_STEP_SUMMARY</c>; null where there is none.</param>
internal sealed class GitHubFormat(string? stepSummary) : IResultFormat
{
    /// <inheritdoc/>
    public void Write(TextWriter output, ResultSet set)
    {
        foreach ((var result, SerenityDiagnostic diagnostic, string file, int line, int column) in set.Messages())
        {
            string kind = diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning";
            string place = line > 0 ? FormattableString.Invariant($",line={line},col={column}") : "";
            output.Write($"::{kind} file={Property(file)}{place},title={Property($"{diagnostic.Code}: {result.Model}")}::{Data($"{result.Model}: {diagnostic.Message}")}\n");
        }
        output.Write(Data(set.Headline) + "\n");
        if (stepSummary is null)
            return;
        // What earlier steps wrote there stays.
        using StreamWriter summary = new(stepSummary, append: true) { NewLine = "\n" };
        new MarkdownFormat().Write(summary, set);
    }

    private static string Data(string text) => ModelText.Clean(text).Replace("%", "%25", StringComparison.Ordinal);

    private static string Property(string text) => Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);
}
