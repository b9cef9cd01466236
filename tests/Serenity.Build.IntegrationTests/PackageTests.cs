using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using Serenity.Testing;

namespace Serenity.Build.IntegrationTests;

[TestClass]
public sealed class PackageTests
{
    [TestMethod]
    public void The_package_holds_the_task_its_natives_and_nothing_else()
    {
        using ZipArchive package = ZipFile.OpenRead(PackedPackage.File);
        string[] entries = [.. package.Entries.Select(e => e.FullName)];
        foreach (string file in (string[])["build/Serenity.Build.props", "build/Serenity.Build.targets", "build/Serenity.Build.Rules.xml", "schema/memory-manifest.schema.json",
            "tasks/net8.0/Serenity.Build.dll", "tasks/net8.0/Serenity.Build.deps.json", "tasks/net8.0/Serenity.Onnx.dll", "tasks/net8.0/Serenity.Planning.dll",
            "tasks/net8.0/Google.Protobuf.dll", "tasks/net8.0/Serenity.Host.dll", "tasks/net8.0/Serenity.Host.runtimeconfig.json", "tasks/net8.0/Serenity.Host.deps.json", "tasks/net8.0/Microsoft.ML.OnnxRuntime.dll", "tasks/net8.0/runtimes/linux-x64/native/libonnxruntime.so"])
            CollectionAssert.Contains(entries, file);
        Assert.IsFalse(entries.Any(e => e.StartsWith("lib/", StringComparison.Ordinal) || e.Contains("Microsoft.Build", StringComparison.Ordinal)
            || e.EndsWith(".pdb", StringComparison.Ordinal) || e.Contains("/android/", StringComparison.Ordinal) || e.Contains("/ios/", StringComparison.Ordinal)), string.Join('\n', entries));
        // Every native that is there is one that the task can resolve through its .deps.json.
        string[] resolvable = [.. RuntimeTargets(package)];
        foreach (string native in entries.Where(e => e.Contains("/native/", StringComparison.Ordinal) && !Path.GetFileNameWithoutExtension(e).StartsWith("Serenity", StringComparison.Ordinal)))
            CollectionAssert.Contains(resolvable, native["tasks/net8.0/".Length..]);
    }

    [TestMethod]
    public void The_program_that_models_are_worked_on_in_is_there_in_native_code_where_it_was_made()
    {
        string made = Path.Combine(Checkout.Root, "artifacts", "ahead-of-time", "compiled", "runtimes");
        if (!Directory.Exists(made))
            Assert.Inconclusive("This machine cannot make it: that needs a C compiler, and a registry with .NET's.");
        string file = Directory.EnumerateFiles(made, "Serenity.Host*", SearchOption.AllDirectories).Single();
        string folder = "tasks/net8.0/runtimes/" + Path.GetRelativePath(made, Path.GetDirectoryName(file)!).Replace('\\', '/') + "/";
        using ZipArchive package = ZipFile.OpenRead(PackedPackage.File);
        Assert.AreEqual(new FileInfo(file).Length, package.GetEntry(folder + Path.GetFileName(file))?.Length);
        Assert.IsTrue(package.Entries.Any(e => e.FullName.StartsWith(folder, StringComparison.Ordinal) && e.FullName.Contains("onnxruntime.", StringComparison.Ordinal)), "the library that it looks for is not beside it");
    }

    [TestMethod]
    public void The_package_is_for_development_only_and_depends_on_nothing()
    {
        using ZipArchive package = ZipFile.OpenRead(PackedPackage.File);
        using Stream stream = package.GetEntry("Serenity.Build.nuspec")!.Open();
        XElement metadata = XDocument.Load(stream).Root!.Elements().Single();
        string? Value(string name) => metadata.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value;
        Assert.AreEqual("true", Value("developmentDependency"));
        Assert.IsNull(Value("dependencies"));
        Assert.AreEqual("MIT", Value("license"));
    }

    [TestMethod]
    public void The_package_has_what_people_and_lawyers_look_for()
    {
        using ZipArchive package = ZipFile.OpenRead(PackedPackage.File);
        string[] entries = [.. package.Entries.Select(e => e.FullName)];
        foreach (string file in (string[])["README.md", "icon.png", "LICENSE", "THIRD-PARTY-NOTICES.txt", "licenses/onnxruntime/ThirdPartyNotices.txt"])
            CollectionAssert.Contains(entries, file);
        using StreamReader notices = new(package.GetEntry("THIRD-PARTY-NOTICES.txt")!.Open());
        string text = notices.ReadToEnd();
        foreach (string assembly in entries.Where(e => e.StartsWith("tasks/net8.0/", StringComparison.Ordinal) && e.EndsWith(".dll", StringComparison.Ordinal)
            && !e.Contains("/runtimes/", StringComparison.Ordinal)).Select(e => Path.GetFileNameWithoutExtension(e)))
            Assert.IsTrue(assembly.StartsWith("Serenity.", StringComparison.Ordinal) || text.Contains(assembly, StringComparison.Ordinal), $"{assembly} is not in the notices.");
        using Stream stream = package.GetEntry("Serenity.Build.nuspec")!.Open();
        string[] metadata = [.. XDocument.Load(stream).Root!.Elements().Single().Elements().Select(e => $"{e.Name.LocalName}={e.Value}")];
        CollectionAssert.IsSubsetOf((string[])["readme=README.md", "icon=icon.png"], metadata);
    }

    [TestMethod]
    public void The_bill_of_materials_has_every_file_and_what_it_is_made_of()
    {
        using ZipArchive package = ZipFile.OpenRead(PackedPackage.File);
        using Stream stream = package.GetEntry("sbom.cdx.json")!.Open();
        using JsonDocument bill = JsonDocument.Parse(stream);
        JsonElement[] components = [.. bill.RootElement.GetProperty("components").EnumerateArray()];
        CollectionAssert.IsSubsetOf((string[])["Google.Protobuf", "Microsoft.ML.OnnxRuntime", "Microsoft.ML.OnnxRuntime.Managed"], components.Select(c => c.GetProperty("name").GetString()).ToArray());
        Dictionary<string, string> hashes = components.Where(c => c.GetProperty("type").GetString() == "file")
            .ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("hashes")[0].GetProperty("content").GetString()!);
        foreach (ZipArchiveEntry entry in package.Entries.Where(e => e.FullName.StartsWith("tasks/", StringComparison.Ordinal) || e.FullName.StartsWith("build/", StringComparison.Ordinal)))
        {
            using Stream content = entry.Open();
            Assert.AreEqual(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)), hashes[entry.FullName], entry.FullName);
        }
    }

    [TestMethod]
    public void The_error_pages_that_diagnostics_link_to_are_in_the_package()
    {
        using ZipArchive package = ZipFile.OpenRead(PackedPackage.File);
        string[] entries = [.. package.Entries.Select(e => e.FullName)];
        string[] pages = Directory.GetFiles(Path.Combine(Checkout.Root, "docs", "errors"), "SER*.md");
        Assert.IsNotEmpty(pages);
        foreach (string page in pages)
            CollectionAssert.Contains(entries, "docs/errors/" + Path.GetFileName(page));
    }

    private static IEnumerable<string> RuntimeTargets(ZipArchive package)
    {
        using Stream stream = package.GetEntry("tasks/net8.0/Serenity.Build.deps.json")!.Open();
        using JsonDocument deps = JsonDocument.Parse(stream);
        return [.. deps.RootElement.GetProperty("targets").EnumerateObject().Single().Value.EnumerateObject()
            .Where(l => l.Value.TryGetProperty("runtimeTargets", out _))
            .SelectMany(l => l.Value.GetProperty("runtimeTargets").EnumerateObject().Select(t => t.Name))];
    }
}
