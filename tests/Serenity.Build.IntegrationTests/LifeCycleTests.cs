using System.Text.Json;
using Serenity.Build.Identity;
using Serenity.Build.Manifest;
using Serenity.Testing.Json;

namespace Serenity.Build.IntegrationTests;

/// <summary>A model's way through build, second build, change, clean and removal.</summary>
[TestClass]
public sealed class LifeCycleTests
{
    [TestMethod]
    public void Build_build_again_clean_and_build_from_the_plan_cache()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="models/net.onnx" MemoryBudget="1MiB" Report="true" /></ItemGroup>""" };
        project.Model("models/net.onnx");

        BuildResult first = project.Build().Succeeds();
        Assert.IsEmpty(first.Warnings.Where(w => w.Code.StartsWith("MSB", StringComparison.Ordinal)));
        Assert.AreEqual(1, first.Searches);
        string[] outputs = ["models/net.onnx", "models/net.memory.json", "models/net.memory.html"];
        foreach (string file in outputs)
            Assert.IsTrue(File.Exists(project.Output(file)), file);
        AssertValid(project.Output("models/net.memory.json"));
        MemoryManifest manifest = project.Manifest("models/net.memory.json");
        Assert.AreEqual("models/net.onnx", manifest.Source.Path);
        Assert.AreEqual(ContentHash.OfFile(project["models/net.onnx"]), manifest.Source.Sha256);
        Assert.AreEqual(ContentHash.OfFile(project.Output("models/net.onnx")), manifest.Output.Sha256);
        Assert.AreEqual(new BudgetEntry(1 << 20, BudgetVerdict.Pass), manifest.Budget);
        Assert.IsLessThanOrEqualTo(manifest.Peak.OriginalBytes, manifest.Peak.Bytes);

        DateTime[] times = [.. outputs.Select(o => File.GetLastWriteTimeUtc(project.Output(o)))];
        BuildResult second = project.Build().Succeeds();
        Assert.IsEmpty(second.Optimized);
        CollectionAssert.AreEqual(times, outputs.Select(o => File.GetLastWriteTimeUtc(project.Output(o))).ToArray());

        byte[] model = File.ReadAllBytes(project.Output("models/net.onnx")), text = File.ReadAllBytes(project.Output("models/net.memory.json"));
        project.Run(["clean"]).Succeeds();
        foreach (string file in outputs)
            Assert.IsFalse(File.Exists(project.Output(file)) || File.Exists(project.Staged(file)), file);
        Assert.IsFalse(Directory.Exists(project.Staged("")));

        BuildResult cached = project.Build().Succeeds();
        Assert.AreEqual(0, cached.Searches);
        CollectionAssert.AreEqual(model, File.ReadAllBytes(project.Output("models/net.onnx")));
        CollectionAssert.AreEqual(text, File.ReadAllBytes(project.Output("models/net.memory.json")));
    }

    [TestMethod]
    public void Of_five_models_one_that_is_touched_is_made_again_and_one_that_is_removed_leaves_nothing()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="*.onnx" /></ItemGroup>""" };
        for (int i = 0; i < 5; i++)
            project.Model($"m{i}.onnx", (ulong)i + 1);
        BuildResult first = project.Build().Succeeds();
        Assert.AreEqual(5, first.Searches);
        Assert.HasCount(1, first.Optimized, "one call for all");
        Assert.HasCount(5, first.Optimized[0]);

        project.Model("m2.onnx", 99);
        File.Delete(project["m4.onnx"]);
        BuildResult second = project.Build().Succeeds();
        CollectionAssert.AreEqual((string[])["m2.onnx"], second.Optimized.Single());
        foreach (string left in (string[])[project.Output("m4.onnx"), project.Output("m4.memory.json"), project.Staged("m4.onnx"), project.Staged("m4.memory.json"), project.Staged("m4.onnx.state")])
            Assert.IsFalse(File.Exists(left), left);

        // A budget on the command line is judged, and nothing is made again; nor for any other metadata than those that shape a result.
        BuildResult budget = project.Build("-p:SerenityMemoryBudget=1GiB", "-p:SerenityDevice=nrf52840").Succeeds();
        Assert.IsEmpty(budget.Optimized);
        Assert.AreEqual(1L << 30, project.Manifest("m0.memory.json").Budget.MemoryBytes);
        BuildResult rewrite = project.Build("-p:SerenityRewrite=None").Succeeds();
        Assert.HasCount(4, rewrite.Optimized.Single());
    }

    [TestMethod]
    public void A_model_worked_on_in_the_builds_own_process_gives_the_same_bytes()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""" };
        project.Model("net.onnx");
        Assert.AreEqual(1, project.Build("-p:SerenityIsolate=false").Succeeds().Searches);
        byte[] model = File.ReadAllBytes(project.Output("net.onnx")), manifest = File.ReadAllBytes(project.Output("net.memory.json"));
        Directory.Delete(project["obj/serenity-cache"], recursive: true);
        Directory.Delete(project.Staged(""), recursive: true);
        Assert.AreEqual(1, project.Build().Succeeds().Searches);
        CollectionAssert.AreEqual(model, File.ReadAllBytes(project.Output("net.onnx")));
        CollectionAssert.AreEqual(manifest, File.ReadAllBytes(project.Output("net.memory.json")));
    }

    [TestMethod]
    public void Switched_off_the_project_is_as_if_the_package_were_not_there_but_for_the_class()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" MemoryBudget="1B" /></ItemGroup>""" };
        project.Model("net.onnx");
        BuildResult result = project.Build("-p:SerenityEnabled=false").Succeeds();
        Assert.IsTrue(result.RanOnly("SerenityGenerateCode"), "only the class is there, with nothing in it that a build would have to make");
        Assert.IsFalse(File.Exists(project.Output("net.onnx")) || Directory.Exists(project.Staged("")));
    }

    [TestMethod]
    public void A_design_time_build_makes_the_class_and_nothing_else()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""" };
        project.Model("net.onnx");
        BuildResult result = project.Run(["msbuild", "-t:Compile", "-p:DesignTimeBuild=true", "-p:BuildingInsideVisualStudio=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true"]).Succeeds();
        Assert.IsTrue(result.RanOnly("SerenityGenerateCode"), "only the class is there, with nothing in it that a build would have to make");
        Assert.IsFalse(Directory.Exists(project.Staged("")) || Directory.Exists(project["obj/serenity-cache"]));
    }

    [TestMethod]
    public void The_editor_dotnet_watch_and_the_up_to_date_check_see_the_model()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" /><None Include="net.onnx" CopyToOutputDirectory="Always" /></ItemGroup>""" };
        project.Model("net.onnx");
        project.Run(["--version"]);
        (int exit, string output) = DotNet.Run(project.Folder, ["msbuild", "-getItem:Watch,UpToDateCheckInput,AvailableItemName,PropertyPageSchema,None,UpToDateCheckBuilt", "-t:_SerenityUpToDateCheckBuilt", "app.csproj"]);
        Assert.AreEqual(0, exit, output);
        using JsonDocument json = JsonDocument.Parse(output);
        JsonElement items = json.RootElement.GetProperty("Items");
        bool Has(string type, string name) => items.GetProperty(type).EnumerateArray().Any(i => i.GetProperty("Identity").GetString()!.Replace('\\', '/').EndsWith(name, StringComparison.Ordinal));
        Assert.IsTrue(Has("Watch", "net.onnx"));
        Assert.IsTrue(Has("UpToDateCheckInput", "net.onnx"));
        Assert.IsTrue(Has("UpToDateCheckBuilt", "bin/Debug/net10.0/net.onnx"));
        Assert.IsTrue(Has("AvailableItemName", "SerenityModel"));
        Assert.IsFalse(Has("None", "net.onnx"), "the optimized model takes its place");
        JsonElement schema = items.GetProperty("PropertyPageSchema").EnumerateArray().Single(i => i.GetProperty("Identity").GetString()!.EndsWith("Serenity.Build.Rules.xml", StringComparison.Ordinal));
        Assert.IsTrue(File.Exists(schema.GetProperty("FullPath").GetString()));
    }

    private static void AssertValid(string manifest)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(PackedPackage.PackageFolder, "serenity.build", PackedPackage.Version, "schema", "memory-manifest.schema.json")));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(manifest));
        CollectionAssert.AreEqual(Array.Empty<string>(), SchemaCheck.Problems(schema.RootElement, document.RootElement).ToArray());
    }
}
