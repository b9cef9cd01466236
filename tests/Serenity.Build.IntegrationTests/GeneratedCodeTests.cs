namespace Serenity.Build.IntegrationTests;

[TestClass]
public sealed class GeneratedCodeTests
{
    [TestMethod]
    public void The_generated_code_loads_the_model_with_the_options_that_make_the_number_true()
    {
        using ConsumerProject project = new(runtime: true)
        {
            Body = """
                <PropertyGroup><Nullable>enable</Nullable><TreatWarningsAsErrors>true</TreatWarningsAsErrors><SerenityCodeNamespace>My.App</SerenityCodeNamespace></PropertyGroup>
                <ItemGroup><SerenityModel Include="models/my-net.v2.onnx" /></ItemGroup>
                """,
        };
        project.Model("models/my-net.v2.onnx");
        File.WriteAllText(project["Program.cs"], """
            using var session = My.App.SerenityModels.MyNetV2.CreateSession();
            using var options = My.App.SerenityModels.MyNetV2.CreateSessionOptions();
            System.Console.WriteLine($"{session.OutputMetadata.Count} {My.App.SerenityModels.MyNetV2.PeakBytes} {My.App.SerenityModels.MyNetV2.RequiredBytes} {options.EnableMemoryPattern} {System.IO.File.Exists(My.App.SerenityModels.MyNetV2.ManifestPath)}");
            """);
        project.Build().Succeeds();
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output("app.dll")]);
        Assert.AreEqual(0, exit, output);
        Serenity.Onnx.Contract.PeakFacts peak = project.Manifest("models/my-net.v2.memory.json").Peak;
        Assert.AreEqual($"1 {peak.Bytes} {Checks.BudgetCheck.Needed(peak)} False True", output.Trim());

        // Nothing changed: nothing is compiled again.
        DateTime written = File.GetLastWriteTimeUtc(project.Output("app.dll"));
        project.Build().Succeeds();
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(project.Output("app.dll")));
    }

    [TestMethod]
    public void It_can_be_left_out()
    {
        using ConsumerProject project = new() { Body = """<PropertyGroup><SerenityGenerateCode>false</SerenityGenerateCode></PropertyGroup><ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""" };
        project.Model("net.onnx");
        File.WriteAllText(project["Program.cs"], "class SerenityModels { static void Main() { } }\n");
        project.Build().Succeeds();
        Assert.IsFalse(File.Exists(project["obj/Debug/net10.0/SerenityModels.g.cs"]));
    }
}
