namespace Serenity.Build.IntegrationTests;

/// <summary>Models that an app has elsewhere than in its output folder: served by a web app, embedded, in a package.</summary>
[TestClass]
public sealed class OtherPlacesTests
{
    [TestMethod]
    public void A_model_in_wwwroot_is_served_in_development_and_published()
    {
        using ConsumerProject project = new(sdk: "Microsoft.NET.Sdk.Web") { Body = """<ItemGroup><SerenityModel Include="wwwroot/**/*.onnx" /></ItemGroup>""" };
        project.Model("wwwroot/models/net.onnx");
        File.WriteAllText(project["Program.cs"], """
            using Microsoft.AspNetCore.Builder;
            using Microsoft.Extensions.Hosting;
            var app = WebApplication.Create(args);
            app.MapStaticAssets();
            await app.StartAsync();
            using var client = new System.Net.Http.HttpClient { BaseAddress = new System.Uri(System.Linq.Enumerable.First(app.Urls)) };
            var model = await client.GetAsync("/models/net.onnx");
            var manifest = await client.GetAsync("/models/net.memory.json");
            System.Console.WriteLine($"served {model.StatusCode} {(await model.Content.ReadAsByteArrayAsync()).Length} {manifest.StatusCode} {System.IO.File.Exists(SerenityModels.Net.Path)}");
            await app.StopAsync();
            """);
        project.Build().Succeeds();
        string expected = $"served OK {new FileInfo(project.Staged("wwwroot/models/net.onnx")).Length} NotFound True";
        Assert.AreNotEqual(new FileInfo(project["wwwroot/models/net.onnx"]).Length, new FileInfo(project.Staged("wwwroot/models/net.onnx")).Length, "The optimized model is another.");
        Assert.AreEqual(expected, Serve(project.Folder, project.Output("app.dll"), "Development"));
        string published = project["../published"];
        project.Run(["publish", "--no-restore", "-c", "Debug", "-o", published]).Succeeds();
        Assert.AreEqual(expected, Serve(published, Path.Combine(published, "app.dll"), "Production"));
    }

    [TestMethod]
    public void An_embedded_model_is_the_optimized_one_under_its_own_name()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <ItemGroup>
                  <SerenityModel Include="models/net.onnx" CopyToOutputDirectory="Never" />
                  <SerenityModel Include="models/named.onnx" />
                  <EmbeddedResource Include="models/net.onnx" />
                  <EmbeddedResource Include="models/named.onnx" LogicalName="my-name" />
                  <EmbeddedResource Include="other.txt" />
                  <MauiAsset Include="models/net.onnx" LogicalName="net.onnx" />
                </ItemGroup>
                <Target Name="Show" AfterTargets="AssignTargetPaths"><WriteLinesToFile File="assets.txt" Lines="@(MauiAsset->'%(Identity)|%(LogicalName)')" Overwrite="true" /></Target>
                """,
        };
        project.Model("models/net.onnx");
        project.Model("models/named.onnx", 2);
        File.WriteAllText(project["other.txt"], "other");
        File.WriteAllText(project["Program.cs"], """
            foreach (var name in System.Linq.Enumerable.Order(typeof(Program).Assembly.GetManifestResourceNames()))
                System.Console.WriteLine($"{name} {typeof(Program).Assembly.GetManifestResourceStream(name)!.Length}");
            """);
        for (int i = 0; i < 2; i++)
        {
            project.Build().Succeeds();
            (int exit, string output) = DotNet.Run(project.Folder, [project.Output("app.dll")]);
            Assert.AreEqual(0, exit, output);
            CollectionAssert.AreEquivalent(
                (string[])[$"app.models.net.onnx {Length("models/net.onnx")}", "app.other.txt 5", $"my-name {Length("models/named.onnx")}"], output.Trim().Split('\n').Select(l => l.Trim()).ToArray());
            Assert.IsFalse(File.Exists(project.Output("models/net.onnx")), "The item says that it is not copied.");
            Assert.IsTrue(File.Exists(project.Output("models/named.onnx")), "Generated code opens it there.");
            Assert.AreEqual($"{project.Staged("models/net.onnx")}|net.onnx", File.ReadAllText(project["assets.txt"]).Trim());
        }

        long Length(string model) => new FileInfo(project.Staged(model)).Length;
    }

    [TestMethod]
    public void A_packed_model_reaches_the_apps_of_those_who_reference_the_package_through_another()
    {
        using ConsumerProject library = new(name: "My.Lib", frameworks: "net8.0;net10.0", library: true)
        {
            Body = """<ItemGroup><SerenityModel Include="models/*.onnx" Pack="true" Access="Public" /><SerenityModel Include="kept.onnx" /></ItemGroup>""",
        };
        library.Model("models/net.onnx");
        library.Model("kept.onnx", 2);
        string feed = Path.Combine(library.Root, "feed");
        library.Run(["pack", "--no-restore", "-o", feed]).Succeeds();
        string sources = $"<PropertyGroup><RestoreAdditionalProjectSources>$(RestoreAdditionalProjectSources);{feed}</RestoreAdditionalProjectSources><RestorePackagesPath>{Path.Combine(library.Root, "packages")}</RestorePackagesPath></PropertyGroup>";
        using ConsumerProject middle = new(library.Root, "My.Middle", library: true, package: false) { Body = sources + """<ItemGroup><PackageReference Include="My.Lib" Version="1.0.0" /></ItemGroup>""" };
        middle.Run(["pack", "-o", feed]).Succeeds();
        using ConsumerProject app = new(library.Root, "user", package: false) { Body = sources + """<ItemGroup><PackageReference Include="My.Middle" Version="1.0.0" /></ItemGroup>""" };
        File.WriteAllText(app["Program.cs"], "System.Console.WriteLine($\"{My.Lib.SerenityModels.Net.RequiredBytes > 0} {System.IO.File.Exists(My.Lib.SerenityModels.Net.Path)}\");\n");
        app.Run(["build"]).Succeeds();
        (int exit, string output) = DotNet.Run(app.Folder, [app.Output("user.dll")]);
        Assert.AreEqual((0, "True True"), (exit, output.Trim()));
        Assert.IsFalse(File.Exists(app.Output("kept.onnx")));
        string published = app["../published"];
        app.Run(["publish", "-c", "Debug", "-o", published]).Succeeds();
        CollectionAssert.AreEqual((string[])["models/net.memory.plan", "models/net.onnx"], Outputs(published));
    }

    [TestMethod]
    public void Only_the_model_is_published_unless_the_project_says_otherwise()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="net.onnx" Report="true" /></ItemGroup>""" };
        project.Model("net.onnx");
        string published = project["../published"];
        project.Run(["publish", "--no-restore", "-c", "Debug", "-o", published]).Succeeds();
        CollectionAssert.AreEqual((string[])["net.onnx"], Outputs(published));
        CollectionAssert.AreEqual((string[])["net.memory.html", "net.memory.json", "net.onnx"], Outputs(project.Output("")));
        project.Run(["publish", "--no-restore", "-c", "Debug", "-o", published, "-p:SerenityPublishManifest=true"]).Succeeds();
        CollectionAssert.AreEqual((string[])["net.memory.html", "net.memory.json", "net.onnx"], Outputs(published));
    }

    private static string[] Outputs(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/'))
        .Where(f => f.EndsWith(".onnx", StringComparison.Ordinal) || f.Contains(".memory.", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static string Serve(string folder, string app, string environment)
    {
        (int exit, string output) = DotNet.Run(folder, [app], new Dictionary<string, string> { ["ASPNETCORE_ENVIRONMENT"] = environment, ["ASPNETCORE_URLS"] = "http://127.0.0.1:0" });
        Assert.AreEqual(0, exit, output);
        return output.Split('\n').FirstOrDefault(l => l.StartsWith("served", StringComparison.Ordinal))?.Trim() ?? output;
    }
}
