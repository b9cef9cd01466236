namespace Serenity.Build.IntegrationTests;

/// <summary>Where the outputs end up.</summary>
[TestClass]
public sealed class OutputPlaceTests
{
    [TestMethod]
    public void Target_path_link_and_copy_metadata_are_respected()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <ItemGroup>
                  <SerenityModel Include="a.onnx" TargetPath="deep/er/renamed.onnx" />
                  <SerenityModel Include="b.onnx" Link="linked/b.onnx" />
                  <SerenityModel Include="../outside/c.onnx" />
                  <SerenityModel Include="d.onnx" CopyToOutputDirectory="Never" />
                  <SerenityModel Include="e.onnx" CopyToPublishDirectory="Never" />
                </ItemGroup>
                """,
        };
        foreach (string name in (string[])["a.onnx", "b.onnx", "../outside/c.onnx", "d.onnx", "e.onnx"])
            project.Model(name, 1);
        project.Build().Succeeds();
        foreach (string file in (string[])["deep/er/renamed", "linked/b", "c", "e"])
            Assert.IsTrue(File.Exists(project.Output(file + ".onnx")) && File.Exists(project.Output(file + ".memory.json")), file);
        Assert.IsFalse(File.Exists(project.Output("d.onnx")) || File.Exists(project.Output("d.memory.json")));
        Assert.AreEqual("c.onnx", project.Manifest("c.memory.json").Source.Path, "no path out of the project in a manifest");

        string published = project["published"];
        BuildResult publish = project.Run(["publish", "--no-build", "-c", "Debug", "-o", published]).Succeeds();
        Assert.IsEmpty(publish.Optimized);
        foreach (string file in (string[])["deep/er/renamed", "linked/b", "c"])
            Assert.IsTrue(File.Exists(Path.Combine(published, file + ".onnx")) && !File.Exists(Path.Combine(published, file + ".memory.json")), file);
        Assert.IsFalse(File.Exists(Path.Combine(published, "d.onnx")) || File.Exists(Path.Combine(published, "e.onnx")));
    }

    [TestMethod]
    public void Any_folder_central_versions_and_the_artifacts_layout_are_as_good_as_others()
    {
        string root = Directory.CreateTempSubdirectory("serenity-build-").FullName;
        try
        {
            using ConsumerProject project = new(Path.Combine(root, "odd ü 50% dir"), "my app") { Body = """<ItemGroup><SerenityModel Include="models/**/*.onnx" /></ItemGroup>""" };
            File.WriteAllText(project["Directory.Build.props"], "<Project><PropertyGroup><UseArtifactsOutput>true</UseArtifactsOutput></PropertyGroup></Project>\n");
            File.WriteAllText(project["Directory.Packages.props"], $"""
                <Project>
                  <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally><CentralPackageVersionOverrideEnabled>true</CentralPackageVersionOverrideEnabled></PropertyGroup>
                  <ItemGroup><PackageVersion Include="Serenity.Build" Version="{PackedPackage.Version}" /></ItemGroup>
                </Project>

                """);
            project.Body = "<ItemGroup><PackageReference Update=\"Serenity.Build\" Version=\"\" /></ItemGroup>" + project.Body;
            project.Model("models/モデル 100%.onnx");
            project.Run(["build"]).Succeeds();
            string output = project["artifacts/bin/my app/debug/models/"];
            Assert.IsTrue(File.Exists(output + "モデル 100%.onnx"));
            // One of another name takes its place.
            File.Move(project["models/モデル 100%.onnx"], project["models/b;c.onnx"]);
            Assert.AreEqual(0, project.Build().Succeeds().Searches);
            CollectionAssert.AreEqual((string[])["b;c.memory.json", "b;c.onnx"], Directory.GetFiles(output).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray());
            project.Run(["clean"]).Succeeds();
            Assert.IsEmpty(Directory.GetFiles(output));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [TestMethod]
    public void A_library_hands_its_models_to_the_app_in_every_way_of_building()
    {
        using ConsumerProject app = new(name: "app", package: false);
        using ConsumerProject library = new(app.Root, "lib", library: true) { Body = """<ItemGroup><SerenityModel Include="models/net.onnx" /></ItemGroup>""" };
        library.Model("models/net.onnx");
        app.Body = """<ItemGroup><ProjectReference Include="../lib/lib.csproj" /></ItemGroup>""";
        library.Build().Succeeds();
        Assert.AreEqual(0, app.Run(["build"]).Succeeds().Searches, "the library's own build did it");
        Assert.IsTrue(File.Exists(app.Output("models/net.onnx")) && File.Exists(app.Output("models/net.memory.json")));
        foreach (string[] way in (string[][])[["build", "--no-dependencies", "--no-restore"], ["build", "-graph", "--no-restore"], ["build", "-mt", "--no-restore"]])
        {
            File.Delete(app.Output("models/net.onnx"));
            BuildResult result = app.Run(way).Succeeds();
            Assert.IsEmpty(result.Optimized, string.Join(' ', way));
            Assert.IsTrue(File.Exists(app.Output("models/net.onnx")), string.Join(' ', way));
        }
        string published = app["published"];
        app.Run(["publish", "--no-restore", "-c", "Debug", "-o", published]).Succeeds();
        Assert.IsTrue(File.Exists(Path.Combine(published, "models/net.onnx")));
    }

    [TestMethod]
    public void A_copy_that_a_killed_build_left_half_written_is_made_again()
    {
        using ConsumerProject app = new(name: "app", package: false);
        using ConsumerProject library = new(app.Root, "lib", library: true) { Body = """<ItemGroup><SerenityModel Include="models/net.onnx" /></ItemGroup>""" };
        library.Model("models/net.onnx");
        app.Body = """<ItemGroup><ProjectReference Include="../lib/lib.csproj" /></ItemGroup>""";
        string published = app["published"];
        string[] publish = ["publish", "-c", "Debug", "-o", published, "-p:SerenityPublishManifest=true"];
        library.Build().Succeeds();
        app.Run(publish).Succeeds();
        foreach (string file in (string[])["models/net.onnx", "models/net.memory.json"])
        {
            byte[] whole = File.ReadAllBytes(library.Staged(file));
            string[] copies = [library.Output(file), app.Output(file), Path.Combine(published, file)];
            // Newer than its source, as a copy is until its end.
            foreach (string copy in copies)
                File.WriteAllBytes(copy, whole[..(whole.Length / 2)]);
            Assert.IsEmpty(app.Run(publish).Succeeds().Optimized);
            foreach (string copy in copies)
                CollectionAssert.AreEqual(whole, File.ReadAllBytes(copy), copy);
            DateTime[] times = [.. copies.Select(File.GetLastWriteTimeUtc)];
            app.Run(publish).Succeeds();
            CollectionAssert.AreEqual(times, copies.Select(File.GetLastWriteTimeUtc).ToArray(), "nothing is copied twice");
        }
    }

    [TestMethod]
    public void A_single_file_app_has_its_models_beside_it_and_finds_them()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="models/net.onnx" /></ItemGroup>""" };
        project.Model("models/net.onnx");
        File.WriteAllText(project["Program.cs"], "System.Console.WriteLine(System.IO.File.Exists(SerenityModels.Net.Path) ? \"found\" : SerenityModels.Net.Path);\n");
        string published = project["published"];
        project.Run(["publish", "-p:PublishSingleFile=true", "--self-contained", "false", "--use-current-runtime", "-o", published]).Succeeds();
        Assert.IsTrue(File.Exists(Path.Combine(published, "models/net.onnx")));
        string program = Path.Combine(published, OperatingSystem.IsWindows() ? "app.exe" : "app");
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program) { RedirectStandardOutput = true })!;
        Assert.AreEqual("found", process.StandardOutput.ReadToEnd().Trim());
        process.WaitForExit();
    }

    [TestMethod]
    public void Two_target_frameworks_do_the_work_once()
    {
        using ConsumerProject project = new(frameworks: "net8.0;net10.0", library: true) { Body = """<ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""" };
        project.Model("net.onnx");
        BuildResult result = project.Build("-m:2").Succeeds();
        Assert.AreEqual(1, result.Searches);
        byte[] one = File.ReadAllBytes(project["bin/Debug/net8.0/net.onnx"]);
        CollectionAssert.AreEqual(one, File.ReadAllBytes(project["bin/Debug/net10.0/net.onnx"]));
        Assert.IsEmpty(project.Build("-m:2").Succeeds().Optimized);
    }
}
