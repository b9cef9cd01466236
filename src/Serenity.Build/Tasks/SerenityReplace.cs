using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tasks;

/// <summary>
/// Puts optimized models in the place of their sources among items of another kind, such as <c>EmbeddedResource</c>: under the same name, so that whoever opens the resource need not know.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityReplace : SerenityTask
{
    /// <summary>The project's <c>SerenityModel</c> items, with <c>TargetPath</c> assigned.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The items of the other kind.</summary>
    public ITaskItem[] Items { get; set; } = [];

    /// <summary>Those of them that are models' sources.</summary>
    [Output]
    public ITaskItem[] Replaced { get; private set; } = [];

    /// <summary>What takes their place.</summary>
    [Output]
    public ITaskItem[] Replacements { get; private set; } = [];

    /// <inheritdoc/>
    protected override void Run()
    {
        if (Items.Length == 0)
            return;
        Dictionary<string, ModelItem> bySource = new(StringComparer.Ordinal);
        foreach ((_, ModelItem model) in ReadModels(Models))
            bySource.TryAdd(model.SourcePath, model);
        List<ITaskItem> replaced = [], replacements = [];
        foreach (ITaskItem item in Items)
        {
            if (!bySource.TryGetValue(Path.GetFullPath(item.ItemSpec, ProjectFolder), out ModelItem? model))
                continue;
            if (model.Sizes.Length > 0)
                throw SizeLists.OnlyOne(ModelOptions.FreeDimensions.Name, "the model is an item of another kind too, such as EmbeddedResource, which takes one file. Remove that item, or give one size or a range", model.SourcePath);
            if (model.Options.Get(ModelOptions.Format) == ModelFormat.OnnxExternal)
            {
                throw new SerenityException(SerenityCodes.BadOption, model.SourcePath,
                    $"The model is an item of another kind too, such as EmbeddedResource, which takes one file, and {ModelSetting.Format.Of("OnnxExternal")} writes two. Use {ModelSetting.Format.Of("Onnx")} or {ModelSetting.Format.Of("Ort")}.");
            }
            TaskItem replacement = new(ItemText.Escape(model.ModelPath));
            item.CopyMetadataTo(replacement);
            // Names of resources are made of the path in the project.
            if (item.GetMetadata("Link").Length == 0 && item.GetMetadata("LogicalName").Length == 0)
                replacement.SetMetadata("Link", ItemText.Escape(item.GetMetadata("TargetPath") is { Length: > 0 } target ? target : Path.GetRelativePath(ProjectFolder, model.SourcePath)));
            replaced.Add(item);
            replacements.Add(replacement);
        }
        Replaced = [.. replaced];
        Replacements = [.. replacements];
    }
}
