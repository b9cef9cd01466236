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
    private const int Width = 300, Height = 110, Points = 60, ShownFormulas = 8;

    /// <summary>Renders it; empty for one size of each dimension.</summary>
    public static string Render(MemoryManifest manifest)
    {
        if (manifest.Range is not { } range)
            return "";
        StringBuilder html = new();
        html.Append("<h2>Over the range of sizes</h2>\n<p class=\"dim\">");
        html.Append(ReportPage.Text($"The model accepts {string.Join(", ", range.Ranges.Select(r => $"{ModelText.Clean(r.Key, 60)} {r.Value.From} to {r.Value.To}"))}. The peak is largest at {Sizes(range.PeakAt)}: all other figures and pictures are for these sizes."));
        html.Append("</p>\n<p>Peak, in bytes: the largest of</p>\n<ul>\n");
        foreach (SizeExpression peak in range.Peaks.Take(ShownFormulas))
            html.Append(CultureInfo.InvariantCulture, $"<li><code>{ReportPage.Text(ModelText.Clean(peak.ToString(), 600))}</code></li>\n");
        html.Append("</ul>\n");
        if (range.Peaks.Count > ShownFormulas)
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"dim\">and {range.Peaks.Count - ShownFormulas} more, in the manifest.</p>\n");
        foreach (string name in range.Ranges.Keys.Order(StringComparer.Ordinal))
            Curve(html, range, name);
        html.Append("<table><thead><tr><th>sizes</th><th class=\"num\">bytes</th><th class=\"num\">measured</th><th class=\"num\">kernels’ workspace</th></tr></thead><tbody>\n");
        foreach (RangePoint point in range.Points)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{ReportPage.Text(Sizes(point.Sizes))}</td><td class=\"num\">{ReportPage.Exact(point.Bytes)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"num\">{Figure(point.MeasuredBytes)}</td><td class=\"num\">{Figure(point.WorkspaceBytes)}</td></tr>\n");
        }
        return html.Append("</tbody></table>\n").ToString();
    }

    // Drawn as text, so that it can be looked at without scripts; the page allows no style attributes.
    private static void Curve(StringBuilder html, RangeFacts range, string name)
    {
        SizeRange sizes = range.Ranges[name];
        long count = Math.Min(Points, sizes.To - sizes.From + 1);
        long most = Math.Max(1, range.PeakBytes(range.PeakAt));
        StringBuilder line = new();
        Dictionary<string, long> at = new(range.PeakAt, StringComparer.Ordinal);
        for (long i = 0; i < count; i++)
        {
            at[name] = count == 1 ? sizes.From : sizes.From + ((sizes.To - sizes.From) * i / (count - 1));
            double x = count == 1 ? 0 : Width * (double)i / (count - 1), y = Height - (Height * (double)range.PeakBytes(at) / most);
            line.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? "" : " ")}{x:0.#},{y:0.#}");
        }
        string others = string.Join(", ", range.PeakAt.Where(s => s.Key != name).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => FormattableString.Invariant($"{ModelText.Clean(s.Key, 60)}={s.Value}")));
        string label = FormattableString.Invariant($"{ModelText.Clean(name, 60)} from {sizes.From} to {sizes.To}{(others.Length > 0 ? $", with {others}" : "")}: up to {ByteSize.Rounded(most)}");
        html.Append(CultureInfo.InvariantCulture, $"<figure><svg width=\"{Width + 4}\" height=\"{Height + 4}\" viewBox=\"-2 -2 {Width + 4} {Height + 4}\" role=\"img\" aria-label=\"{ReportPage.Text(label)}\">");
        html.Append(CultureInfo.InvariantCulture, $"<path d=\"M0,0 V{Height} H{Width}\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.4\"/>");
        html.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{line}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\"/></svg>");
        html.Append(CultureInfo.InvariantCulture, $"<figcaption class=\"dim small\">{ReportPage.Text(label)}</figcaption></figure>\n");
    }

    private static string Sizes(IReadOnlyDictionary<string, long> sizes) =>
        string.Join(", ", sizes.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => FormattableString.Invariant($"{ModelText.Clean(s.Key, 60)}={s.Value}")));

    private static string Figure(long? bytes) => bytes is { } known ? ReportPage.Exact(known) : "–";
}
