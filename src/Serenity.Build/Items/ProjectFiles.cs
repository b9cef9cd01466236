using System.Xml;
using System.Xml.Linq;
using Serenity.Build.Options;
using Serenity.Build.Results;

namespace Serenity.Build.Items;

/// <summary>A property as a project file states it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">Its text, not expanded.</param>
/// <param name="Place">Where it stands.</param>
public sealed record StatedProperty(string Name, string Text, ProjectPlace Place);

/// <summary>A <c>SerenityModel</c> element as a project file states it.</summary>
/// <param name="Include">What it includes or updates, not expanded.</param>
/// <param name="Adds">True for Include, false for Update.</param>
/// <param name="IsConditional">True if it, or a group around it, has a condition, it excludes something, or it stands in a target: then nothing can be said of what it stands for.</param>
/// <param name="Metadata">Its metadata, not expanded.</param>
/// <param name="Place">Where it stands.</param>
public sealed record StatedModel(string Include, bool Adds, bool IsConditional, IReadOnlyList<KeyValuePair<string, string>> Metadata, ProjectPlace Place);

/// <summary>An item of another kind as a project file states it.</summary>
/// <param name="Type">The kind of item.</param>
/// <param name="Include">What it includes, not expanded.</param>
/// <param name="Place">Where it stands.</param>
public sealed record StatedItem(string Type, string Include, ProjectPlace Place)
{
    /// <summary>True if it names an item as it is.</summary>
    public bool Includes(string item) => Include.Split(';', StringSplitOptions.TrimEntries).Contains(item, StringComparer.OrdinalIgnoreCase);
}

/// <summary>
/// What a project says before MSBuild has expanded it: names that nobody reads, expressions that came to nothing, and where an item stands. MSBuild tells a task none
/// of that. Read are the project's own file, its user file, the <c>Directory.…</c> files that it imports, and what these import by a plain path. A file that cannot be read
/// is left out: MSBuild has its own words for it.
/// </summary>
public sealed class ProjectFiles
{
    private const int LargestImport = 4 << 20, MostFiles = 64;

    // Attributes of an item that are no metadata.
    private static readonly string[] _ofItems = ["Include", "Update", "Exclude", "Condition", "KeepMetadata", "RemoveMetadata", "KeepDuplicates"];

    private readonly List<StatedProperty> _properties = [];
    private readonly List<StatedModel> _models = [];
    private readonly List<StatedItem> _others = [];
    private readonly List<string> _texts = [];
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private AddingElements? _adding;

    private ProjectFiles()
    {
    }

    /// <summary>Properties whose names begin as ours do, or nearly so.</summary>
    public IReadOnlyList<StatedProperty> Properties => _properties;

    /// <summary>The <c>SerenityModel</c> elements.</summary>
    public IReadOnlyList<StatedModel> Models => _models;

    /// <summary>Items that are no <c>SerenityModel</c>, in the order of the files.</summary>
    public IReadOnlyList<StatedItem> OtherItems => _others;

    /// <summary>True if models are taken out of the list again, or put in by a target.</summary>
    public bool ChangesModels { get; private set; }

    /// <summary>Reads files and what they import.</summary>
    /// <param name="paths">Absolute paths; those that do not exist are passed over.</param>
    public static ProjectFiles Read(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ProjectFiles files = new();
        foreach (string path in paths)
            files.Add(path);
        return files;
    }

    /// <summary>True if an element puts a model into the project, as far as the files tell.</summary>
    /// <param name="item">The model, as an item names it.</param>
    public bool Adds(string item) => ElementsOf(item, "").Count > 0;

    /// <summary>True if the project says a value of an option for a model, at its element or for all models.</summary>
    /// <param name="item">The model, as an item names it.</param>
    /// <param name="option">The option.</param>
    /// <param name="fits">True for the value, not expanded, that is looked for.</param>
    public bool States(string item, ModelOption option, Func<string, bool> fits)
    {
        ArgumentNullException.ThrowIfNull(option);
        return ElementsOf(item, "").SelectMany(element => element.Metadata).Any(m => m.Key.Equals(option.Name, StringComparison.OrdinalIgnoreCase) && fits(m.Value))
            || _properties.Any(p => p.Name.Equals(option.Property, StringComparison.OrdinalIgnoreCase) && fits(p.Text));
    }

    /// <summary>
    /// The elements that may put a model into the project, the most likely first: those that name it, patterns that it fits, and what holds an expression, of which only MSBuild
    /// knows what it is.
    /// </summary>
    /// <param name="item">The model, as an item names it.</param>
    /// <param name="file">Absolute path of the file that MSBuild says it is from; empty for any.</param>
    internal IReadOnlyList<StatedModel> ElementsOf(string item, string file)
    {
        _adding ??= new AddingElements(_models);
        return [.. _adding.Of(item).Where(m => file.Length == 0 || string.Equals(m.Place.File, file, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>True if a file is among those that were read.</summary>
    public bool HasRead(string path) => _read.Contains(path);

    /// <summary>True if something in the files reads a property.</summary>
    public bool Uses(string property) => Mentions($"$({property}");

    /// <summary>True if something in the files reads items of a kind.</summary>
    public bool UsesItems(string type) => Mentions($"@({type}");

    private bool Mentions(string text) => _texts.Any(t => t.Contains(text, StringComparison.OrdinalIgnoreCase));

    private void Add(string path)
    {
        if (_read.Count >= MostFiles || !_read.Add(path))
            return;
        try
        {
            FileInfo file = new(path);
            if (!file.Exists || file.Length > LargestImport)
                return;
            string text = File.ReadAllText(path);
            _texts.Add(text);
            Read(XDocument.Parse(text, LoadOptions.SetLineInfo), path);
        }
        catch (Exception problem) when (problem is XmlException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // MSBuild says what is wrong with it.
        }
    }

    private void Read(XDocument document, string path)
    {
        foreach (XElement element in document.Descendants())
        {
            string name = element.Name.LocalName, parent = element.Parent?.Name.LocalName ?? "";
            IXmlLineInfo line = element;
            ProjectPlace place = new(path, line.LineNumber, Math.Max(1, line.LinePosition - 1));
            if (name == "Import" && element.Attribute("Project") is { } import)
                Import(import.Value, path);
            // MSBuild takes both in any case.
            else if (parent == "ItemGroup" && name.Equals("SerenityModel", StringComparison.OrdinalIgnoreCase))
                AddModel(element, place);
            else if (parent == "ItemGroup" && element.Attribute("Include") is { } includes)
                _others.Add(new StatedItem(name, includes.Value, place));
            else if (parent == "PropertyGroup" && ProjectNames.AreMeant(name))
                _properties.Add(new StatedProperty(name, element.Value, place));
        }
    }

    private void AddModel(XElement element, ProjectPlace place)
    {
        bool inTarget = element.Ancestors().Any(a => a.Name.LocalName == "Target");
        ChangesModels |= inTarget || element.Attribute("Remove") is not null;
        string? include = element.Attribute("Include")?.Value, update = element.Attribute("Update")?.Value;
        bool conditional = inTarget || element.Attribute("Exclude") is not null || element.AncestorsAndSelf().Any(IsConditional);
        KeyValuePair<string, string>[] metadata =
        [
            .. element.Attributes().Where(a => !_ofItems.Contains(a.Name.LocalName)).Select(a => KeyValuePair.Create(a.Name.LocalName, a.Value)),
            .. element.Elements().Where(e => !IsConditional(e)).Select(e => KeyValuePair.Create(e.Name.LocalName, e.Value)),
        ];
        if ((include ?? update) is { } models)
            _models.Add(new StatedModel(models, include is not null, conditional, metadata, place));

        static bool IsConditional(XElement e) => e.Attribute("Condition") is not null;
    }

    private void Import(string import, string from)
    {
        string folder = Path.GetDirectoryName(from)!;
        string path = import.Replace("$(MSBuildThisFileDirectory)", folder + "/", StringComparison.OrdinalIgnoreCase)
            .Replace("$(MSBuildProjectDirectory)", folder, StringComparison.OrdinalIgnoreCase).Replace('\\', '/');
        if (!path.Contains('$', StringComparison.Ordinal) && !path.Contains('*', StringComparison.Ordinal))
            Add(Path.GetFullPath(path, folder));
    }
}
