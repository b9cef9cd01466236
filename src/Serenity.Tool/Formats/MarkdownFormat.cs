using System.Text;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Tool.Formats;

/// <summary>A table for a pull request or the summary of a job, and below it what is wrong.</summary>
internal sealed class MarkdownFormat : IResultFormat
{
    /// <inheritdoc/>
    public void Write(TextWriter output, ResultSet set)
    {
        output.Write($"### Memory of {set.Headline}\n\n");
        foreach (IGrouping<string, ModelResult> project in set.Results.GroupBy(r => r.Project))
        {
            ModelResult[] results = [.. project];
            if (project.Key.Length > 0)
                output.Write($"**{Text(project.Key)}**\n\n");
            IReadOnlyList<string> headings = ResultTable.Headings(results);
            output.Write($"| {string.Join(" | ", headings.Select(h => h.TrimStart('>')))} |\n");
            output.Write($"|{string.Join('|', headings.Select(h => h.StartsWith('>') ? "---:" : "---"))}|\n");
            foreach ((string[] row, ModelResult result) in ResultTable.Rows(results).Zip(results))
            {
                string[] cells = [.. row.Select(Text)];
                if (result.Verdict is ModelVerdict.Fail or ModelVerdict.Error)
                    cells[^1] = $"**{cells[^1]}**";
                output.Write($"| {string.Join(" | ", cells)} |\n");
            }
            output.Write('\n');
        }
        foreach ((ModelResult result, SerenityDiagnostic diagnostic, string file, int line, _) in set.Messages())
        {
            string kind = diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning";
            string place = line > 0 ? $" ({Text(file)}, line {line})" : "";
            output.Write($"- **{kind} {diagnostic.Code}** {Text(result.Model)}{place}: {Text(diagnostic.Message)}\n");
        }
    }

    /// <summary>Names come from models and files, so nothing in them may be taken for markup.</summary>
    private static string Text(string text)
    {
        StringBuilder safe = new();
        foreach (char c in ModelText.Clean(text))
        {
            if (c is '|' or '`' or '*' or '_' or '[' or ']' or '\\' or '#' or '~' or '!')
                safe.Append('\\');
            safe.Append(c switch { '<' => "&lt;", '>' => "&gt;", '&' => "&amp;", '@' => "&#64;", _ => c.ToString() });
        }
        return safe.ToString();
    }
}
