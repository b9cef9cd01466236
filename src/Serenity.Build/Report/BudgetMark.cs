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
    public static string Of(MemoryManifest manifest, long top) =>
        Line(manifest) is { } line ? SizeMark.Line(line, top, Text(manifest), Outside(manifest, line)) : "";

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
