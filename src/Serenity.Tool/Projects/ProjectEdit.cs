using System.Security;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Serenity.Build.Budgets;
using Serenity.Build.Items;
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

    /// <summary>True if budgets were given and no model was added that they could stand at.</summary>
    public bool LeftBudgetsUnused { get; private set; }

    /// <summary>Adds what is not there yet.</summary>
    /// <param name="models">Models, relative to the project, with forward slashes.</param>
    /// <param name="budgets">Budgets for each of them; null for none.</param>
    /// <returns>What was done, in sentences.</returns>
    /// <exception cref="SerenityException">SER1101: a file is no project; SER1601: it cannot be read or written.</exception>
    public IReadOnlyList<string> Add(IReadOnlyList<string> models, MemoryBudgets? budgets)
    {
        List<string> done = [];
        string text = Read(path);
        ProjectFiles files = ProjectFiles.Read([path]);
        StringBuilder added = new();
        if (!Names(text, "PackageReference"))
        {
            string? versions = VersionsFolder();
            string stated = versions is null ? $" Version=\"{version}\"" : "";
            added.Append($"    <PackageReference Include=\"{Package}\"{stated} PrivateAssets=\"all\" />\n");
            done.Add($"{Path.GetFileName(path)}: added the package {Package} {version}.");
            if (versions is not null && Read(versions) is var list && !Names(list, "PackageVersion"))
            {
                Write(versions, list, $"  <ItemGroup>\n    <PackageVersion Include=\"{Package}\" Version=\"{version}\" />\n  </ItemGroup>\n");
                done.Add($"{VersionsFile}: added its version.");
            }
        }
        string[] missing = [.. models.Where(model => !files.Adds(model))];
        LeftBudgetsUnused = budgets is not null && missing.Length == 0;
        if (missing.Length > 0)
        {
            string budget = (budgets?.Device, budgets?.MemoryBytes, budgets?.WeightBytes) switch
            {
                ({ } device, _, _) => $" Device=\"{SecurityElement.Escape(device)}\"",
                (_, var memory, var weights) => Attribute("MemoryBudget", memory) + Attribute("WeightBudget", weights),
            };
            foreach (string model in missing)
                added.Append($"    <SerenityModel Include=\"{SecurityElement.Escape(model)}\"{budget} />\n");
            done.Add($"{Path.GetFileName(path)}: added {string.Join(", ", missing)}.");
        }
        if (added.Length > 0)
            Write(path, text, $"  <ItemGroup>\n{added}  </ItemGroup>\n");
        return done;
    }

    private static string Attribute(string name, long? bytes) => bytes is not { } known ? "" : $" {name}=\"{ByteSize.Budget(known)}\"";

    private bool Names(string text, string element) => Parse(text).Descendants()
        .Any(e => e.Name.LocalName == element && string.Equals((string?)e.Attribute("Include"), Package, StringComparison.OrdinalIgnoreCase));

    // The nearest list upwards, where versions are stated centrally.
    private string? VersionsFolder()
    {
        for (DirectoryInfo? folder = new FileInfo(path).Directory; folder is not null; folder = folder.Parent)
        {
            string list = Path.Combine(folder.FullName, VersionsFile);
            if (File.Exists(list))
                return Parse(Read(list)).Descendants().Any(e => e.Name.LocalName == "ManagePackageVersionsCentrally" && e.Value.Trim().Equals("true", StringComparison.OrdinalIgnoreCase)) ? list : null;
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
