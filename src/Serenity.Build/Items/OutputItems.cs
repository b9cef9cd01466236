using Microsoft.Build.Utilities;
using Serenity.Build.Options;

namespace Serenity.Build.Items;

/// <summary>Files for the output folder, as MSBuild copies and publishes them.</summary>
internal static class OutputItems
{
    private const string IfDifferent = "IfDifferent", PreserveNewest = "PreserveNewest", Never = "Never";

    /// <summary>An item of a file that stands in the staging folder as it shall in the output folder.</summary>
    /// <param name="path">Absolute path of the file.</param>
    /// <param name="model">The model it belongs to.</param>
    /// <param name="publishes">False for a file that is not published unless the item says when.</param>
    /// <param name="copiesIfDifferent">Whether MSBuild knows <c>IfDifferent</c>.</param>
    /// <param name="publishesIfDifferent">Whether the SDK's publishing does.</param>
    public static TaskItem Of(string path, ModelItem model, bool publishes, bool copiesIfDifferent, bool publishesIfDifferent) =>
        Of(path, Path.GetRelativePath(model.StagingFolder, path), model, publishes, copiesIfDifferent, publishesIfDifferent);

    /// <summary>An item of a file anywhere.</summary>
    /// <param name="path">Absolute path of the file.</param>
    /// <param name="targetPath">Its path in the output folder.</param>
    /// <param name="model">The model it belongs to.</param>
    /// <param name="publishes">False for a file that is not published.</param>
    /// <param name="copiesIfDifferent">Whether MSBuild knows <c>IfDifferent</c>.</param>
    /// <param name="publishesIfDifferent">Whether the SDK's publishing does.</param>
    public static TaskItem Of(string path, string targetPath, ModelItem model, bool publishes, bool copiesIfDifferent, bool publishesIfDifferent)
    {
        TaskItem output = new(ItemText.Escape(path));
        string copy = model.Options.Get(ModelOptions.CopyToOutputDirectory)!;
        string publish = publishes ? model.Options.Get(ModelOptions.CopyToPublishDirectory) ?? copy : Never;
        output.SetMetadata("TargetPath", ItemText.Escape(targetPath));
        output.SetMetadata("CopyToOutputDirectory", Known(copy, copiesIfDifferent));
        output.SetMetadata("CopyToPublishDirectory", Known(publish, publishesIfDifferent));
        output.SetMetadata("Pack", model.Options.Get(ModelOptions.Pack) ? "true" : "false");
        return output;
    }

    /// <summary>What comes nearest to <c>IfDifferent</c> where that is not known: such a file would be left out without a word.</summary>
    private static string Known(string copy, bool isKnown) => !isKnown && copy == IfDifferent ? PreserveNewest : copy;
}
