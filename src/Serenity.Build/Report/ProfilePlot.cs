using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>
/// Bytes allocated at each step, before and after, under the budget. The source model's steps are other ones, and drawn over the same width. The two can be looked at side by
/// side, at one scale.
/// </summary>
/// <param name="manifest">The manifest.</param>
/// <param name="names">Names as the page shows them.</param>
internal sealed class ProfilePlot(MemoryManifest manifest, ReportNames names)
{
    /// <summary>Both over each other, and hidden until they are asked for, side by side.</summary>
    public string Render()
    {
        long top = Top();
        PlotFrame frame = new(manifest.Program.Steps.Count, top, "bytes allocated");
        string before = Area("before", manifest.OriginalProfile, Math.Max(1, manifest.Program.Steps.Count), top);
        string after = Area("after", manifest.Profile, Math.Max(1, manifest.Program.Steps.Count), top);
        string marks = BudgetMark.Of(manifest, top) + Arena(top) + Peak(top);
        StringBuilder html = new(frame.Render("profile", Label(), frame.Shapes(before + after), marks));
        if (manifest.OriginalProfile.Count > 0)
            html.Append(new BesidePart(manifest, names).Render(top));
        return html.ToString();
    }

    private long Top()
    {
        long most = Math.Max(1, Math.Max(manifest.Profile.Concat(manifest.OriginalProfile).DefaultIfEmpty().Max(), manifest.Executor.Traits().HasOffsets ? manifest.Peak.Bytes : 0));
        if (BudgetMark.Line(manifest) is { } line && SizeMark.InSight(line, most))
            most = Math.Max(most, line);
        return (long)Math.Ceiling(1.06 * most);
    }

    /// <summary>A curve and what is below it. A step is as wide as any other; the curve is level over it.</summary>
    /// <param name="style">Its class.</param>
    /// <param name="profile">Bytes at each step.</param>
    /// <param name="width">Steps of the picture.</param>
    /// <param name="top">Bytes at its top.</param>
    public static string Area(string style, IReadOnlyList<long> profile, int width, long top)
    {
        if (profile.Count == 0)
            return "";
        StringBuilder path = new(FormattableString.Invariant($"M0 {PlotScale.Units}"));
        int last = PlotScale.Units;
        for (int step = 0; step < profile.Count; step++)
        {
            int y = PlotScale.Units - PlotScale.Unit(profile[step], top);
            if (y == last)
                continue;
            path.Append(CultureInfo.InvariantCulture, $"H{X(step)}V{y}");
            last = y;
        }
        path.Append(CultureInfo.InvariantCulture, $"H{width}V{PlotScale.Units}z");
        return $"<path class=\"{style}\" d=\"{path}\"/>";

        string X(int step) => (width == profile.Count ? step : step * (double)width / profile.Count).ToString("0.##", CultureInfo.InvariantCulture);
    }

    private string Arena(long top)
    {
        if (!manifest.Executor.Traits().HasOffsets)
            return "";
        string y = PlotScale.Percent(1 - ((double)manifest.Peak.Bytes / top));
        return string.Create(CultureInfo.InvariantCulture, $"<line class=\"arena\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text class=\"arena\" x=\"6\" y=\"{y}\" dy=\"-6\">{(manifest.Memories is null ? "arena" : "all memories together")} {ByteSize.Rounded(manifest.Peak.Bytes)}</text>");
    }

    private string Peak(long top) => manifest.PeakStep is not { } peak || peak.Index >= manifest.Profile.Count ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $"<circle class=\"peak\" cx=\"{PlotScale.Percent((peak.Index + 0.5) / manifest.Program.Steps.Count)}\" cy=\"{PlotScale.Percent(1 - ((double)manifest.Profile[peak.Index] / top))}\" r=\"4.5\"/>");

    private string Label()
    {
        string peak = manifest.PeakStep is { } step
            ? string.Create(CultureInfo.InvariantCulture, $"The peak, {ByteSize.Rounded(manifest.Profile.Max())}, is at step {step.Index + 1} of {manifest.Program.Steps.Count}; the source model’s is {ByteSize.Rounded(manifest.Peak.OriginalBytes)}.")
            : "The model has no nodes.";
        return "Bytes allocated at each step, before and after. " + peak;
    }
}
