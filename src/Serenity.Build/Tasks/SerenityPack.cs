using System.Text;
using System.Xml.Linq;
using Microsoft.Build.Framework;
using Serenity.Onnx.Models;

namespace Serenity.Build.Tasks;

/// <summary>
/// Writes the file of a package that gives its models to every project that references it, directly or through others: NuGet imports it there
/// (<c>buildTransitive</c>), and it adds the files as the library's own project would have.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class SerenityPack : SerenityTask
{
    /// <summary>The files of the package, with <c>TargetPath</c> and copy metadata.</summary>
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>Where the files lie in the package, from the folder of the file that is written, with a slash at its end.</summary>
    [Required]
    public string FolderInPackage { get; set; } = "";

    /// <summary>The file to write; absolute, or relative to the project.</summary>
    [Required]
    public string TargetsFile { get; set; } = "";

    /// <inheritdoc/>
    protected override void Run()
    {
        XElement group = new("ItemGroup");
        foreach (ITaskItem file in Files)
        {
            string path = file.GetMetadata("TargetPath").Replace('\\', '/');
            group.Add(new XElement(
                "None", new XAttribute("Include", "$(MSBuildThisFileDirectory)" + Expressible(FolderInPackage + path)), new XAttribute("Link", Expressible(path)),
                new XAttribute("CopyToOutputDirectory", CopyMode(file, "CopyToOutputDirectory")), new XAttribute("CopyToPublishDirectory", CopyMode(file, "CopyToPublishDirectory")),
                new XAttribute("Visible", "false")));
        }
        XElement project = new("Project", new XComment(" Written by Serenity.Build: the models of this package, for all who reference it. "), group);
        byte[] text = Encoding.UTF8.GetBytes(project.ToString().ReplaceLineEndings("\n") + "\n");
        string target = Path.GetFullPath(TargetsFile, ProjectFolder);
        if (!File.Exists(target) || !text.AsSpan().SequenceEqual(File.ReadAllBytes(target)))
            AtomicFile.Write(target, text);
    }

    // What is in a package never changes, and other versions of MSBuild and the SDK do not know IfDifferent.
    private static string CopyMode(ITaskItem file, string metadata) => file.GetMetadata(metadata) is "Never" ? "Never" : "PreserveNewest";

    // A path in a project file: what MSBuild would take for its own is escaped.
    private static string Expressible(string path) => new StringBuilder(path).Replace("%", "%25").Replace(";", "%3B").Replace("$", "%24").Replace("@", "%40").Replace("*", "%2A").Replace("?", "%3F").ToString();
}
