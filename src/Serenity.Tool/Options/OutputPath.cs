using Serenity.Onnx.Contract;
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
    /// <param name="kind">What then stands before the ending of the format, such as <c>.optimized</c>.</param>
    /// <param name="format">The format that is written.</param>
    /// <exception cref="SerenityException">SER1101: that is the source itself, or a name that ONNX Runtime would not load that format from.</exception>
    public static string Of(ToolContext context, string given, string? output, string kind, ModelFormat format = ModelFormat.Onnx)
    {
        string target = context.PathOf(output ?? ModelFormats.WithoutExtension(given) + kind + format.Extension());
        // A name that ends as a folder's does is one, whether there is such a folder yet or not.
        if (Directory.Exists(target) || (output is not null && Path.EndsInDirectorySeparator(output)))
            target = Path.Combine(target, format == ModelFormat.Ort ? ModelFormats.WithoutExtension(Path.GetFileName(given)) + format.Extension() : Path.GetFileName(given));
        if (target.EndsWith(ModelFormat.Ort.Extension(), StringComparison.OrdinalIgnoreCase) != (format == ModelFormat.Ort))
        {
            throw new SerenityException(
                SerenityCodes.BadOption, given, $"The output '{Path.GetFileName(target)}' is not the name of a file of format {format}: ONNX Runtime takes what ends in {ModelFormat.Ort.Extension()}, and nothing else, for its own. Give another name.");
        }
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
}
