namespace Serenity.Onnx.Contract;

/// <summary>The files that an optimized model is written as (executor OnnxRuntime).</summary>
public enum ModelFormat
{
    /// <summary>One <c>.onnx</c> file; weights that the source keeps in other files stay beside it.</summary>
    Onnx,

    /// <summary>An <c>.onnx</c> file, and one beside it with the weights, each from a page on: ONNX Runtime maps them instead of copying them.</summary>
    OnnxExternal,

    /// <summary>ONNX Runtime's own format, <c>.ort</c>: the graph is past the optimizations of a session, so that a session without options keeps order and bytes too.</summary>
    Ort,
}

/// <summary>What is known of each of <see cref="ModelFormat"/>.</summary>
public static class ModelFormats
{
    /// <summary>How the names of files that hold a whole model end, in any of the formats.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".onnx", ".ort"];

    /// <summary>How the name of a model's file ends.</summary>
    public static string Extension(this ModelFormat format) => format == ModelFormat.Ort ? ".ort" : ".onnx";

    /// <summary>A path without the ending of a model's file, if it has one.</summary>
    public static string WithoutExtension(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        foreach (string extension in Extensions)
        {
            if (path.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
                return path[..^extension.Length];
        }
        return path;
    }
}
