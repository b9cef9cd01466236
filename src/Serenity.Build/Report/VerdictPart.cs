using System.Globalization;
using System.Text;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>Head of the report: does it fit, what the budget is held against, how sure that figure is, and what it was before.</summary>
internal static class VerdictPart
{
    public static string Render(MemoryManifest manifest, string model)
    {
        PeakFacts peak = manifest.Peak;
        StringBuilder html = new();
        (string style, string verdict) = manifest.Budget.Verdict switch
        {
            BudgetVerdict.Pass => ("pass", manifest.Memories is null ? "fits the budget" : "fits the memories"),
            BudgetVerdict.Fail => ("fail", manifest.Memories is { Fits: false } ? "does not fit the memories" : "over budget"),
            _ => ("none", "no budget set"),
        };
        html.Append(CultureInfo.InvariantCulture, $"<h1>{model}</h1>\n<p class=\"badges\"><span class=\"pill {style}\">{verdict}</span> {Certainty(manifest)}</p>\n");
        html.Append("<div class=\"answer\"><div class=\"value\">").Append(ReportPage.Text(ByteSize.Rounded(peak.RequiredBytes))).Append("</div><div>");
        html.Append(ReportPage.Text($"{(peak.AtMost ? "needed at most" : "needed")}{Against(manifest)}"));
        html.Append(CultureInfo.InvariantCulture, $"<div class=\"dim small\">{ReportPage.Text(Sum(manifest))}</div></div></div>\n");
        if (manifest.Budget.MemoryBytes is long budget)
            Bar(html, manifest, budget);

        html.Append("<dl class=\"figures\">");
        Figure(html, "source model today", ByteSize.Rounded(peak.OriginalBytes), "tensors, without workspace");
        Figure(html, manifest.Memories is not null ? "all memories together" : manifest.Executor.Traits().HasOffsets ? "arena" : "optimized", ByteSize.Rounded(peak.Bytes), $"tensors: {ChangeText.Percent(peak.OriginalBytes, peak.Bytes)}");
        Figure(html, "least of any order", ByteSize.Rounded(peak.LowerBoundBytes), Proof(peak));
        if (peak.LiveBytes != peak.Bytes)
        {
            string rest = manifest.Memories is not null ? "of gaps in the memories" : manifest.Executor.Traits().HasOffsets ? "of gaps in the arena" : "held for reuse";
            Figure(html, "live peak of this order", ByteSize.Rounded(peak.LiveBytes), peak.Bytes > peak.LiveBytes ? $"{ByteSize.Rounded(peak.Bytes - peak.LiveBytes)} more {rest}" : "");
        }
        if (peak.WorkspaceBytes is long workspace)
            Figure(html, "kernels’ workspace", ByteSize.Rounded(workspace), TargetText.Basis(manifest));
        Figure(html, "weights", ByteSize.Rounded(manifest.Weights.Bytes), WeightNote(manifest));
        Figure(html, "predicted time of a run", string.Create(CultureInfo.InvariantCulture, $"×{manifest.Work.Ratio:0.###}"), "of the source model’s");
        return html.Append("</dl>\n").ToString();
    }

    private static string Against(MemoryManifest manifest)
    {
        string of = manifest.Budget.Device is { } device ? $" of {ModelText.Clean(device, 80)}" : "";
        if (manifest.Budget.MemoryBytes is not long budget)
            return manifest.Memories is { } memories ? InMemories(memories, of) : ": what a budget would be held against";
        long rest = budget - manifest.Peak.RequiredBytes;
        return rest >= 0
            ? $" of a budget{of} of {ByteSize.Rounded(budget)}: {ByteSize.Rounded(rest)} left"
            : $"; the budget{of} is {ByteSize.Rounded(budget)}: {ByteSize.Rounded(-rest)} too much";
    }

    // Of several memories each is a budget of its own.
    private static string InMemories(MemoriesFacts memories, string of)
    {
        UsedMemory[] used = [.. memories.Memories.Where(m => m.UsedBytes > 0)], over = [.. used.Where(m => m.UsedBytes > m.Bytes)];
        if (over.Length > 0)
            return string.Create(CultureInfo.InvariantCulture, $" in the memories{of}: {string.Join(", ", over.Select(m => $"{ModelText.Clean(m.Name, 60)} is {ByteSize.Rounded(m.UsedBytes - m.Bytes)} too small"))}");
        return $" in the memories{of}: {string.Join(", ", used.Select(m => $"{ModelText.Clean(m.Name, 60)} {ByteSize.Rounded(m.UsedBytes)} of {ByteSize.Rounded(m.Bytes)}"))}";
    }

    private static string Sum(MemoryManifest manifest)
    {
        PeakFacts peak = manifest.Peak;
        string what = manifest.Memories is not null ? "for tensors, each memory up to its last byte used" : manifest.Executor.Traits().HasOffsets ? "for the arena" : "for tensors";
        string one = peak.WorkspaceBytes is > 0 and var workspace
            ? $"{ReportPage.Exact(peak.Bytes)} {what} + {ReportPage.Exact(workspace)} for kernels’ workspace{TargetText.OnMost(manifest)}"
            : $"{ReportPage.Exact(peak.Bytes)} {what}";
        if (peak.WorkspaceBytes is null && manifest.Executor.Traits().HasWorkspace)
            one += "; kernels’ workspace is not known";
        return peak.Runs > 1
            ? string.Create(CultureInfo.InvariantCulture, $"{ReportPage.Exact(peak.RequiredBytes)} bytes: {peak.Runs} runs at a time, each {one}")
            : $"{ReportPage.Exact(peak.RequiredBytes)} bytes: {one}";
    }

    /// <summary>A badge that says whether a run took what was predicted.</summary>
    private static string Certainty(MemoryManifest manifest)
    {
        (string style, string text) = manifest.Verification switch
        {
            { MeasuredBytes: { } measured } when measured == manifest.Peak.Bytes => ("pass", "measured equals predicted"),
            { MeasuredBytes: { } measured } when measured < manifest.Peak.Bytes => ("none", "measured below the most predicted"),
            { MeasuredBytes: not null } => ("fail", "measured above predicted"),
            { Status: "passed" } when manifest.Executor.Traits().HasOffsets => ("pass", "run in its arena, outputs compared"),
            _ => ("none", "not measured"),
        };
        return $"<span class=\"pill {style}\">{text}</span>";
    }

    private static string Proof(PeakFacts peak)
    {
        if (peak.IsOrderProven())
            return "reached: proven optimal";
        double gap = peak.LowerBoundBytes > 0 ? 100.0 * (peak.LiveBytes - peak.LowerBoundBytes) / peak.LowerBoundBytes : 100;
        return string.Create(CultureInfo.InvariantCulture, $"not proven reached; at most {gap:0.#} % above");
    }

    private static string WeightNote(MemoryManifest manifest) => manifest.Budget.WeightBytes is long limit
        ? (manifest.Weights.Bytes <= limit ? "of " : "over the ") + ByteSize.Rounded(limit)
        : "not part of it";

    private static void Figure(StringBuilder html, string label, string value, string note) => html.Append(
        CultureInfo.InvariantCulture, $"<div><dt>{ReportPage.Text(label)}</dt><dd>{ReportPage.Text(value)} <span class=\"dim small\">{ReportPage.Text(note)}</span></dd></div>");

    // An SVG, because the content security policy allows no style attributes.
    private static void Bar(StringBuilder html, MemoryManifest manifest, long budget)
    {
        long held = manifest.Peak.RequiredBytes, before = manifest.Peak.OriginalBytes, tensors = checked(manifest.Peak.Bytes * Math.Max(1, manifest.Peak.Runs));
        long scale = Math.Max(1, Math.Max(Math.Max(held, budget), Math.Min(before, 4 * Math.Max(held, budget))));
        string text = $"{ByteSize.Format(held)} of {ByteSize.Format(budget)}; the source model {ByteSize.Rounded(before)}";
        html.Append(CultureInfo.InvariantCulture, $"<svg class=\"bar {(held <= budget ? "pass" : "fail")}\" viewBox=\"0 0 1000 22\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{ReportPage.Text(text)}\">");
        html.Append(CultureInfo.InvariantCulture, $"<rect class=\"track\" x=\"0\" y=\"4\" width=\"1000\" height=\"14\"/><rect class=\"was\" x=\"0\" y=\"4\" width=\"{Of(before):0.##}\" height=\"14\"/>");
        html.Append(CultureInfo.InvariantCulture, $"<rect class=\"more\" x=\"0\" y=\"4\" width=\"{Of(held):0.##}\" height=\"14\"/><rect class=\"used\" x=\"0\" y=\"4\" width=\"{Of(tensors):0.##}\" height=\"14\"/>");
        html.Append(CultureInfo.InvariantCulture, $"<rect class=\"limit\" x=\"{Math.Max(0, Of(budget) - 3):0.##}\" y=\"0\" width=\"3\" height=\"22\"/></svg>");
        html.Append("<p class=\"legend\"><span class=\"key used\"></span>tensors ");
        if (held > tensors)
            html.Append("<span class=\"key more\"></span>kernels’ workspace ");
        html.Append("<span class=\"key was\"></span>source model’s tensors <span class=\"key limit\"></span>budget</p>\n");

        double Of(long bytes) => Math.Min(1000, 1000.0 * bytes / scale);
    }
}
