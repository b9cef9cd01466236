using System.Globalization;
using Serenity.Build.Manifest;
using Serenity.Build.Text;

namespace Serenity.Build.Report;

/// <summary>The line that a picture's curve has to stay under: the budget, less the kernels' workspace. Where it lies outside the picture, that is said.</summary>
internal static class BudgetMark
{
    /// <summary>Bytes that tensors of one run may take; null without a budget.</summary>
    public static long? Line(MemoryManifest manifest) =>
        manifest.Budget.MemoryBytes is { } budget ? (budget / Math.Max(1, manifest.Peak.Runs)) - (manifest.Peak.WorkspaceBytes ?? 0) : null;

    /// <summary>The line in a picture with so many bytes at its top; empty without a budget.</summary>
    public static string Of(MemoryManifest manifest, long top)
    {
        if (Line(manifest) is not { } line)
            return "";
        if (line > top)
            return $"<text class=\"budget outside end\" x=\"100%\" y=\"-9\">{ReportPage.Text($"{Outside(manifest, line)} is above ↑")}</text>";
        if (line < 0)
            return $"<text class=\"budget outside end\" x=\"100%\" y=\"-9\">{ReportPage.Text($"{Outside(manifest, line)} is below ↓")}</text>";
        double place = 1 - ((double)line / top);
        string y = PlotScale.Percent(place);
        // Above the line, and below it where there is no room.
        return string.Create(CultureInfo.InvariantCulture,
            $"<line class=\"budget\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text class=\"budget end\" x=\"100%\" y=\"{y}\" dx=\"-6\" dy=\"{(place > 0.1 ? -6 : 15)}\">{ReportPage.Text(Text(manifest))}</text>");
    }

    private static string Outside(MemoryManifest manifest, long line) => manifest.Peak.WorkspaceBytes > 0
        ? $"budget less workspace, {(line < 0 ? "−" : "")}{ByteSize.Rounded(Math.Abs(line))},"
        : $"budget, {ByteSize.Rounded(line)},";

    private static string Text(MemoryManifest manifest)
    {
        string text = $"budget {ByteSize.Rounded(manifest.Budget.MemoryBytes!.Value)}";
        if (manifest.Peak.Runs > 1)
            text += string.Create(CultureInfo.InvariantCulture, $" for {manifest.Peak.Runs} runs");
        return manifest.Peak.WorkspaceBytes is > 0 and var workspace ? $"{text} − workspace {ByteSize.Rounded(workspace)}" : text;
    }
}
