using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Items;

/// <summary>The files that <c>VerifyInputs</c> names.</summary>
internal static class SampleFiles
{
    /// <summary>More files than any build should run.</summary>
    private const int Most = 1000;

    /// <summary>Absolute paths, sorted.</summary>
    /// <param name="text">Paths or globs, separated by semicolons; null for none.</param>
    /// <param name="folder">What they are relative to.</param>
    /// <param name="file">The model as the user named it.</param>
    /// <exception cref="SerenityException">SER1101: one of them names no file, or too many.</exception>
    public static IReadOnlyList<string> Find(string? text, string folder, string file)
    {
        List<string> found = [];
        foreach (string part in (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            ItemPattern pattern = new(part);
            if (!pattern.IsGlob)
            {
                found.Add(Path.GetFullPath(part, folder));
                continue;
            }
            string[] files = FileGlob.Find(part, folder, Most + 1);
            if (files.Length is 0 or > Most)
                throw new SerenityException(SerenityCodes.BadOption, file, $"VerifyInputs=\"{part}\" names {(files.Length == 0 ? "no file" : $"more than {Most} files")}. Paths are relative to the project's folder.");
            found.AddRange(files);
        }
        foreach (string path in found)
        {
            if (RegularFile.LengthOf(path) is not > 0)
                throw new SerenityException(SerenityCodes.BadOption, file, $"VerifyInputs names '{path}', which is no file, or an empty one. Paths are relative to the project's folder.");
        }
        return [.. found.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
