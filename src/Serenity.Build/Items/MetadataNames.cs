using Microsoft.Build.Framework;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// The metadata of items that the tasks read. MSBuild lets an item have any, so a misspelt one would be passed over in silence: a budget
/// that nobody holds the model to. Names that are like none of ours are others' business.
/// </summary>
public static class MetadataNames
{
    private static readonly string[] Model =
    [
        "MemoryBudget", "WeightBudget", "Device", "Executor", "Rewrite", "Fuse", "Verify", "FreeDimensions", "WorkLimit", "SearchLimit", "Alignment", "Report",
        "Header", "TargetPath", "Link", "CopyToOutputDirectory", "CopyToPublishDirectory",
    ];

    private static readonly string[] Device = ["MemoryBudget", "WeightBudget"];

    // Given to every item by MSBuild.
    private static readonly HashSet<string> WellKnown = new(StringComparer.OrdinalIgnoreCase)
    {
        "FullPath", "RootDir", "Filename", "Extension", "RelativeDir", "Directory", "RecursiveDir", "Identity", "ModifiedTime", "CreatedTime", "AccessedTime",
        "DefiningProjectFullPath", "DefiningProjectDirectory", "DefiningProjectName", "DefiningProjectExtension", "OriginalItemSpec", "MSBuildSourceProjectFile",
    };

    /// <summary>Warnings (SER2101) about a <c>SerenityModel</c> item.</summary>
    public static IEnumerable<SerenityDiagnostic> UnreadOfModel(ITaskItem item) => Unread(item, "SerenityModel", Model, "");

    /// <summary>Warnings (SER2101) about a <c>SerenityDevice</c> item.</summary>
    public static IEnumerable<SerenityDiagnostic> UnreadOfDevice(ITaskItem item) => Unread(item, "SerenityDevice", Device, "SerenityDevice ");

    private static IEnumerable<SerenityDiagnostic> Unread(ITaskItem item, string type, string[] known, string prefix)
    {
        ArgumentNullException.ThrowIfNull(item);
        foreach (string name in item.CloneCustomMetadata().Keys.Cast<string>().Order(StringComparer.Ordinal))
        {
            if (name.StartsWith('_') || WellKnown.Contains(name) || known.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;
            string nearest = known.MinBy(candidate => Distance(name, candidate))!;
            // Half of a short name changed makes another word: "Kind" is not meant to be "Link".
            if (Distance(name, nearest) <= (nearest.Length > 4 ? 2 : 1))
            {
                yield return new SerenityDiagnostic(
                    SerenityCodes.UnreadMetadata, DiagnosticSeverity.Warning, prefix + item.ItemSpec,
                    $"{name} is not metadata of a {type} item, so it changes nothing. Did you mean {nearest}?");
            }
        }
    }

    /// <summary>Levenshtein's distance without regard to case: how many letters must be put in, taken out or replaced.</summary>
    private static int Distance(string a, string b)
    {
        // Others' names may be of any length; the difference alone is too much then.
        if (Math.Abs(a.Length - b.Length) > 2)
            return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}
