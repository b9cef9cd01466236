using Microsoft.Build.Framework;
using Serenity.Build.Checks;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tasks;

/// <summary>Says of each model whether its plan holds in the version of ONNX Runtime that the project references. Reads heads of manifests only.</summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityCheckRuntime : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Version of the package Microsoft.ML.OnnxRuntime that the project resolved to.</summary>
    [Required]
    public string RuntimeVersion { get; set; } = "";

    /// <inheritdoc/>
    protected override void Run()
    {
        foreach ((ITaskItem item, ModelItem model) in ReadModels(Models))
        {
            if (!File.Exists(model.ManifestPath))
                continue;
            ManifestHead head = ManifestHead.Read(File.ReadAllBytes(model.ManifestPath), model.ManifestPath);
            if (RuntimeCheck.Of(head.RuntimeVersion, head.SumsInPlace, RuntimeVersion, model.Name) is { } diagnostic)
                Report(diagnostic, place: ItemPlace.Of(item));
        }
    }
}
