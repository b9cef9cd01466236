using System;
using System.IO;
using Microsoft.ML.OnnxRuntime;

namespace Serenity.Runtime;

/// <summary>
/// Which of a model's files fits the processor at hand. Serenity.Build may write a model in several layouts: the portable one, which runs everywhere, and those with images in blocks of
/// 8 or 16 channels, which ONNX Runtime has on x64 and which are faster. A file for blocks of another size mostly runs, and computes wrongly without a word, so ONNX Runtime itself is asked, once a
/// process.
/// </summary>
public static class ModelLayout
{
    /// <summary>The layout that runs everywhere.</summary>
    public const string Portable = "portable";

    private const string BlocksOf8 = "blocked8", BlocksOf16 = "blocked16";

    /// <summary>A model of one <c>com.microsoft.nchwc.ReorderInput</c> from x, an image of four channels and one place, to y, opset 17.</summary>
    private const string OneReorder =
        "CAg6UAopCgF4EgF5IgxSZW9yZGVySW5wdXQ6E2NvbS5taWNyb3NvZnQubmNod2MSAWJaGwoBeBIWChQIARIQCgIIAQoCCAQKAggBCgIIAWIDCgF5QgIQEUIXChNjb20ubWljcm9zb2Z0Lm5jaHdjEAE=";

    private static readonly Lazy<string> _host = new(Ask);

    /// <summary>The layout of blocks that ONNX Runtime has on this processor, "blocked8" or "blocked16"; <see cref="Portable"/> where it has none, or gave any other answer than was expected.</summary>
    public static string Host => _host.Value;

    /// <summary>The layout to load a model in.</summary>
    /// <param name="modelPath">Path of the portable model.</param>
    /// <param name="layouts">Layouts that the build wrote it in besides, such as "blocked16".</param>
    /// <returns><see cref="Host"/> where it is one of them and its file is there; else <see cref="Portable"/>.</returns>
    public static string Find(string modelPath, params string[] layouts)
    {
        if (modelPath is null)
            throw new ArgumentNullException(nameof(modelPath));
        // Asking takes a session; a model that has no other layout needs none.
        return layouts is { Length: > 0 } && Array.IndexOf(layouts, Host) >= 0 && File.Exists(VariantOf(modelPath, Host)) ? Host : Portable;
    }

    /// <summary>Path of the file to load: <c>net.blocked16.onnx</c> beside <c>net.onnx</c>, say, or the portable one itself.</summary>
    /// <param name="modelPath">Path of the portable model.</param>
    /// <param name="layouts">Layouts that the build wrote it in besides.</param>
    public static string PathFor(string modelPath, params string[] layouts)
    {
        string layout = Find(modelPath, layouts);
        return layout == Portable ? modelPath : VariantOf(modelPath, layout);
    }

    /// <summary>True for the name of a layout.</summary>
    internal static bool IsName(string text) => text is Portable or BlocksOf8 or BlocksOf16;

    /// <summary>A path without <c>.onnx</c> or <c>.ort</c> at its end.</summary>
    internal static string WithoutExtension(string modelPath)
    {
        foreach (string extension in new[] { ".onnx", ".ort" })
        {
            if (modelPath.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
                return modelPath.Substring(0, modelPath.Length - extension.Length);
        }
        return modelPath;
    }

    private static string VariantOf(string modelPath, string layout) =>
        WithoutExtension(modelPath) + "." + layout + ".onnx";

    private static string Ask()
    {
        try
        {
            using SessionOptions options = new()
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
                IntraOpNumThreads = 1,
                EnableCpuMemArena = false,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            };
            using InferenceSession session = new(Convert.FromBase64String(OneReorder), options);
            float[] channels = [1, 2, 3, 4];
            using OrtValue image = OrtValue.CreateTensorValueFromMemory(channels, [1, 4, 1, 1]);
            using RunOptions run = new();
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, ["x"], [image], ["y"]);
            long[] shape = results[0].GetTensorTypeAndShape().Shape;
            ReadOnlySpan<float> block = results[0].GetTensorDataAsSpan<float>();
            if (shape.Length != 4 || shape[0] != 1 || shape[1] != block.Length || shape[2] != 1 || shape[3] != 1)
                return Portable;
            for (int i = 0; i < block.Length; i++)
            {
                if (block[i] != (i < channels.Length ? channels[i] : 0))
                    return Portable;
            }
            return block.Length == 8 ? BlocksOf8 : block.Length == 16 ? BlocksOf16 : Portable;
        }
        catch (Exception problem) when (problem is OnnxRuntimeException or NotSupportedException or InvalidOperationException)
        {
            // As on arm64, where there is no such kernel.
            return Portable;
        }
    }
}
