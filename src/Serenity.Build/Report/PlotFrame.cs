using System.Globalization;
using System.Text;
using Serenity.Build.Text;

namespace Serenity.Build.Report;

/// <summary>A picture's frame: axes with titles over shapes that stretch with the page. Places are parts of the whole, so that no script is needed to draw it at any width.</summary>
/// <param name="steps">Steps along the frame.</param>
/// <param name="top">Bytes at its top.</param>
/// <param name="title">What its height is.</param>
/// <param name="topIsPeak">The top is the peak, and is written there.</param>
internal sealed class PlotFrame(int steps, long top, string title, bool topIsPeak = false)
{
    // Of two figures that would lie over each other the peak is the one to know.
    private const double RoomForPeak = 0.94;

    /// <summary>Shapes in steps and <see cref="PlotScale.Units"/>.</summary>
    public string Shapes(string content) => string.Create(
        CultureInfo.InvariantCulture, $"<svg class=\"shapes\" width=\"100%\" height=\"100%\" viewBox=\"0 0 {Math.Max(1, steps)} {PlotScale.Units}\" preserveAspectRatio=\"none\">{content}</svg>");

    /// <summary>The whole picture.</summary>
    /// <param name="id">Its name in the page.</param>
    /// <param name="label">What it shows, for who does not see it.</param>
    /// <param name="content">What is drawn.</param>
    /// <param name="mark">The line of the budget; empty for none.</param>
    public string Render(string id, string label, string content, string mark)
    {
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<div class=\"plot\" id=\"{id}\" data-top=\"{top}\"><svg class=\"frame\" role=\"img\" aria-label=\"{ReportPage.Text(label)}\"><g class=\"grid\">");
        foreach (long bytes in PlotScale.OfBytes(top))
        {
            if (topIsPeak && bytes > RoomForPeak * top)
                continue;
            string y = PlotScale.Percent(1 - ((double)bytes / top));
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text x=\"-8\" y=\"{y}\">{ByteSize.Rounded(bytes)}</text>");
        }
        if (topIsPeak)
            svg.Append("<text class=\"peak\" x=\"-8\" y=\"0\">").Append(ByteSize.Rounded(top)).Append("</text>");
        svg.Append("</g>").Append(content).Append("<g class=\"steps\">");
        foreach (int step in PlotScale.OfSteps(steps))
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{PlotScale.Percent((step - 0.5) / steps)}\" y=\"100%\" dy=\"17\">{step}</text>");
        svg.Append("</g>").Append(mark);
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"title\" x=\"0\" y=\"-9\">{ReportPage.Text(title)}</text><text class=\"title end\" x=\"100%\" y=\"100%\" dy=\"35\">step of the schedule</text>");
        return svg.Append("</svg></div>").ToString();
    }
}
