using System.Text;

namespace Serenity.Onnx.Models;

/// <summary>Recognises files that are often found in place of a model, so that the error can say what happened.</summary>
internal static class FormatHint
{
    /// <summary>What the file is instead of an ONNX model, and what to do; null if it may be one.</summary>
    public static string? Of(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith("version https://git-lfs.github.com/spec/"u8))
            return "The file is a Git LFS pointer, not the model itself: the repository was cloned without its large files. Run 'git lfs pull'.";
        if (file.Length >= 8 && file[4..8].SequenceEqual("ORTM"u8))
            return "The file is in ONNX Runtime's ORT format, which cannot be rewritten. Use the .onnx file that it was made from.";
        if (file.Length >= 8 && file[4..8].SequenceEqual("TFL3"u8))
            return "The file is a TensorFlow Lite model. Convert it to ONNX first.";
        if (file.StartsWith("PK\u0003\u0004"u8))
            return "The file is a ZIP archive (a PyTorch checkpoint is one), not an ONNX model. Unpack it, or export the model to ONNX.";
        if (file.StartsWith(new byte[] { 0x1F, 0x8B }))
            return "The file is compressed with gzip. Unpack it first.";
        string start = Encoding.ASCII.GetString(file[..Math.Min(file.Length, 256)]).TrimStart();
        if (start.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return "The file is a web page, not the model itself: a download link was followed to its page. Download the model again.";
        return null;
    }
}
