using Microsoft.Build.Framework;
using Serenity.Build.Items;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Build.Tasks;

/// <summary>Tells which files belong into the output folder where models are passed through as they are: each source in its optimized model's place, with its external data.</summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityPassThrough : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>Whether MSBuild knows <c>CopyToOutputDirectory="IfDifferent"</c>.</summary>
    public bool CopiesIfDifferent { get; set; }

    /// <summary>Whether the SDK's publishing does.</summary>
    public bool PublishesIfDifferent { get; set; }

    /// <summary>Files for the output folder, with <c>TargetPath</c> and the model's copy metadata.</summary>
    [Output]
    public ITaskItem[] OutputFiles { get; private set; } = [];

    /// <inheritdoc/>
    protected override void Run()
    {
        List<ITaskItem> outputs = [];
        HashSet<string> placed = new(StringComparer.Ordinal);
        foreach ((_, ModelItem model) in ReadModels(Models))
        {
            if (OwnOutputs.SourceOf(model) is not null)
                continue;
            try
            {
                string sourceFolder = Path.GetDirectoryName(model.SourcePath)!, targetFolder = Path.GetDirectoryName(model.SourceTargetPath)!;
                outputs.Add(OutputItems.Of(model.SourcePath, model.SourceTargetPath, model, true, CopiesIfDifferent, PublishesIfDifferent));
                foreach (string data in ExternalDataScan.Files(File.ReadAllBytes(model.SourcePath), model.SourcePath))
                {
                    // A model in several sizes is there once for each, and its data once.
                    string target = Path.Combine(targetFolder, Path.GetRelativePath(sourceFolder, data));
                    if (placed.Add(target))
                        outputs.Add(OutputItems.Of(data, target, model, true, CopiesIfDifferent, PublishesIfDifferent));
                }
            }
            catch (Exception problem) when (problem is SerenityException or IOException or UnauthorizedAccessException)
            {
                Report(ProblemDiagnostic.Of(problem, model.Name) with { File = model.Name }, problem);
            }
        }
        OutputFiles = [.. outputs];
    }
}
