using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Build.Output;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Items;

/// <summary>
/// Tells models that this package wrote from those that people made, wherever they lie: a glob such as <c>**/*.onnx</c> takes in what an earlier build left
/// in <c>bin</c>, <c>obj</c> or a publish folder, and each build would then optimize the outputs of the one before.
/// </summary>
internal static class OwnOutputs
{
    private const string Extension = ".onnx", ManifestExtension = ".memory.json", PlanExtension = ".memory.plan";

    /// <summary>The source that a model was made from, as its manifest names it; null for a model that the package did not write.</summary>
    /// <remarks>
    /// Known by the manifest beside it, and by its content: a manifest may lie beside its source too, and a model may be put in the place of an output.
    /// </remarks>
    public static string? SourceOf(ModelItem model)
    {
        string modelPath = model.SourcePath;
        if (!modelPath.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
            return null;
        if (PortableOf(modelPath) is { } portable && Origin(portable, model) is { } variant)
            return variant.Source.Path;
        return Origin(modelPath[..^Extension.Length], model) is { } origin && origin.Output.Path == Path.GetFileName(modelPath) && HasContent(modelPath, origin)
            ? origin.Source.Path : null;
    }

    /// <summary>Absolute path of the manifest beside a model that the package wrote, and that is as it was written; null for any other model.</summary>
    /// <param name="modelPath">Absolute path of the model.</param>
    public static string? ManifestBeside(string modelPath) => modelPath.EndsWith(Extension, StringComparison.OrdinalIgnoreCase)
        && ManifestOf(modelPath[..^Extension.Length]) is { } origin && origin.Output.Path == Path.GetFileName(modelPath) && HasContent(modelPath, origin)
        ? modelPath[..^Extension.Length] + ManifestExtension : null;

    /// <summary>True for a model in another layout than the portable one that the package wrote: the portable one's manifest lies beside it, or a plan of its own.</summary>
    /// <param name="modelPath">Path of the model.</param>
    public static bool IsLayout(string modelPath) => PortableOf(modelPath) is { } portable
        && (ManifestOf(portable) is not null || (File.Exists(modelPath[..^Extension.Length] + PlanExtension) && File.Exists(portable + Extension)));

    /// <summary>The source of a model that is a copy of an output, without its manifest, as publishing leaves it; null for any other.</summary>
    public static string? SourceOfCopy(ModelItem model)
    {
        FileInfo file = new(model.SourcePath);
        if (!file.Exists || !Directory.Exists(model.StagingFolder))
            return null;
        foreach (string staged in Directory.EnumerateFiles(model.StagingFolder, "*" + Extension, SearchOption.AllDirectories))
        {
            // A layout besides the portable one has no manifest of its own.
            if (PortableOf(staged) is { } portable)
            {
                if (new FileInfo(staged).Length == file.Length && Origin(portable, model) is { } of && ContentHash.OfFile(staged) == ContentHash.OfFile(model.SourcePath))
                    return of.Source.Path;
                continue;
            }
            if (new FileInfo(staged).Length == file.Length && staged.EndsWith(Extension, StringComparison.Ordinal)
                && Origin(staged[..^Extension.Length], model) is { } origin && HasContent(model.SourcePath, origin))
                return origin.Source.Path;
        }
        return null;
    }

    /// <summary>For <c>net.blocked16.onnx</c> the path of <c>net</c>; null for the name of no layout.</summary>
    private static string? PortableOf(string modelPath)
    {
        foreach (PlanLayout layout in (PlanLayout[])[PlanLayout.Blocked8, PlanLayout.Blocked16])
        {
            string ending = $".{ManifestNames.Of(layout)}{Extension}";
            if (modelPath.EndsWith(ending, StringComparison.Ordinal))
                return modelPath[..^ending.Length];
        }
        return null;
    }

    // A model that came out as it went in has the content of its source, which is the project's all the same.
    private static ManifestOrigin? Origin(string model, ModelItem item) => ManifestOf(model) is { } origin && origin.Source.Path != item.SourceName ? origin : null;

    /// <summary>What the manifest beside a model says, whose path is without its extension.</summary>
    private static ManifestOrigin? ManifestOf(string model) => File.Exists(model + ManifestExtension) ? ManifestOrigin.TryRead(model + ManifestExtension) : null;

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
