namespace Serenity.Build.IntegrationTests;

/// <summary>What people write in their first hour, out of habit or by a slip, and what they must be told.</summary>
[TestClass]
public sealed class HabitTests
{
    [TestMethod]
    public void A_glob_over_everything_takes_no_output_of_the_package()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <ItemGroup><SerenityModel Include="**/*.onnx" /></ItemGroup>
                <Target Name="Generate" BeforeTargets="BeforeBuild">
                  <Copy SourceFiles="made.bin" DestinationFiles="obj/made/made.onnx" />
                  <ItemGroup><SerenityModel Remove="obj/made/made.onnx" /><SerenityModel Include="obj/made/made.onnx" /></ItemGroup>
                </Target>
                """,
        };
        project.Model("models/net.onnx");
        project.Model("made.bin", 3);
        for (int i = 0; i < 3; i++)
        {
            BuildResult result = project.Build().Succeeds();
            Assert.IsEmpty(result.Warnings.Where(w => w.Code.StartsWith("SER", StringComparison.Ordinal)).ToArray());
            Assert.AreEqual(i == 0 ? 2 : 0, result.Searches);
        }
        project.Run(["publish", "--no-restore", "-c", "Debug", "-o", project["published"]]).Succeeds();
        project.Build().Succeeds();
        CollectionAssert.AreEquivalent(
            (string[])["models/net.onnx", "obj/made/made.onnx"],
            Directory.GetFiles(project.Output(""), "*.onnx", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(project.Output(""), f).Replace('\\', '/')).ToArray());
    }

    [TestMethod]
    public void A_project_without_models_a_glob_without_files_and_a_model_that_is_there_twice_are_warned_of()
    {
        using ConsumerProject project = new();
        CollectionAssert.Contains(project.Build().Succeeds().Warnings.Select(w => w.Code).ToArray(), "SER2102");
        project.Body = """
            <ItemGroup>
              <SerenityModel Include="models/*.onnx" />
              <SerenityModel Include="net.onnx" />
              <SerenityModel Include="net.onnx" />
            </ItemGroup>
            """;
        project.Model("net.onnx");
        (string Code, string About)[] warnings = [.. project.Build().Succeeds().Warnings.Where(w => w.Code == "SER2102")];
        CollectionAssert.AreEquivalent((string[])[project["app.csproj"], "net.onnx"], warnings.Select(w => w.About).ToArray());
    }

    [TestMethod]
    public void Names_that_nothing_reads_and_values_that_come_to_nothing_are_warned_of_where_they_stand()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <PropertyGroup><SerenityMemoryBuget>1KiB</SerenityMemoryBuget></PropertyGroup>
                <ItemGroup>
                  <SerenityModel Include="net.onnx" Budget="1KiB" Visible="false"><_Mine>1</_Mine></SerenityModel>
                  <SerenityModel Update="net.onnx" MemoryBudget="$(DeviceMemroy)" />
                </ItemGroup>
                """,
        };
        project.Model("net.onnx");
        BuildResult result = project.Run(["build", "--no-restore", "-p:SerenityBudget=1KiB"], new Dictionary<string, string> { ["SerenityReprot"] = "true" }).Succeeds();
        Microsoft.Build.Logging.StructuredLogger.Warning[] warnings =
            [.. result.All<Microsoft.Build.Logging.StructuredLogger.Warning>().Where(w => w.Code.StartsWith("SER", StringComparison.Ordinal)).DistinctBy(w => w.Text)];
        string[] texts = [.. warnings.Select(w => w.Text)];
        Assert.HasCount(5, texts, string.Join('\n', texts));
        foreach (string start in (string[])["SerenityMemoryBuget is not a property", "SerenityBudget is not a property", "SerenityReprot is not a property", "net.onnx: Budget is not metadata", "MemoryBudget=\"$(DeviceMemroy)\" comes to nothing"])
            Assert.IsTrue(texts.Any(t => t.StartsWith(start, StringComparison.Ordinal)), start + "\n" + string.Join('\n', texts));
        Assert.AreEqual(3, texts.Count(t => t.Contains("MemoryBudget?", StringComparison.Ordinal)), string.Join('\n', texts));
        string[] lines = File.ReadAllLines(project["app.csproj"]);
        foreach ((string start, string element) in ((string, string)[])[("SerenityMemoryBuget", "<SerenityMemoryBuget>"), ("MemoryBudget=", "<SerenityModel Update")])
        {
            Microsoft.Build.Logging.StructuredLogger.Warning warning = warnings.Single(w => w.Text.StartsWith(start, StringComparison.Ordinal));
            Assert.AreEqual(project["app.csproj"], warning.File);
            Assert.AreEqual(lines[warning.LineNumber - 1].IndexOf(element, StringComparison.Ordinal) + 1, warning.ColumnNumber);
        }
    }

    [TestMethod]
    public void All_verdicts_come_in_one_build()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <ItemGroup>
                  <SerenityModel Include="bad.onnx" />
                  <SerenityModel Include="missing.onnx" />
                  <SerenityModel Include="wrong.onnx" Executor="Tpu" />
                  <SerenityModel Include="app.onnx" TargetPath="app.dll" />
                  <SerenityModel Include="big.onnx" MemoryBudget="1KiB" />
                  <SerenityModel Include="good.onnx" MemoryBudget="1GiB" />
                </ItemGroup>
                """,
        };
        foreach (string name in (string[])["wrong.onnx", "app.onnx", "big.onnx", "good.onnx"])
            project.Model(name);
        File.WriteAllText(project["bad.onnx"], "not a model");
        for (int i = 0; i < 2; i++)
        {
            BuildResult result = project.Build().Fails();
            CollectionAssert.AreEquivalent(
                (string[])["SER1202 bad.onnx", "SER1201 missing.onnx", "SER1101 wrong.onnx", "SER1103 app.onnx", "SER1001 big.onnx"], result.Errors.Select(e => $"{e.Code} {e.About}").ToArray(), result.Output);
            StringAssert.Contains(File.ReadAllText(project.Staged("good.memory.json")), "\"verdict\":\"pass\"");
        }
    }
}
