using System.Collections.Concurrent;
using System.Globalization;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Onnx.Models;
using Serenity.Testing.Models;

namespace Serenity.Build.IntegrationTests;

/// <summary>
/// A project as a user would write one, in a folder of its own, that restores the packed package. Restoring takes longer than building, so
/// it is done once for each set of references and target frameworks, and the result copied.
/// </summary>
internal sealed class ConsumerProject : IDisposable
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> _templates = new(StringComparer.Ordinal);
    private static int _logs;

    private readonly bool _ownsRoot;

    /// <summary>Creates the project.</summary>
    /// <param name="root">Folder that the project's folder is made in; null for a new one.</param>
    /// <param name="name">Name of the project and its folder.</param>
    /// <param name="frameworks">Target framework, or several with ';' between.</param>
    /// <param name="runtime">Reference ONNX Runtime.</param>
    /// <param name="library">A library, not an app.</param>
    /// <param name="package">Reference our package.</param>
    /// <param name="language">Ending of the project file and of source files: <c>cs</c>, <c>fs</c>, <c>vb</c>.</param>
    /// <param name="sdk">The project's SDK.</param>
    /// <param name="planned">Reference Serenity.Runtime, and ONNX Runtime through it.</param>
    public ConsumerProject(
        string? root = null, string name = "app", string frameworks = "net10.0", bool runtime = false, bool library = false, bool package = true, string language = "cs",
        string sdk = "Microsoft.NET.Sdk", bool planned = false)
    {
        _ownsRoot = root is null;
        Root = root ?? Directory.CreateTempSubdirectory("serenity-build-").FullName;
        Name = name;
        Folder = Path.Combine(Root, name);
        Frameworks = frameworks;
        Head = HeadOf(frameworks, runtime || planned, library, package, planned);
        Sdk = sdk;
        ProjectFile = $"{name}.{language}proj";
        Copy(Template(ProjectFile, sdk, Head), Folder);
        if (!library && language == "cs")
            File.WriteAllText(Path.Combine(Folder, "Program.cs"), "System.Console.WriteLine(\"ran\");\n");
    }

    public string Root { get; }

    public string Name { get; }

    public string Folder { get; }

    /// <summary>XML of the project's own items and properties.</summary>
    public string Body { get; set; } = "";

    private string Frameworks { get; }

    private string Head { get; }

    private string Sdk { get; }

    private string ProjectFile { get; }

    public string this[string path] => Path.Combine(Folder, path);

    /// <summary>A file in the output folder.</summary>
    public string Output(string path) => this[$"bin/Debug/{Frameworks}/{path}"];

    /// <summary>A file in the staging folder.</summary>
    public string Staged(string path) => this[$"obj/Debug/{Frameworks}/serenity/{path}"];

    public MemoryManifest Manifest(string path) => ManifestJson.Read(File.ReadAllBytes(Output(path)), path);

    /// <summary>Writes a small, irregularly wired model.</summary>
    public void Model(string path, ulong seed = 1, int size = 6) =>
        ModelFile.Save(IrregularModels.DartsCell(vertices: 3, seed: seed, channels: 4, size: size), this[path]);

    /// <summary><c>dotnet build</c>, with a binary log.</summary>
    public BuildResult Build(params string[] arguments) => Run(["build", "--no-restore", .. arguments]);

    /// <summary>Any <c>dotnet</c> verb on the project, with a binary log.</summary>
    public BuildResult Run(string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        WriteProjectFile();
        string log = Path.Combine(Root, string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref _logs)}.binlog"));
        string[] all = [.. arguments, "-bl:" + log, "-tl:off"];
        (int exit, string output) = DotNet.Run(Folder, all, environment);
        return new BuildResult("dotnet " + string.Join(' ', all), exit, output, log);
    }

    /// <summary>Writes the project file. Touched only when it changes, as an editor would: a newer project file is compiled again.</summary>
    public void WriteProjectFile()
    {
        string text = $"<Project Sdk=\"{Sdk}\">\n{Head}{Body}\n</Project>\n";
        if (File.ReadAllText(this[ProjectFile]) != text)
            File.WriteAllText(this[ProjectFile], text);
    }

    public void Dispose()
    {
        if (_ownsRoot)
            Directory.Delete(Root, recursive: true);
    }

    /// <summary>Removes what was restored to be copied.</summary>
    public static void DeleteTemplates()
    {
        foreach (Lazy<string> template in _templates.Values.Where(t => t.IsValueCreated))
            Directory.Delete(Path.GetDirectoryName(template.Value)!, recursive: true);
    }

    private static string HeadOf(string frameworks, bool runtime, bool library, bool package, bool planned)
    {
        string runtimeVersion = RuntimeVersion();
        return $"""
              <PropertyGroup>
                <OutputType>{(library ? "Library" : "Exe")}</OutputType>
                <TargetFramework{(frameworks.Contains(';', StringComparison.Ordinal) ? "s" : "")}>{frameworks}</TargetFramework{(frameworks.Contains(';', StringComparison.Ordinal) ? "s" : "")}>
                <Deterministic>true</Deterministic>
                <NuGetAudit>false</NuGetAudit>
                <RestorePackagesPath>{PackedPackage.PackageFolder}</RestorePackagesPath>
                <RestoreFallbackFolders>{PackedPackage.Fallback}</RestoreFallbackFolders>
                <RestoreAdditionalProjectSources>$(RestoreAdditionalProjectSources);{PackedPackage.Feed}</RestoreAdditionalProjectSources>
              </PropertyGroup>
              <ItemGroup>
                {(package ? $"<PackageReference Include=\"Serenity.Build\" Version=\"{PackedPackage.Version}\" PrivateAssets=\"all\" />" : "")}
                {(planned ? $"<PackageReference Include=\"Serenity.Runtime\" Version=\"{PackedPackage.Version}\" />" : "")}
                {(runtime ? $"<PackageReference Include=\"Microsoft.ML.OnnxRuntime\" Version=\"{runtimeVersion}\" /><PackageReference Include=\"System.Numerics.Tensors\" Version=\"9.0.19\" />" : "")}
              </ItemGroup>

            """;
    }

    // The version of ONNX Runtime that the solution was built with is the one that can be restored here.
    private static string RuntimeVersion() => ToolIdentity.Fingerprint.Split(' ').Single(p => p.StartsWith("onnxruntime/", StringComparison.Ordinal))["onnxruntime/".Length..];

    private static string Template(string projectFile, string sdk, string head) => _templates.GetOrAdd(projectFile + "\n" + sdk + "\n" + head, _ => new Lazy<string>(() =>
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("serenity-template-").FullName, Path.GetFileNameWithoutExtension(projectFile));
        Directory.CreateDirectory(folder);
        // Nothing of a folder above may reach in.
        foreach (string file in (string[])["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"])
            File.WriteAllText(Path.Combine(folder, file), "<Project />\n");
        File.WriteAllText(Path.Combine(folder, projectFile), $"<Project Sdk=\"{sdk}\">\n{head}</Project>\n");
        (int exit, string output) = DotNet.Run(folder, ["restore", "-tl:off"]);
        Assert.AreEqual(0, exit, output);
        return folder;
    })).Value;

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
