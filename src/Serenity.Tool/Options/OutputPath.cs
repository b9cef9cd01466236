using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Options;

/// <summary>Where a command writes the model that it makes.</summary>
internal static class OutputPath
{
    /// <summary>The absolute path.</summary>
    /// <param name="context">The folder that paths are relative to.</param>
    /// <param name="given">The source model as the user named it.</param>
    /// <param name="output">What the user wants; a folder for the source's own name in it; null for beside the source.</param>
    /// <param name="ending">What then takes the place of <c>.onnx</c>.</param>
    /// <exception cref="SerenityException">SER1101: that is the source itself.</exception>
    public static string Of(ToolContext context, string given, string? output, string ending)
    {
        string target = context.PathOf(output ?? WithoutExtension(given) + ending);
        if (Directory.Exists(target))
            target = Path.Combine(target, Path.GetFileName(given));
        return !IsSameFile(context.PathOf(given), target) ? target
            : throw new SerenityException(SerenityCodes.BadOption, given, "The output is the model itself, which would be lost. Give another file with --output.");
    }

    private static bool IsSameFile(string path, string other)
    {
        try
        {
            return string.Equals(RealPath.Of(Path.GetFullPath(path)), RealPath.Of(Path.GetFullPath(other)), StringComparison.OrdinalIgnoreCase);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Links that lead nowhere are told of where the file is read or written.
            return string.Equals(path, other, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static string WithoutExtension(string path) => path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? path[..^".onnx".Length] : path;
}
