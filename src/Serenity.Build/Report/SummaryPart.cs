using System.Globalization;
using System.Text;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>Head of the report: the model, the verdict, the peak against budget, bound and what it was before.</summary>
internal static class SummaryPart
{
    public static string Render(MemoryManifest manifest, string model)
    {
        PeakFacts peak = manifest.Peak;
        long held = peak.RequiredBytes;
        StringBuilder html = new();
        (string style, string verdict) = manifest.Budget.Verdict switch
        {
            BudgetVerdict.Pass => ("pass", "fits the budget"),
            BudgetVerdict.Fail => ("fail", "over budget"),
            _ => ("none", "no budget set"),
        };
        html.Append(CultureInfo.InvariantCulture, $"<h1>{model} <span class=\"pill {style}\">{verdict}</span></h1>\n");

        html.Append("<div class=\"figures\">");
        string what = manifest.Executor.Traits().HasOffsets ? "arena size" : "peak activation memory";
        Figure(html, "big", ByteSize.Rounded(peak.Bytes), what, ReportPage.Exact(peak.Bytes) + " bytes");
        string change = ChangeText.Percent(peak.OriginalBytes, peak.Bytes);
        Figure(html, "", ByteSize.Rounded(peak.OriginalBytes), "source model today", change);
        Figure(html, "", ByteSize.Rounded(peak.LowerBoundBytes), "least live peak of any order", Proof(peak));
        if (peak.LiveBytes != peak.Bytes)
        {
            string rest = manifest.Executor.Traits().HasOffsets ? "of gaps in the arena" : "held for reuse";
            Figure(html, "", ByteSize.Rounded(peak.LiveBytes), "live peak of this order", peak.Bytes > peak.LiveBytes
                ? $"{ByteSize.Rounded(peak.Bytes - peak.LiveBytes)} more {rest}"
                : "");
        }
        if (peak.WorkspaceBytes is long workspace)
            Figure(html, "", ByteSize.Rounded(workspace), "kernels’ workspace", $"{TargetText.Basis(manifest)}, on top");
        Figure(html, "", ByteSize.Rounded(manifest.Weights.Bytes), "weights", WeightNote(manifest));
        html.Append("</div>\n");

        if (manifest.Budget.MemoryBytes is long budget)
            Bar(html, manifest, held, budget);
        if (manifest.Plans.Where(plan => plan.Layout == PlanLayout.Portable).MaxBy(plan => plan.Account.ProcessBytes) is { Account: { ProcessBytes: { } process } account })
            Stack(html, account, process, manifest.Budget.ProcessBytes);
        return html.ToString();
    }

    /// <summary>What the process takes, pool beside pool: what is there all the time, then the larger of loading and running.</summary>
    private static void Stack(StringBuilder html, MemoryAccount account, long process, long? budget)
    {
        long scale = Math.Max(1, Math.Max(process, budget ?? 0));
        long running = Sum(MemoryPhase.Running) * account.Runs;
        MemoryPhase then = running >= Sum(MemoryPhase.Loading) ? MemoryPhase.Running : MemoryPhase.Loading;
        string text = budget is { } limit ? $"the process: about {ByteSize.Rounded(process)} of {ByteSize.Rounded(limit)}" : $"the process: about {ByteSize.Rounded(process)}, .NET and the app apart";
        html.Append(CultureInfo.InvariantCulture, $"<svg class=\"bar stack\" viewBox=\"0 0 1000 22\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{ReportPage.Text(text)}\">");
        html.Append("<rect class=\"track\" x=\"0\" y=\"4\" width=\"1000\" height=\"14\" rx=\"3\"/>");
        double at = 0;
        List<string> parts = [];
        foreach (MemoryPoolInfo info in MemoryPools.All.Where(p => p.Phase == MemoryPhase.Always).Concat(MemoryPools.All.Where(p => p.Phase == then)))
        {
            long bytes = checked((account.Find(info.Pool)?.Bytes ?? 0) * (info.Phase == MemoryPhase.Running ? account.Runs : 1));
            if (bytes == 0)
                continue;
            double width = 1000.0 * bytes / scale;
            // Every other one paler, so that they can be told apart; the names below are in the same order.
            html.Append(CultureInfo.InvariantCulture, $"<rect class=\"scratch\" x=\"{at:0.##}\" y=\"4\" width=\"{width:0.##}\" height=\"14\" fill-opacity=\"{(parts.Count % 2 == 0 ? "1" : "0.55")}\"><title>{ReportPage.Text(info.Title)}</title></rect>");
            at += width;
            parts.Add($"{info.Title} {ByteSize.Rounded(bytes)}");
        }
        if (budget is { } most)
            html.Append(CultureInfo.InvariantCulture, $"<rect class=\"limit\" x=\"{Math.Max(0, (1000.0 * most / scale) - 3):0.##}\" y=\"0\" width=\"3\" height=\"22\"/>");
        html.Append(CultureInfo.InvariantCulture, $"</svg><p class=\"small\">{ReportPage.Text(text)}: {ReportPage.Text(string.Join(", ", parts))}</p>\n");

        long Sum(MemoryPhase phase) => account.Pools.Where(p => MemoryPools.Of(p.Pool).Phase == phase).Sum(p => p.Bytes ?? 0);
    }

    private static string Proof(PeakFacts peak)
    {
        if (peak.IsOrderProven())
            return "reached by this order: proven";
        double gap = peak.LowerBoundBytes > 0 ? 100.0 * (peak.LiveBytes - peak.LowerBoundBytes) / peak.LowerBoundBytes : 100;
        return string.Create(CultureInfo.InvariantCulture, $"not proven reached; at most {gap:0.#} % above");
    }

    private static string WeightNote(MemoryManifest manifest) => manifest.Budget.WeightBytes is long limit
        ? (manifest.Weights.Bytes <= limit ? "of " : "over the ") + ByteSize.Rounded(limit)
        : "not part of the peak";

    private static void Figure(StringBuilder html, string style, string value, string label, string note) => html.Append(
        CultureInfo.InvariantCulture,
        $"<div class=\"figure {style}\"><div class=\"value\">{ReportPage.Text(value)}</div><div class=\"label\">{ReportPage.Text(label)}</div><div class=\"dim small\">{ReportPage.Text(note)}</div></div>");

    // An SVG, because the content security policy allows no style attributes.
    private static void Bar(StringBuilder html, MemoryManifest manifest, long held, long budget)
    {
        long scale = Math.Max(Math.Max(held, budget), Math.Min(manifest.Peak.OriginalBytes, 4 * Math.Max(held, budget)));
        double Of(long bytes) => scale == 0 ? 0 : Math.Min(1000, 1000.0 * bytes / scale);
        long rest = budget - held;
        string text = rest >= 0
            ? $"{ByteSize.Format(held)} of {ByteSize.Rounded(budget)} used, {ByteSize.Rounded(rest)} left"
            : $"{ByteSize.Format(held)} needed, {ByteSize.Format(-rest)} more than the budget of {ByteSize.Rounded(budget)}";
        if (manifest.Budget.Device is { } device)
            text += $" ({ModelText.Clean(device, 80)})";
        double activations = Of(manifest.Peak.Bytes);
        html.Append(CultureInfo.InvariantCulture, $"<svg class=\"bar {(rest >= 0 ? "pass" : "fail")}\" viewBox=\"0 0 1000 22\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{ReportPage.Text(text)}\">");
        html.Append("<rect class=\"track\" x=\"0\" y=\"4\" width=\"1000\" height=\"14\" rx=\"3\"/>");
        html.Append(CultureInfo.InvariantCulture, $"<rect class=\"was\" x=\"0\" y=\"4\" width=\"{Of(manifest.Peak.OriginalBytes):0.##}\" height=\"14\" rx=\"3\"/>");
        html.Append(CultureInfo.InvariantCulture, $"<rect class=\"scratch\" x=\"0\" y=\"4\" width=\"{Of(held):0.##}\" height=\"14\" rx=\"3\"/>");
        html.Append(CultureInfo.InvariantCulture, $"<rect class=\"used\" x=\"0\" y=\"4\" width=\"{activations:0.##}\" height=\"14\" rx=\"3\"/>");
        html.Append(CultureInfo.InvariantCulture, $"<rect class=\"limit\" x=\"{Math.Max(0, Of(budget) - 3):0.##}\" y=\"0\" width=\"3\" height=\"22\"/></svg>");
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"small\">{ReportPage.Text(text)}</p>\n");
    }
}
