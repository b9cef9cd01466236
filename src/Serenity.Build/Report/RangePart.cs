using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Formulas;

namespace Serenity.Build.Report;

/// <summary>What a model with a range of sizes takes at each: the formula, a curve for each dimension with the others at the peak, and sizes that were run.</summary>
internal static class RangePart
{
    private const int Points = 60, ShownFormulas = 8;

    /// <summary>Renders it; empty for one size of each dimension.</summary>
    public static string Render(MemoryManifest manifest)
    {
        if (manifest.Range is not { } range)
            return "";
        StringBuilder html = new("<section class=\"card\" aria-labelledby=\"h-range\"><h2 id=\"h-range\">Over the range of sizes</h2>\n<p class=\"dim\">");
        html.Append(ReportPage.Text($"The model accepts {string.Join(", ", range.Ranges.Select(r => FormattableString.Invariant($"{ModelText.Clean(r.Key, 60)} {r.Value.From} to {r.Value.To}")))}. The peak is largest at {Sizes(range.PeakAt)}: all other figures and pictures are for these sizes."));
        html.Append("</p>\n");
        Formulas(html, range);
        if (range.OneSize is { } one)
        {
            html.Append("<p>").Append(ReportPage.Text($"A plan for {Sizes(range.PeakAt)} alone would take {ByteSize.Format(one.Bytes)}: with all sizes known, ONNX Runtime fuses {ModelText.Clean(one.Node, 120)} ({ModelText.Clean(one.Operator, 60)}) with others, and {ModelText.Clean(one.Value, 120)}, which lies at the peak here, does not exist. Where it matters, give a list of sizes.")).Append("</p>\n");
        }
        if (CacheTable.Of(manifest.Program, range) is { Count: > 0 } caches)
        {
            html.Append(CultureInfo.InvariantCulture, $"<p>{(caches.Count == 1 ? "1 cache grows" : $"{caches.Count} caches grow")} along {ReportPage.Text(ModelText.Clean(caches[0].Dimension, 60))}: <code>{ReportPage.Text(ModelText.Clean(CacheTable.BytesPerToken(caches).ToString(), 600))}</code> bytes for each token, and twice that while a step runs, where the app hands outputs on.</p>\n");
        }
        html.Append("<div class=\"curves\">\n");
        foreach (string name in range.Ranges.Keys.Order(StringComparer.Ordinal))
            Curve(html, range, name);
        html.Append("</div>\n<table class=\"cards\"><thead><tr><th>Sizes</th><th class=\"num\">Bytes by the formula</th><th class=\"num\">Measured</th><th class=\"num\">Kernels’ workspace</th>")
            .Append(range.Required.Count > 0 ? "<th class=\"num\">Required by the formula</th>" : "").Append("</tr></thead><tbody>\n");
        foreach (RangePoint point in range.Points)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{ReportPage.Text(Sizes(point.Sizes))}</td><td class=\"num\" data-label=\"Bytes by the formula\">{ReportPage.Exact(point.Bytes)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"num\" data-label=\"Measured\">{Figure(point.MeasuredBytes)}{(point.MeasuredBytes == point.Bytes ? " <span class=\"pill pass\">equal</span>" : "")}</td><td class=\"num\" data-label=\"Kernels’ workspace\">{Figure(point.WorkspaceBytes)}</td>");
            if (range.Required.Count > 0)
                html.Append(CultureInfo.InvariantCulture, $"<td class=\"num\" data-label=\"Required by the formula\">{Figure(point.RequiredBytes)}{(point.RequiredBytes is { } required && required == point.MeasuredBytes + point.WorkspaceBytes ? " <span class=\"pill pass\">equal</span>" : "")}</td>");
            html.Append("</tr>\n");
        }
        return html.Append("</tbody></table></section>\n").ToString();
    }

    private static void Formulas(StringBuilder html, RangeFacts range)
    {
        html.Append(range.Peaks.Count == 1 ? "<p>Peak, in bytes: " : "<p>Peak, in bytes: the largest of</p>\n<ul class=\"formulas\">\n");
        foreach (SizeExpression peak in range.Peaks.Take(ShownFormulas))
        {
            string code = $"<code>{ReportPage.Text(ModelText.Clean(peak.ToString(), 600))}</code>";
            html.Append(range.Peaks.Count == 1 ? code + "</p>\n" : $"<li>{code}</li>\n");
        }
        if (range.Peaks.Count > 1)
            html.Append("</ul>\n");
        if (range.Peaks.Count > ShownFormulas)
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"dim\">and {range.Peaks.Count - ShownFormulas} more, in the manifest.</p>\n");
    }

    private static void Curve(StringBuilder html, RangeFacts range, string name)
    {
        SizeRange sizes = range.Ranges[name];
        long count = Math.Min(Points, sizes.To - sizes.From + 1);
        Dictionary<string, long> at = new(range.PeakAt, StringComparer.Ordinal);
        long[] bytes = new long[count];
        for (long i = 0; i < count; i++)
        {
            at[name] = count == 1 ? sizes.From : sizes.From + (long)((Int128)(sizes.To - sizes.From) * i / (count - 1));
            bytes[i] = range.PeakBytes(at);
        }
        long top = Math.Max(1, bytes.Max());
        string line = CurvePlot.Line(bytes.Select((value, i) => (count == 1 ? 0.0 : (double)i / (count - 1), value)), top);
        string shown = ModelText.Clean(name, 60);
        string others = string.Join(", ", range.PeakAt.Where(s => s.Key != name).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => FormattableString.Invariant($"{ModelText.Clean(s.Key, 60)}={s.Value}")));
        string label = FormattableString.Invariant($"Peak for {shown} from {sizes.From} to {sizes.To}{(others.Length > 0 ? $", with {others}" : "")}: up to {ByteSize.Format(top)}");
        string axis = FormattableString.Invariant($"<g class=\"steps\"><text class=\"first\" x=\"0\" y=\"100%\" dy=\"17\">{sizes.From}</text><text class=\"end\" x=\"100%\" y=\"100%\" dy=\"17\">{sizes.To}</text></g>");
        html.Append(CurvePlot.Render(label, top, $"<polyline class=\"curve\" points=\"{line}\"/>", axis, "bytes at the peak", shown + (others.Length > 0 ? $" (with {others})" : "")));
    }

    private static string Sizes(IReadOnlyDictionary<string, long> sizes) =>
        string.Join(", ", sizes.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => FormattableString.Invariant($"{ModelText.Clean(s.Key, 60)}={s.Value}")));

    private static string Figure(long? bytes) => bytes is { } known ? ReportPage.Exact(known) : "–";
}
