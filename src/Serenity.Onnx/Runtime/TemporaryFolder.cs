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

    /// <summary>The error where one is full: of that the model knows nothing, whatever ONNX Runtime said as it could not write.</summary>
    /// <param name="file">The model that was worked on, for messages.</param>
    /// <param name="cause">What could not be written.</param>
    public static SerenityException Full(string? file, Exception? cause) => new(SerenityCodes.InputOutput, file,
        "No more can be written to the folder for temporary files, through which ONNX Runtime gives back what it made of a model. This says nothing against the model:"
        + " make room there, or point TMPDIR (TEMP on Windows) to another folder, and build again.", cause);

    /// <summary>True if a file of some size cannot be written to a folder.</summary>
    /// <param name="folder">One that was created here.</param>
    /// <param name="bytes">The size.</param>
    public static bool IsFull(string folder, long bytes)
    {
        try
        {
            using FileStream probe = new(Path.Combine(folder, "probe"), FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            byte[] block = new byte[1 << 16];
            for (long left = Math.Max(bytes, 1); left > 0; left -= block.Length)
                probe.Write(block, 0, (int)Math.Min(left, block.Length));
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
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
