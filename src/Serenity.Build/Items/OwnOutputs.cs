using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Output;

namespace Serenity.Build.Items;

/// <summary>
/// Tells models that this package wrote from those that people made, wherever they lie: a glob such as <c>**/*.onnx</c> takes in what an earlier build left
/// in <c>bin</c>, <c>obj</c> or a publish folder, and each build would then optimize the outputs of the one before.
/// </summary>
internal static class OwnOutputs
{
    private const string Extension = ".onnx", ManifestExtension = ".memory.json";

    /// <summary>The source that a model was made from, as its manifest names it; null for a model that the package did not write.</summary>
    /// <remarks>
    /// Known by the manifest beside it, and by its content: a manifest may lie beside its source too, and a model may be put in the place of an output.
    /// </remarks>
    public static string? SourceOf(ModelItem model)
    {
        string modelPath = model.SourcePath;
        if (!modelPath.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
            return null;
        return Origin(modelPath[..^Extension.Length] + ManifestExtension, model) is { } origin && origin.Output.Path == Path.GetFileName(modelPath) && HasContent(modelPath, origin) ? origin.Source.Path : null;
    }

    /// <summary>The source of a model that is a copy of an output, without its manifest, as publishing leaves it; null for any other.</summary>
    public static string? SourceOfCopy(ModelItem model)
    {
        FileInfo file = new(model.SourcePath);
        if (!file.Exists || !Directory.Exists(model.StagingFolder))
            return null;
        foreach (string staged in Directory.EnumerateFiles(model.StagingFolder, "*" + Extension, SearchOption.AllDirectories))
        {
            if (new FileInfo(staged).Length == file.Length && staged.EndsWith(Extension, StringComparison.Ordinal)
                && Origin(staged[..^Extension.Length] + ManifestExtension, model) is { } origin && HasContent(model.SourcePath, origin))
                return origin.Source.Path;
        }
        return null;
    }

    // A model that came out as it went in has the content of its source, which is the project's all the same.
    private static ManifestOrigin? Origin(string manifest, ModelItem model) =>
        File.Exists(manifest) && ManifestOrigin.TryRead(manifest) is { } origin && origin.Source.Path != model.SourceName ? origin : null;

    private static bool HasContent(string modelPath, ManifestOrigin origin)
    {
        try
        {
            return ContentHash.OfFile(modelPath) == origin.Output.Sha256;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
