using System.Security;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Serenity.Build.Budgets;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Models;

namespace Serenity.Tool.Projects;

/// <summary>Adds lines to a project file, and to the list of package versions where the repository keeps one; all else stays as it is, to the byte.</summary>
/// <param name="path">Absolute path of the project.</param>
/// <param name="version">The package's version.</param>
internal sealed class ProjectEdit(string path, string version)
{
    private const string Package = "Serenity.Build", VersionsFile = "Directory.Packages.props";

    /// <summary>Models that are in the project already and that it does not hold to the budgets that were given.</summary>
    public IReadOnlyList<string> NotHeld { get; private set; } = [];

    /// <summary>True if the project holds models to something already.</summary>
    public bool HoldsModels { get; private set; }

    /// <summary>Models that were added and that leave dimensions open, with the sizes that were written for them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Open { get; private set; } = [];

    /// <summary>Adds what is not there yet.</summary>
    /// <param name="models">Models, relative to the project, with forward slashes.</param>
    /// <param name="budgets">Budgets for each of them; null for none.</param>
    /// <param name="sizesOf">Sizes to begin with for the dimensions that a model leaves open; null where it leaves none, or where that is not known.</param>
    /// <returns>What was done, in sentences.</returns>
    /// <exception cref="SerenityException">SER1101: a file is no project; SER1601: it cannot be read or written.</exception>
    public IReadOnlyList<string> Add(IReadOnlyList<string> models, MemoryBudgets? budgets, Func<string, string?> sizesOf)
    {
        List<string> done = [];
        string text = Read(path);
        ProjectFiles files = ProjectFiles.Read([path, .. ((string[])["Directory.Build.props", "Directory.Build.targets"]).Select(Above).OfType<string>()]);
        StringBuilder added = new();
        if (!Names(text, "PackageReference"))
        {
            string? versions = VersionsFolder();
            string its = versions is null ? $" Version=\"{version}\"" : "";
            added.Append($"    <PackageReference Include=\"{Package}\"{its} PrivateAssets=\"all\" />\n");
            done.Add($"{Path.GetFileName(path)}: added the package {Package} {version}.");
            if (versions is not null && Read(versions) is var list && !Names(list, "PackageVersion"))
            {
                Write(versions, list, $"  <ItemGroup>\n    <PackageVersion Include=\"{Package}\" Version=\"{version}\" />\n  </ItemGroup>\n");
                done.Add($"{VersionsFile}: added its version.");
            }
        }
        string[] missing = [.. models.Where(model => !files.Adds(model))];
        IReadOnlyList<KeyValuePair<ModelOption, string>> stated = budgets is null ? [] : Stated(budgets);
        NotHeld = [.. models.Except(missing).Where(model => stated.Any(budget => !files.States(model, budget.Key, text => Same(text, budget.Value))))];
        HoldsModels = ModelOptions.All.Where(option => option.IsBudget).Any(option => models.Any(model => files.States(model, option, _ => true)));
        if (missing.Length > 0)
        {
            // What the project says of sizes holds for all its models, and an item's own would take its place.
            bool says = files.Properties.Any(p => p.Name.Equals(ModelOptions.FreeDimensions.Property, StringComparison.OrdinalIgnoreCase));
            if (!says)
                Open = [.. missing.Select(model => KeyValuePair.Create(model, sizesOf(model) ?? "")).Where(open => open.Value.Length > 0)];
            if (Open.Count > 0)
                added.Append("    <!-- FreeDimensions has sizes to begin with: write those that the app gives, or a range of them, as in seq=1..512. -->\n");
            foreach (string model in missing)
            {
                IEnumerable<KeyValuePair<ModelOption, string>> sizes = Open.Where(open => open.Key == model)
                    .Select(open => KeyValuePair.Create<ModelOption, string>(ModelOptions.FreeDimensions, open.Value));
                added.Append($"    <SerenityModel Include=\"{SecurityElement.Escape(model)}\"{Attributes([.. sizes, .. stated])} />\n");
            }
            done.Add($"{Path.GetFileName(path)}: added {string.Join(", ", missing)}.");
        }
        if (added.Length > 0)
            Write(path, text, $"  <ItemGroup>\n{added}  </ItemGroup>\n");
        return done;
    }

    /// <summary>Budgets as an item states them; empty for none.</summary>
    public static string AttributesOf(MemoryBudgets budgets) => Attributes(Stated(budgets)).TrimStart();

    private static string Attributes(IReadOnlyList<KeyValuePair<ModelOption, string>> stated) => string.Concat(stated.Select(s => $" {s.Key.Name}=\"{SecurityElement.Escape(s.Value)}\""));

    // What the device says itself need not be said again.
    private static List<KeyValuePair<ModelOption, string>> Stated(MemoryBudgets budgets)
    {
        List<KeyValuePair<ModelOption, string>> stated = [];
        Device? device = budgets.Device is { } name ? DeviceCatalog.Find(name) : null;
        if (budgets.Device is not null)
            stated.Add(new(ModelOptions.Device, budgets.Device));
        foreach ((ModelOption option, long? bytes, long? its) in ((ModelOption, long?, long?)[])[
            (ModelOptions.MemoryBudget, budgets.MemoryBytes, device?.MemoryBytes), (ModelOptions.WeightBudget, budgets.WeightBytes, device?.WeightBytes),
            (ModelOptions.ProcessBudget, budgets.ProcessBytes, device?.ProcessBytes)])
        {
            if (bytes is { } known && known != its)
                stated.Add(new(option, ByteSize.Budget(known)));
        }
        return stated;
    }

    private static bool Same(string text, string other) =>
        text.Trim().Equals(other, StringComparison.OrdinalIgnoreCase) || (ByteSize.TryParse(text, out long one) && ByteSize.TryParse(other, out long two) && one == two);

    private bool Names(string text, string element) => Parse(text).Descendants()
        .Any(e => e.Name.LocalName == element && string.Equals((string?)e.Attribute("Include"), Package, StringComparison.OrdinalIgnoreCase));

    // The nearest list upwards, where versions are stated centrally.
    private string? VersionsFolder()
    {
        bool IsOn(XElement e) => e.Name.LocalName == "ManagePackageVersionsCentrally" && e.Value.Trim().Equals("true", StringComparison.OrdinalIgnoreCase);
        return Above(VersionsFile) is { } list && Parse(Read(list)).Descendants().Any(IsOn) ? list : null;
    }

    // As MSBuild looks for it.
    private string? Above(string name)
    {
        for (DirectoryInfo? folder = new FileInfo(path).Directory; folder is not null; folder = folder.Parent)
        {
            string file = Path.Combine(folder.FullName, name);
            if (File.Exists(file))
                return file;
        }
        return null;
    }

    private static void Write(string file, string text, string added)
    {
        int end = text.LastIndexOf("</Project>", StringComparison.Ordinal);
        if (end < 0)
            throw new SerenityException(SerenityCodes.BadOption, file, "The file has no </Project>, so nothing can be added to it.");
        string lineEnd = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        string before = text[..end].Length > 0 && !text[..end].EndsWith('\n') ? lineEnd : "";
        byte[] mark = File.ReadAllBytes(file).AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.GetPreamble() : [];
        AtomicFile.Write(file, (byte[])[.. mark, .. Encoding.UTF8.GetBytes(text[..end] + before + added.ReplaceLineEndings(lineEnd) + text[end..])]);
    }

    private XDocument Parse(string text)
    {
        try
        {
            return XDocument.Parse(text);
        }
        catch (XmlException problem)
        {
            throw new SerenityException(SerenityCodes.BadOption, path, $"The project cannot be read: {problem.Message}", problem);
        }
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SerenityException(SerenityCodes.InputOutput, file, $"The file cannot be read: {problem.Message.ReplaceLineEndings(" ")}", problem);
        }
    }
}
