using System.Globalization;
using System.Text;
using Serenity.Build.Text;

namespace Serenity.Build.Report;

/// <summary>A picture of bytes over something that is no step of the schedule: a size, a capacity. Drawn ahead, so that it can be looked at without scripts.</summary>
internal static class CurvePlot
{
    /// <summary>Width of the picture in the units of its shapes.</summary>
    public const double Width = 1000;

    /// <summary>A line through points, in the picture's units.</summary>
    /// <param name="points">Parts of the width, and bytes.</param>
    /// <param name="top">Bytes at the top.</param>
    public static string Line(IEnumerable<(double Part, long Bytes)> points, long top) =>
        string.Join(' ', points.Select(p => FormattableString.Invariant($"{Width * p.Part:0.#},{PlotScale.Units - PlotScale.Unit(p.Bytes, top)}")));

    /// <summary>The whole picture.</summary>
    /// <param name="label">What it shows, for who does not see it.</param>
    /// <param name="top">Bytes at its top.</param>
    /// <param name="lines">What is drawn, in the picture's units.</param>
    /// <param name="axis">Figures along the width, and marks.</param>
    /// <param name="title">What its height is.</param>
    /// <param name="across">What its width is.</param>
    public static string Render(string label, long top, string lines, string axis, string title, string across)
    {
        StringBuilder html = new();
        html.Append(CultureInfo.InvariantCulture, $"<figure class=\"plot curve\"><svg class=\"frame\" role=\"img\" aria-label=\"{ReportPage.Text(label)}\"><g class=\"grid\">");
        foreach (long tick in PlotScale.OfBytes(top))
        {
            string y = PlotScale.Percent(1 - ((double)tick / top));
            html.Append(CultureInfo.InvariantCulture, $"<line x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text x=\"-8\" y=\"{y}\">{ByteSize.Rounded(tick)}</text>");
        }
        html.Append(CultureInfo.InvariantCulture, $"</g><svg class=\"shapes\" width=\"100%\" height=\"100%\" viewBox=\"0 0 {Width} {PlotScale.Units}\" preserveAspectRatio=\"none\">{lines}</svg>{axis}");
        html.Append(CultureInfo.InvariantCulture, $"<text class=\"title\" x=\"0\" y=\"-9\">{ReportPage.Text(title)}</text><text class=\"title end\" x=\"100%\" y=\"100%\" dy=\"35\">{ReportPage.Text(across)}</text></svg></figure>\n");
        return html.ToString();
    }
}
