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

    private static readonly string _style = HtmlReport.Asset("theme.css") + HtmlReport.Asset("index.css");

    /// <summary>Draws the page.</summary>
    /// <param name="results">The models.</param>
    /// <param name="page">The report of a model, as a path from the page's folder with forward slashes; null if it has none.</param>
    /// <returns>The whole HTML file; write it as UTF-8.</returns>
    public static string Render(IReadOnlyList<ModelResult> results, Func<ModelResult, string?> page)
    {
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(page);
        StringBuilder html = new("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.Append(CultureInfo.InvariantCulture, $"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{HtmlReport.Hash(_style)}'; base-uri 'none'; form-action 'none'\">\n");
        html.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>Memory of the models</title>\n");
        html.Append(CultureInfo.InvariantCulture, $"<style>{_style}</style>\n</head>\n<body>\n<header><div class=\"brand\"><span class=\"mark\" aria-hidden=\"true\"></span>Serenity<span class=\"dim\">.Build</span> <span class=\"dim\">memory report</span></div></header>\n");
        html.Append(CultureInfo.InvariantCulture, $"<main>\n<h1>Memory of {results.Count} {(results.Count == 1 ? "model" : "models")}</h1>\n");
        Badges(html, results);
        html.Append("<p class=\"legend\"><span class=\"key used\"></span>needed <span class=\"key was\"></span>source model’s tensors <span class=\"key limit\"></span>budget</p>\n");
        foreach (IGrouping<string, ModelResult> project in results.GroupBy(r => r.Project))
            Table(html, project.Key, [.. project], page);
        Messages(html, results);
        html.Append(CultureInfo.InvariantCulture, $"</main>\n<footer class=\"dim\"><p>{ReportPage.Text(ModelText.Clean(ToolIdentity.Tool.Name))} {ReportPage.Text(ModelText.Clean(ToolIdentity.Tool.Version))}. This file loads nothing from anywhere.</p></footer>\n</body>\n</html>\n");
        return html.ToString();
    }

    /// <summary>How many of each verdict: what one wants to know first.</summary>
    private static void Badges(StringBuilder html, IReadOnlyList<ModelResult> results)
    {
        html.Append("<p class=\"badges\">");
        foreach ((ModelVerdict verdict, string text) in ((ModelVerdict, string)[])[(ModelVerdict.Fail, "over budget"), (ModelVerdict.Error, "with errors"), (ModelVerdict.Pass, "fit"), (ModelVerdict.None, "without a budget")])
        {
            int count = results.Count(r => r.Verdict == verdict);
            if (count > 0)
                html.Append(CultureInfo.InvariantCulture, $"<span class=\"pill {Style(verdict)}\">{count} {text}</span> ");
        }
        html.Append("</p>\n");
    }

    private static string Style(ModelVerdict verdict) => verdict switch { ModelVerdict.Pass => "pass", ModelVerdict.None => "none", _ => "fail" };

    /// <summary>What a model needs beside its budget, and what it needed before.</summary>
    private static string Bar(ModelResult result)
    {
        if (result.Figures is not { } figures)
            return "";
        long budget = figures.Budget.MemoryBytes ?? 0, scale = Math.Max(1, Math.Max(Math.Max(figures.RequiredBytes, budget), figures.OriginalBytes));
        string over = result.Verdict == ModelVerdict.Fail ? " over" : "";
        string limit = budget > 0 ? string.Create(CultureInfo.InvariantCulture, $"<rect class=\"limit\" x=\"{Math.Max(0, (1000.0 * budget / scale) - 8):0.##}\" width=\"8\" height=\"10\"/>") : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"<svg class=\"mini\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"1000\" height=\"10\"/><rect class=\"was\" width=\"{1000.0 * figures.OriginalBytes / scale:0.##}\" height=\"10\"/><rect class=\"need{over}\" y=\"2\" width=\"{1000.0 * figures.RequiredBytes / scale:0.##}\" height=\"6\"/>{limit}</svg>");
    }

    private static void Table(StringBuilder html, string project, ModelResult[] results, Func<ModelResult, string?> page)
    {
        html.Append("<section class=\"card\">");
        if (project.Length > 0)
            html.Append(CultureInfo.InvariantCulture, $"<h2>{ReportPage.Text(ModelText.Clean(project))}</h2>\n");
        IReadOnlyList<string> headings = ResultTable.Headings(results);
        // What scrolls can be reached with the keyboard.
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Models{(project.Length > 0 ? " of " + ReportPage.Text(ModelText.Clean(project)) : "")}\"><table class=\"cards\">\n<thead><tr>");
        foreach (string heading in headings)
            html.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\"{Number(heading)}>{heading.TrimStart('>')}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach ((string[] row, ModelResult result) in ResultTable.Rows(results).Zip(results))
        {
            html.Append("<tr>");
            for (int i = 0; i < row.Length; i++)
            {
                string text = ReportPage.Text(row[i]), label = headings[i].TrimStart('>');
                string cell = i == 0 ? $"<bdi>{text}</bdi>" : i == row.Length - 1 ? $"<span class=\"pill {Style(result.Verdict)}\">{text}</span>" : text;
                if (i == 0 && page(result) is { } link)
                    cell = $"<a href=\"{ReportPage.Text(string.Join('/', link.Split('/').Select(Uri.EscapeDataString)))}\">{cell}</a>";
                if (i == 0)
                    cell += Bar(result);
                html.Append(CultureInfo.InvariantCulture, $"<td{(i == 0 ? "" : $" data-label=\"{label}\"")}{Number(headings[i])}>{cell}</td>");
            }
            html.Append("</tr>\n");
        }
        html.Append("</tbody>\n</table></div></section>\n");
    }

    private static void Messages(StringBuilder html, IReadOnlyList<ModelResult> results)
    {
        if (!results.Any(r => r.Diagnostics.Count > 0))
            return;
        html.Append("<section class=\"card\"><h2>Errors and warnings</h2>\n<ul>\n");
        foreach (ModelResult result in results)
        {
            foreach (SerenityDiagnostic diagnostic in result.Diagnostics)
            {
                string kind = diagnostic.Severity == DiagnosticSeverity.Error ? "error" : "warning";
                html.Append(CultureInfo.InvariantCulture,
                    $"<li><span class=\"{kind}\">{kind} {diagnostic.Code}</span> <bdi>{ReportPage.Text(ModelText.Clean(result.Model))}</bdi>: {ReportPage.Text(ModelText.Clean(diagnostic.Message))}</li>\n");
            }
        }
        html.Append("</ul></section>\n");
    }

    private static string Number(string heading) => heading.StartsWith('>') ? " class=\"num\"" : "";
}
