using Microsoft.Build.Framework;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// The metadata of items that are read. MSBuild lets an item have any, so a misspelt one would be passed over in silence: a budget
/// that nobody holds the model to.
/// </summary>
public static class MetadataNames
{
    private static readonly string[] _model = [.. ModelOptions.All.Select(option => option.Name), "Link"];

    private static readonly string[] _device = [ModelOptions.MemoryBudget.Name, ModelOptions.WeightBudget.Name, ModelOptions.ProcessBudget.Name, ModelOptions.Memories.Name];

    private static readonly string[] _memory = ["Device", "Size", "Cost", "Holds"];

    // Given to every item by MSBuild, or read of every item by MSBuild, NuGet, the SDK and Visual Studio.
    private static readonly HashSet<string> _others = new(StringComparer.OrdinalIgnoreCase)
    {
        "FullPath", "RootDir", "Filename", "Extension", "RelativeDir", "Directory", "RecursiveDir", "Identity", "ModifiedTime", "CreatedTime", "AccessedTime",
        "DefiningProjectFullPath", "DefiningProjectDirectory", "DefiningProjectName", "DefiningProjectExtension", "OriginalItemSpec", "MSBuildSourceProjectFile",
        "MSBuildSourceTargetName", "Link", "LinkBase", "Visible", "Pack", "PackagePath", "PackageCopyToOutput", "PackageFlatten", "BuildAction", "SubType", "DependentUpon",
        "Generator", "LastGenOutput", "CustomToolNamespace", "AutoGen", "DesignTime", "DesignTimeSharedInput", "ExcludeFromSingleFile", "LogicalName", "TargetFramework",
        "NuGetPackageId", "NuGetPackageVersion", "PrivateAssets", "IsImplicitlyDefined",
    };

    /// <summary>Warnings (SER2101) about a <c>SerenityModel</c> item.</summary>
    public static IEnumerable<SerenityDiagnostic> UnreadOfModel(ITaskItem item) => Unread(item, "SerenityModel", _model, "");

    /// <summary>Warnings (SER2101) about a <c>SerenityDevice</c> item.</summary>
    public static IEnumerable<SerenityDiagnostic> UnreadOfDevice(ITaskItem item) => Unread(item, "SerenityDevice", _device, "SerenityDevice ");

    /// <summary>Warnings (SER2101) about a <c>SerenityMemory</c> item.</summary>
    public static IEnumerable<SerenityDiagnostic> UnreadOfMemory(ITaskItem item) => Unread(item, "SerenityMemory", _memory, "SerenityMemory ");

    private static IEnumerable<SerenityDiagnostic> Unread(ITaskItem item, string type, string[] known, string prefix)
    {
        ArgumentNullException.ThrowIfNull(item);
        foreach (string name in item.CloneCustomMetadata().Keys.Cast<string>().Order(StringComparer.Ordinal))
        {
            if (name.StartsWith('_') || _others.Contains(name) || known.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;
            string advice = NearestName.Of(name, known) is { } nearest ? $" Did you mean {nearest}?" : $" It can have {string.Join(", ", known)}.";
            yield return new SerenityDiagnostic(
                SerenityCodes.UnreadName, DiagnosticSeverity.Warning, prefix + item.ItemSpec,
                $"{name} is not metadata of a {type} item, so it changes nothing.{advice}");
        }
    }
}
