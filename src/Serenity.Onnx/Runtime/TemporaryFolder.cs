using Serenity.Onnx.Diagnostics;

namespace Serenity.Onnx.Runtime;

/// <summary>A folder of its own for what ONNX Runtime can only give through files: profiles and saved models.</summary>
internal static class TemporaryFolder
{
    /// <summary>Creates one that nobody else can read.</summary>
    /// <param name="file">The model it is for, for messages.</param>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.InputOutput"/>.</exception>
    public static string Create(string? file)
    {
        try
        {
            return Directory.CreateTempSubdirectory("serenity-").FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SerenityException(SerenityCodes.InputOutput, file,
                $"No file can be written to the folder for temporary files, which ONNX Runtime needs to work on a model."
                + $" Make it writable, point TMPDIR (TEMP on Windows) to another folder, or set {ModelSetting.Verify.Of("false")} and {ModelSetting.Fuse.Of("false")} on the item.", e);
        }
    }

    /// <summary>Deletes one with all in it; a leftover harms nobody, so failing is silent.</summary>
    public static void Delete(string? folder)
    {
        try
        {
            if (folder is not null)
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
