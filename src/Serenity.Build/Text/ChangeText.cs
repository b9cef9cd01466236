using System.Globalization;

namespace Serenity.Build.Text;

/// <summary>Writes how a figure changed, for people.</summary>
public static class ChangeText
{
    /// <summary>The change from one figure to another in whole percent: <c>−55 %</c>, <c>+3 %</c>, <c>±0 %</c>; empty when there is nothing to compare with.</summary>
    /// <param name="from">The figure before.</param>
    /// <param name="to">The figure after.</param>
    /// <param name="minus">The sign of what became less; plain text has one kind for all its numbers.</param>
    public static string Percent(long from, long to, string minus = "−")
    {
        if (from <= 0)
            return "";
        double percent = 100.0 * (to - (double)from) / from;
        double rounded = Math.Round(percent, MidpointRounding.AwayFromZero);
        if (rounded == 0)
            return to == from ? "±0 %" : percent < 0 ? minus + "<1 %" : "+<1 %";
        return string.Create(CultureInfo.InvariantCulture, $"{(rounded < 0 ? minus : "+")}{Math.Abs(rounded):0} %");
    }
}
