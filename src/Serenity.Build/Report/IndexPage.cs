using System.Globalization;
using System.Text;
using Serenity.Build.Identity;
using Serenity.Build.Results;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Report;

/// <summary>The file <c>serenity-index.html</c>: all models of a project, or of several, on one page, with links to their reports. Plain HTML, which loads nothing and runs nothing.</summary>
public static class IndexPage
{
    /// <summary>Its name.</summary>
    public const string FileName = "serenity-index.html";

    private const string Style =
        """
        :root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--line:#d0d7de;--page:#fff;--link:#0550ae;--pass:#116329;--fail:#a40e26;--warn:#7d4e00}
        @media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9ea7b3;--line:#3d444d;--page:#0d1117;--link:#79c0ff;--pass:#56d364;--fail:#ff9492;--warn:#e3b341}}
        body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:0 auto;padding:1rem;max-width:70rem}
        h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}a{color:var(--link)}footer,.dim{color:var(--dim)}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
        th{color:var(--dim);font-weight:600;white-space:nowrap}.num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
        .pass{color:var(--pass)}.fail,.error{color:var(--fail);font-weight:600}.warning{color:var(--warn)}li{overflow-wrap:anywhere}
        @media (max-width:40rem){thead{position:absolute;clip-path:inset(50%)}tr{display:block;border-bottom:1px solid var(--line);padding:.5rem 0}td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.15rem 0}td::before{content:attr(data-label);color:var(--dim)}.num{text-align:left}}
        """;

    /// <summary>Draws the page.</summary>
    /// <param name="results">The models.</param>
    /// <param name="page">The report of a model, as a path from the page's folder with forward slashes; null if it has none.</param>
    /// <returns>The whole HTML file; write it as UTF-8.</returns>
    public static string Render(IReadOnlyList<ModelResult> results, Func<ModelResult, string?> page)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(page);
        string style = Style.ReplaceLineEndings("\n");
        StringBuilder html = new("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.Append(CultureInfo.InvariantCulture, $"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{HtmlReport.Hash(style)}'; base-uri 'none'; form-action 'none'\">\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Memory of the models</title>\n");
        html.Append(CultureInfo.InvariantCulture, $"<style>{style}</style>\n</head>\n<body>\n<main>\n<h1>Memory of {results.Count} {(results.Count == 1 ? "model" : "models")}</h1>\n");
        foreach (IGrouping<string, ModelResult> project in results.GroupBy(r => r.Project))
            Table(html, project.Key, [.. project], page);
        Messages(html, results);
        html.Append(CultureInfo.InvariantCulture, $"</main>\n<footer><p>{ReportPage.Text(ModelText.Clean(ToolIdentity.Tool.Name))} {ReportPage.Text(ModelText.Clean(ToolIdentity.Tool.Version))}. This file loads nothing from anywhere.</p></footer>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static void Table(StringBuilder html, string project, ModelResult[] results, Func<ModelResult, string?> page)
    {
        if (project.Length > 0)
            html.Append(CultureInfo.InvariantCulture, $"<h2>{ReportPage.Text(ModelText.Clean(project))}</h2>\n");
        IReadOnlyList<string> headings = ResultTable.Headings(results);
        // What scrolls can be reached with the keyboard.
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Models{(project.Length > 0 ? " of " + ReportPage.Text(ModelText.Clean(project)) : "")}\"><table>\n<thead><tr>");
        foreach (string heading in headings)
            html.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\"{Number(heading)}>{heading.TrimStart('>')}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach ((string[] row, ModelResult result) in ResultTable.Rows(results).Zip(results))
        {
            html.Append("<tr>");
            for (int i = 0; i < row.Length; i++)
            {
                string text = ReportPage.Text(row[i]), label = headings[i].TrimStart('>');
                string cell = i == 0 ? $"<bdi>{text}</bdi>" : i == row.Length - 1 ? $"<span class=\"{result.Verdict.ToString().ToLowerInvariant()}\">{text}</span>" : text;
                if (i == 0 && page(result) is { } link)
                    cell = $"<a href=\"{ReportPage.Text(string.Join('/', link.Split('/').Select(Uri.EscapeDataString)))}\">{cell}</a>";
                html.Append(CultureInfo.InvariantCulture, $"<td data-label=\"{label}\"{Number(headings[i])}>{cell}</td>");
            }
            html.Append("</tr>\n");
        }
        html.Append("</tbody>\n</table></div>\n");
    }

    private static void Messages(StringBuilder html, IReadOnlyList<ModelResult> results)
    {
        if (!results.Any(r => r.Diagnostics.Count > 0))
            return;
        html.Append("<h2>Errors and warnings</h2>\n<ul>\n");
        foreach (ModelResult result in results)
        {
            foreach (SerenityDiagnostic diagnostic in result.Diagnostics)
            {
                string kind = diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning";
                html.Append(CultureInfo.InvariantCulture,
                    $"<li><span class=\"{kind}\">{kind} {diagnostic.Code}</span> <bdi>{ReportPage.Text(ModelText.Clean(result.Model))}</bdi>: {ReportPage.Text(ModelText.Clean(diagnostic.Message))}</li>\n");
            }
        }
        html.Append("</ul>\n");
    }

    private static string Number(string heading) => heading.StartsWith('>') ? " class=\"num\"" : "";
}
