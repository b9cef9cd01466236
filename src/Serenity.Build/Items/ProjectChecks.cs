using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Serenity.Build.Options;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>A warning, and where in the project's files it is about.</summary>
/// <param name="Diagnostic">The warning.</param>
/// <param name="Place">The place; null if there is none.</param>
public sealed record PlacedDiagnostic(SerenityDiagnostic Diagnostic, ProjectPlace? Place);

/// <summary>What a project says and nobody would notice: names that are not read, globs that find nothing, expressions that come to nothing.</summary>
/// <param name="files">The project's files.</param>
/// <param name="projectFile">Absolute path of the project.</param>
public sealed partial class ProjectChecks(ProjectFiles files, string projectFile)
{
    private const string Prefix = "Serenity";

    /// <summary>Warnings (SER2101) about items that are nearly ours, and that the project does not read itself.</summary>
    public IEnumerable<PlacedDiagnostic> UnreadItems()
    {
        HashSet<string> told = new(StringComparer.OrdinalIgnoreCase);
        foreach (StatedItem item in files.OtherItems)
        {
            if (ProjectNames.NearestItem(item.Type) is { } nearest && !files.UsesItems(item.Type) && told.Add(item.Type))
            {
                yield return new PlacedDiagnostic(new SerenityDiagnostic(
                    SerenityCodes.UnreadName, DiagnosticSeverity.Warning, item.Place.File, $"{item.Type} is not an item of Serenity.Build, so nothing comes of it. Did you mean {nearest}?"), item.Place);
            }
        }
    }

    /// <summary>Warnings (SER2101) about properties that begin with Serenity, or nearly so, and are not ours.</summary>
    /// <param name="elsewhere">Names of properties that are set outside the files: on the command line, in the environment.</param>
    public IEnumerable<PlacedDiagnostic> UnreadProperties(IEnumerable<string> elsewhere)
    {
        HashSet<string> told = new(ProjectProperties.Names, StringComparer.OrdinalIgnoreCase);
        foreach (StatedProperty property in files.Properties)
        {
            // One that the project reads itself is the project's own.
            if (!files.Uses(property.Name) && told.Add(property.Name))
                yield return new PlacedDiagnostic(Unread(property.Name, property.Place.File), property.Place);
        }
        foreach (string name in elsewhere.Order(StringComparer.Ordinal))
        {
            if (IsOurs(name) && !files.Uses(name) && told.Add(name))
                yield return new PlacedDiagnostic(Unread(name, projectFile), null);
        }
    }

    /// <summary>Warnings (SER2102) where the project has no model, a glob finds none, or an update names none.</summary>
    /// <param name="models">The items that there are.</param>
    public IEnumerable<PlacedDiagnostic> EmptyGlobs(IReadOnlyList<ITaskItem> models)
    {
        bool any = false;
        if (!files.ChangesModels)
        {
            foreach (StatedModel stated in files.Models.Where(m => m is { Adds: true, IsConditional: false }))
            {
                foreach (ItemPattern pattern in ItemPattern.Of(stated.Include) ?? [])
                {
                    if (!pattern.IsGlob || models.Any(m => pattern.Matches(m.ItemSpec)))
                        continue;
                    any = true;
                    yield return new PlacedDiagnostic(
                        NoModel(stated.Place.File, $"'{pattern.Text}' matches no file, so no model comes of it.{Why(pattern.Text)}"), stated.Place);
                }
            }
        }
        foreach (PlacedDiagnostic lost in LostUpdates(models))
            yield return lost;
        // A misspelt one is told of by its name.
        if (models.Count == 0 && !any && !UnreadItems().Any())
        {
            yield return new PlacedDiagnostic(
                NoModel(projectFile, "The project uses Serenity.Build and has no model. Add one, such as <SerenityModel Include=\"models/net.onnx\" MemoryBudget=\"512KiB\" />, or remove the package reference."), null);
        }
    }

    private string Why(string pattern)
    {
        string folder = Path.GetDirectoryName(projectFile) ?? "/";
        return ItemPattern.CommaHint(pattern, folder) is { Length: > 0 } commas ? commas : $" The path is relative to the project, '{folder}'.";
    }

    // A pattern may be meant for models that other projects have.
    private IEnumerable<PlacedDiagnostic> LostUpdates(IReadOnlyList<ITaskItem> models)
    {
        if (files.ChangesModels)
            yield break;
        // MSBuild updates items by the file that they are, however its path is written.
        HashSet<string> full = new(models.Select(m => m.GetMetadata("FullPath")), StringComparer.OrdinalIgnoreCase);
        foreach (StatedModel stated in files.Models.Where(m => m is { Adds: false, IsConditional: false }))
        {
            foreach (ItemPattern pattern in (ItemPattern.Of(stated.Include) ?? []).Where(p => !p.IsGlob && !models.Any(m => p.Matches(m.ItemSpec)) && !full.Contains(Full(p))))
            {
                string meant = NearestName.Of(pattern.Text, models.Select(m => m.ItemSpec)) is { } nearest ? $"Did you mean '{nearest}'?" : "Add it with Include.";
                yield return new PlacedDiagnostic(NoModel(stated.Place.File, $"Update names '{pattern.Text}', and the project has no such model, so what it says changes nothing. {meant}"), stated.Place);
            }
        }
    }

    private string Full(ItemPattern pattern) => Path.GetFullPath(pattern.Text.Replace('\\', '/'), Path.GetDirectoryName(Path.GetFullPath(projectFile)) ?? "/");

    /// <summary>Warnings (SER2103) about values that are nothing but an expression that came to nothing.</summary>
    /// <param name="models">The items that there are.</param>
    /// <param name="values">What properties with budgets came to, by name.</param>
    public IEnumerable<PlacedDiagnostic> EmptyValues(IReadOnlyList<ITaskItem> models, IReadOnlyDictionary<string, string> values)
    {
        foreach (StatedModel stated in files.Models.Where(m => !m.IsConditional))
        {
            // Which models it is about is asked where it says such a value: that is a look at all of them.
            if (!stated.Metadata.Any(m => Expression().IsMatch(m.Value)) || ItemPattern.Of(stated.Include) is not { } patterns)
                continue;
            ITaskItem[] of = [.. models.Where(m => patterns.Any(p => p.Matches(m.ItemSpec)))];
            foreach ((string name, string text) in stated.Metadata)
            {
                if (of.Length > 0 && Expression().Match(text) is { Success: true } expression && of.All(m => m.GetMetadata(name).Length == 0))
                    yield return new PlacedDiagnostic(Empty(stated.Place.File, name, text, expression.Groups["name"].Value), stated.Place);
            }
        }
        foreach (StatedProperty property in files.Properties)
        {
            if (values.TryGetValue(property.Name, out string? value) && value.Length == 0 && Expression().Match(property.Text) is { Success: true } expression)
                yield return new PlacedDiagnostic(Empty(property.Place.File, property.Name, property.Text, expression.Groups["name"].Value), property.Place);
        }
    }

    // In an environment there are others' names too: SERENITY_HOME is not meant for us.
    private static bool IsOurs(string name) => name.Length > Prefix.Length && name.StartsWith(Prefix, StringComparison.Ordinal) && char.IsAsciiLetterUpper(name[Prefix.Length]);

    private static SerenityDiagnostic Unread(string name, string file) => new(
        SerenityCodes.UnreadName, DiagnosticSeverity.Warning, file,
        $"{name} is not a property of Serenity.Build, so it changes nothing."
        + (ProjectNames.NearestProperty(name) is { } nearest ? $" Did you mean {nearest}?" : ""));

    private static SerenityDiagnostic NoModel(string file, string what) => new(SerenityCodes.NoModel, DiagnosticSeverity.Warning, file, what);

    private static SerenityDiagnostic Empty(string file, string name, string text, string property) => new(
        SerenityCodes.EmptyValue, DiagnosticSeverity.Warning, file,
        $"{name}=\"{text.Trim()}\" comes to nothing, so it is as if it were not there: the property {property} is empty or misspelt.");

    [GeneratedRegex(@"^\s*\$\((?<name>[A-Za-z_][A-Za-z0-9_-]*)\)\s*$")]
    private static partial Regex Expression();
}
