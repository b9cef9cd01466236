using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Report;

/// <summary>Source model and optimized model side by side, at one scale: bytes at each step, and the tensors that are live at the peak of each.</summary>
internal sealed class BesidePart(MemoryManifest manifest, ReportNames names)
{
    private const int Open = 6, Most = 60;

    /// <summary>Both halves, hidden until they are asked for.</summary>
    /// <param name="top">Bytes at the top of either picture.</param>
    public string Render(long top)
    {
        StringBuilder html = new("<div id=\"beside\" class=\"beside\" hidden>");
        Half(html, "before", "Source model as it runs today", manifest.OriginalProfile, top, manifest.OriginalPeakStep, manifest.PeakStep, "live after too");
        Half(html, "after", "Optimized model", manifest.Profile, top, manifest.PeakStep, manifest.OriginalPeakStep, "live before too");
        return html.Append("</div>").ToString();
    }

    private void Half(StringBuilder html, string style, string title, IReadOnlyList<long> profile, long top, PeakStep? peak, PeakStep? other, string inBoth)
    {
        PlotFrame frame = new(profile.Count, top, "bytes allocated");
        long most = profile.DefaultIfEmpty().Max();
        html.Append(CultureInfo.InvariantCulture, $"<figure><figcaption>{title}: {ByteSize.Rounded(most)} at most, {Counted.Of(profile.Count, "step")}</figcaption>");
        string mark = BudgetMark.Of(manifest, top) + (peak is not null && peak.Index < profile.Count ? string.Create(
            CultureInfo.InvariantCulture,
            $"<circle class=\"peak\" cx=\"{PlotScale.Percent((peak.Index + 0.5) / profile.Count)}\" cy=\"{PlotScale.Percent(1 - ((double)profile[peak.Index] / top))}\" r=\"4.5\"/>") : "");
        html.Append(frame.Render(
            style + "-plot", $"{title}: bytes allocated at each step, {ByteSize.Format(most)} at most.", frame.Shapes(ProfilePlot.Area(style, profile, Math.Max(1, profile.Count), top)), mark));
        if (peak is not null)
            Live(html, style, profile, peak, [.. (other?.Live ?? []).Select(live => live.Tensor)], inBoth);
        html.Append("</figure>");
    }

    private void Live(StringBuilder html, string style, IReadOnlyList<long> profile, PeakStep peak, HashSet<string> others, string inBoth)
    {
        long total = Math.Max(1, peak.Index < profile.Count ? profile[peak.Index] : peak.Live.Sum(live => live.Bytes));
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"lead small\">The peak is at step {peak.Index + 1}, {ReportPage.Name(names.Show(peak.Node))}, with {peak.Live.Count} live {(peak.Live.Count == 1 ? "tensor" : "tensors")}:</p>");
        html.Append(CultureInfo.InvariantCulture, $"<div id=\"{style}-live\">{Table(peak.Live.Take(Open))}");
        if (peak.Live.Count > Open)
        {
            html.Append(CultureInfo.InvariantCulture, $"<details><summary>{peak.Live.Count - Open} smaller, {ByteSize.Rounded(peak.Live.Skip(Open).Sum(live => live.Bytes))} together</summary>{Table(peak.Live.Skip(Open).Take(Most))}");
            if (peak.Live.Count > Open + Most)
                html.Append(CultureInfo.InvariantCulture, $"<p class=\"dim small\">and {peak.Live.Count - Open - Most} more, in the manifest.</p>");
            html.Append("</details>");
        }
        html.Append("</div>");

        string Table(IEnumerable<LiveTensor> rows) =>
            "<table class=\"cards\"><thead><tr><th>Tensor</th><th class=\"num\">Bytes</th><th class=\"num\">Share</th></tr></thead><tbody>" + string.Concat(rows.Select(Row)) + "</tbody></table>";

        string Row(LiveTensor live) => string.Create(
            CultureInfo.InvariantCulture,
            $"<tr><td>{ReportPage.Name(names.Show(live.Tensor))}{(others.Contains(live.Tensor) ? $" <span class=\"pill none\">{inBoth}</span>" : "")}</td><td class=\"num\" data-label=\"Bytes\" title=\"{ReportPage.Exact(live.Bytes)} bytes\">{ByteSize.Rounded(live.Bytes)}</td><td class=\"num\" data-label=\"Share\">{100.0 * live.Bytes / total:0.#} %</td></tr>");
    }
}
