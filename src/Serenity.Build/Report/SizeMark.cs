using System.Globalization;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>A level that a picture's curve or shapes have to stay under, as a line; where it lies outside the picture, that is said.</summary>
internal static class SizeMark
{
    // A level far above everything would flatten the picture; then it is said to lie outside. What is left free of a memory is worth more room.
    private const double Far = 1.5, FarSize = 3;

    /// <summary>Whether a picture of so many bytes makes room for a budget.</summary>
    public static bool InSight(long level, long most) => level <= Far * most;

    /// <summary>Whether the picture of a memory makes room for its size.</summary>
    public static bool InSight(UsedMemory memory) => memory.Bytes <= FarSize * memory.UsedBytes;

    /// <summary>The size of one of several memories.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="top">Bytes at the picture's top.</param>
    public static string Of(UsedMemory memory, long top) =>
        Line(memory.Bytes, top, $"size {ByteSize.Rounded(memory.Bytes)}", $"its size, {ByteSize.Rounded(memory.Bytes)},");

    /// <summary>The line.</summary>
    /// <param name="level">Bytes.</param>
    /// <param name="top">Bytes at the picture's top.</param>
    /// <param name="text">What stands at the line.</param>
    /// <param name="outside">What is said to be above or below, where it is out of the picture.</param>
    public static string Line(long level, long top, string text, string outside)
    {
        if (level > top)
            return $"<text class=\"budget outside end\" x=\"100%\" y=\"-9\">{ReportPage.Text($"{outside} is above ↑")}</text>";
        if (level < 0)
            return $"<text class=\"budget outside end\" x=\"100%\" y=\"-9\">{ReportPage.Text($"{outside} is below ↓")}</text>";
        double place = 1 - ((double)level / top);
        string y = PlotScale.Percent(place);
        // Above the line, and below it where there is no room.
        return string.Create(CultureInfo.InvariantCulture,
            $"<line class=\"budget\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text class=\"budget end\" x=\"100%\" y=\"{y}\" dx=\"-6\" dy=\"{(place > 0.1 ? -6 : 15)}\">{ReportPage.Text(text)}</text>");
    }
}
