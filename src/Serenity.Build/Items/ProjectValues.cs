using Microsoft.Build.Framework;
using Serenity.Build.Options;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// Values that the project states for all its models, by properties, and that are not understood: each is told once, where the property stands, and not at every model. Budgets are left out: what
/// holds for a model is settled of several statements (<see cref="DeviceItems"/>).
/// </summary>
internal sealed class ProjectValues
{
    private const string FaultMetadata = "_ProjectFault";

    private static readonly ModelOption[] _options = [.. ModelOptions.All.Where(option => option is { Property: not null, IsBudget: false })];

    private readonly List<PlacedDiagnostic> _faults = [];

    /// <summary>Looks for such values, and takes them from the items, so that these are read without.</summary>
    /// <param name="files">The project's files.</param>
    /// <param name="elements">Which element put which item into the list.</param>
    /// <param name="models">The items.</param>
    /// <param name="projectFile">Absolute path of the project.</param>
    /// <param name="elsewhere">Names of properties that are set outside of the files: on the command line, in the environment.</param>
    public ProjectValues(ProjectFiles files, ItemElements elements, IReadOnlyList<ITaskItem> models, string projectFile, IReadOnlySet<string> elsewhere)
    {
        Dictionary<(ModelOption, string), SerenityException?> read = [];
        for (int i = 0; i < models.Count; i++)
        {
            foreach (ModelOption option in _options)
            {
                string text = ItemText.Of(models[i], option.Name, option).Trim();
                if (text.Length == 0 || elements.States(i, option.Name) || PlaceOf(option, text) is not { } place)
                    continue;
                if (!read.TryGetValue((option, text), out SerenityException? fault))
                {
                    read[(option, text)] = fault = FaultOf(option, text, projectFile);
                    if (fault is not null)
                        _faults.Add(new PlacedDiagnostic(fault.ToDiagnostic() with { File = place.File }, place));
                }
                if (fault is null)
                    continue;
                models[i].SetMetadata(option.Name, "");
                models[i].SetMetadata(FaultMetadata, fault.Code);
            }
        }

        ProjectPlace? PlaceOf(ModelOption option, string text) =>
            files.Properties.LastOrDefault(p => p.Name.Equals(option.Property, StringComparison.OrdinalIgnoreCase) && p.Text.Trim() == text)?.Place
            ?? (elsewhere.Contains(option.Property!) ? new ProjectPlace(projectFile, 0, 0) : null);
    }

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<PlacedDiagnostic> Faults => _faults;

    /// <summary>The code of what is wrong with a value that an item has from the project; null if nothing is.</summary>
    public static string? FaultOf(ITaskItem item) => item.GetMetadata(FaultMetadata) is { Length: > 0 } code ? code : null;

    private static SerenityException? FaultOf(ModelOption option, string text, string file)
    {
        try
        {
            option.ReadText(text, option.Property!, file);
            return null;
        }
        catch (SerenityException fault)
        {
            return fault;
        }
    }
}
