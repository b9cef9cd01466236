using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Items;

[TestClass]
public sealed class ProjectChecksTests
{
    [TestMethod]
    [DataRow("dotnet-watch", "run", true)]
    [DataRow("dotnet-watch", "--no-hot-reload run", false)]
    [DataRow("dotnet", "build", false)]
    [DataRow(null, "", false)]
    public void Hot_reload_is_told_of_where_it_is_on(string? program, string arguments, bool told) => Assert.AreEqual(told, HotReload.Notice(program, arguments.Split(' ')) is not null);

    [TestMethod]
    [DataRow("/usr/bin/dotnet /sdk/DotnetTools/dotnet-watch.dll run", true)]
    [DataRow("/usr/bin/dotnet /sdk/DotnetTools/dotnet-watch.dll --no-hot-reload run", false)]
    [DataRow("bash -c make", false)]
    public void Hot_reload_is_told_of_by_who_started_the_build(string starter, bool told) => Assert.AreEqual(told, HotReload.Notice(starter.Split(' ')) is not null);

    [TestMethod]
    [DataRow("<SerenityMemoryBuget>1KiB</SerenityMemoryBuget>", "SerenityMemoryBuget", "SerenityMemoryBudget")]
    [DataRow("<SerenityBudget>1KiB</SerenityBudget>", "SerenityBudget", "SerenityMemoryBudget")]
    [DataRow("<SerenityEnable>true</SerenityEnable>", "SerenityEnable", "SerenityEnabled")]
    [DataRow("<SerenityColour>red</SerenityColour>", "SerenityColour", null)]
    [DataRow("<SerentyReport>true</SerentyReport>", "SerentyReport", "SerenityReport")]
    [DataRow("<SecurityReport>true</SecurityReport><SerialBaseline>x</SerialBaseline>", null, null)]
    [DataRow("<SerenityMemoryBudget>1KiB</SerenityMemoryBudget><SERENITYREPORT>true</SERENITYREPORT><MemoryBudget>1</MemoryBudget>", null, null)]
    [DataRow("<SerenityModelFolder>models</SerenityModelFolder><Other>$(SerenityModelFolder)/a</Other>", null, null)]
    public void A_property_that_nobody_reads_is_told_with_the_nearest_name(string properties, string? name, string? meant)
    {
        using TempFolder folder = new();
        PlacedDiagnostic[] warnings = [.. Of(folder, $"<Project>\n <PropertyGroup>\n  {properties}</PropertyGroup></Project>").UnreadProperties([])];
        Assert.HasCount(name is null ? 0 : 1, warnings);
        if (name is null)
            return;
        Assert.AreEqual(SerenityCodes.UnreadName, warnings[0].Diagnostic.Code);
        Assert.AreEqual($"{name} is not a property of Serenity.Build, so it changes nothing.{(meant is null ? "" : $" Did you mean {meant}?")}", warnings[0].Diagnostic.Message);
        Assert.AreEqual(new ProjectPlace(Path.Combine(folder.Path, "app.csproj"), 3, 3), warnings[0].Place);
    }

    [TestMethod]
    [DataRow("<SerenityModels Include=\"a.onnx\" />", "SerenityModels", "SerenityModel")]
    [DataRow("<SerenityModle Include=\"a.onnx\" /><SerenityModle Include=\"b.onnx\" />", "SerenityModle", "SerenityModel")]
    [DataRow("<SerenityDevise Include=\"a\" />", "SerenityDevise", "SerenityDevice")]
    [DataRow("<SerenityMemorys Include=\"a\" />", "SerenityMemorys", "SerenityMemory")]
    [DataRow("<SerentyModel Include=\"a.onnx\" />", "SerentyModel", "SerenityModel")]
    [DataRow("<serenitymodel Include=\"a.onnx\" /><SerenityDevice Include=\"a\" /><SerenityMemory Include=\"a\" /><SecurityModel Include=\"a\" /><OnnxModel Include=\"a\" />", null, null)]
    [DataRow("<SerenityModels Include=\"a.onnx\" /><SerenityModel Include=\"@(SerenityModels)\" />", null, null)]
    [DataRow("<SerenityOutput Include=\"a\" /><SerenityFolder Include=\"a\" />", null, null)]
    public void An_item_that_is_nearly_ours_is_told_once_with_the_one_that_was_meant(string items, string? name, string? meant)
    {
        using TempFolder folder = new();
        ProjectChecks checks = Of(folder, $"<Project>\n <ItemGroup>\n  {items}</ItemGroup></Project>");
        PlacedDiagnostic[] warnings = [.. checks.UnreadItems()];
        Assert.HasCount(name is null ? 0 : 1, warnings);
        if (name is null)
            return;
        Assert.AreEqual(SerenityCodes.UnreadName, warnings[0].Diagnostic.Code);
        Assert.AreEqual($"{name} is not an item of Serenity.Build, so nothing comes of it. Did you mean {meant}?", warnings[0].Diagnostic.Message);
        Assert.AreEqual(new ProjectPlace(Path.Combine(folder.Path, "app.csproj"), 3, 3), warnings[0].Place);
        Assert.IsEmpty(checks.EmptyGlobs([]), "That the project has no model follows from it.");
    }

    [TestMethod]
    public void Properties_of_the_command_line_and_the_environment_are_looked_at_too()
    {
        using TempFolder folder = new();
        PlacedDiagnostic[] warnings = [.. Of(folder, "<Project />").UnreadProperties(["Configuration", "SerenityReprot", "SerenityReport", "SERENITY_HOME", "SERENITY", "Serenity", "SerenityReprot"])];
        Assert.AreEqual("SerenityReprot is not a property of Serenity.Build, so it changes nothing. Did you mean SerenityReport?", warnings.Single().Diagnostic.Message);
    }

    [TestMethod]
    public void Files_that_are_imported_by_a_plain_path_are_read_once_and_what_cannot_be_read_is_left_out()
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "more.props"), "<Project><Import Project=\"$(MSBuildThisFileDirectory)app.csproj\" /><PropertyGroup><SerenityColour>x</SerenityColour></PropertyGroup></Project>");
        File.WriteAllText(Path.Combine(folder.Path, "bad.props"), "<Project><PropertyGroup>");
        ProjectChecks checks = Of(folder, "<Project><Import Project=\"more.props\" /><Import Project=\"bad.props\" /><Import Project=\"gone.props\" /><Import Project=\"$(Any)/x.props\" /></Project>");
        Assert.AreEqual(Path.Combine(folder.Path, "more.props"), checks.UnreadProperties([]).Single().Place!.File);
    }

    [TestMethod]
    public void An_update_is_of_the_file_that_an_item_is_however_its_path_is_written()
    {
        using TempFolder folder = new();
        ProjectChecks checks = Of(folder, "<Project><ItemGroup><SerenityModel Update=\"models/a.onnx;sub/../models/b.onnx;c.onnx\" Report=\"true\" /></ItemGroup></Project>");
        PlacedDiagnostic[] warnings = [.. checks.EmptyGlobs(Items(string.Join(';', Path.Combine(folder.Path, "models/a.onnx"), Path.Combine(folder.Path, "models/b.onnx"))))];
        Assert.HasCount(1, warnings);
        StringAssert.Contains(warnings[0].Diagnostic.Message, "Update names 'c.onnx'");
    }

    [TestMethod]
    [DataRow("""<SerenityModel Include="models/*.onnx" />""", "models/a.onnx", null)]
    [DataRow("""<SerenityModel Include="models\*.onnx" />""", "models/a.onnx", null)]
    [DataRow("""<SerenityModel Include="**/*.onnx" />""", "a.onnx", null)]
    [DataRow("""<SerenityModel Include="model/*.onnx;models/*.onnx" />""", "models/a.onnx", "'model/*.onnx' matches no file")]
    [DataRow("""<SerenityModel Include="models/?.onnx" />""", "models/ab.onnx", "'models/?.onnx' matches no file")]
    [DataRow("""<SerenityModel Include="models/*.onnx" />""", "", "'models/*.onnx' matches no file")]
    [DataRow("""<SerenityModel Include="models/*.onnx" Condition="'$(X)' == ''" />""", "a.onnx", null)]
    [DataRow("""<SerenityModel Include="models/*.onnx" Exclude="models/a.onnx" />""", "b.onnx", null)]
    [DataRow("""<SerenityModel Include="$(X)/*.onnx" />""", "b.onnx", null)]
    [DataRow("""<SerenityModel Include="models/*.onnx" /><SerenityModel Remove="models/a.onnx" />""", "b.onnx", null)]
    [DataRow("""<SerenityModel Update="models/*.onnx" Report="true" />""", "b.onnx", null)]
    [DataRow("""<SerenityModel Update="models/a.onnx" Report="true" />""", "models/a.onnx", null)]
    [DataRow("""<SerenityModel Update="models/aa.onnx" Report="true" />""", "models/aaa.onnx", "Update names 'models/aa.onnx', and the project has no such model, so what it says changes nothing. Did you mean 'models/aaa.onnx'?")]
    [DataRow("""<SerenityModel Update="other.onnx" Report="true" />""", "b.onnx", "Add it with Include.")]
    [DataRow("""<SerenityModel Update="other.onnx" Report="true" Condition="'$(X)' == ''" /><SerenityModel Update="$(X)" />""", "b.onnx", null)]
    [DataRow("", "", "has no model")]
    public void A_glob_that_finds_nothing_and_a_project_without_models_are_told(string items, string models, string? message)
    {
        using TempFolder folder = new();
        PlacedDiagnostic[] warnings = [.. Of(folder, $"<Project><ItemGroup>{items}</ItemGroup></Project>").EmptyGlobs(Items(models))];
        Assert.HasCount(message is null ? 0 : 1, warnings);
        if (message is not null)
            StringAssert.Contains(warnings[0].Diagnostic.Message, message);
    }

    [TestMethod]
    [DataRow("""<SerenityModel Include="a.onnx" MemoryBudget="$(X)" />""", "", true)]
    [DataRow("""<SerenityModel Include="*.onnx"><MemoryBudget>$(X)</MemoryBudget></SerenityModel>""", "", true)]
    [DataRow("""<SerenityModel Include="a.onnx" /><SerenityModel Update="a.onnx" MemoryBudget="$(X)" />""", "", true)]
    [DataRow("""<SerenityModel Include="a.onnx" MemoryBudget="$(X)" />""", "1KiB", false)]
    [DataRow("""<SerenityModel Include="a.onnx" MemoryBudget="$(X)KiB" />""", "", false)]
    [DataRow("""<SerenityModel Include="a.onnx" MemoryBudget="" />""", "", false)]
    [DataRow("""<SerenityModel Include="a.onnx" /><SerenityModel Update="a.onnx" MemoryBudget="$(X)" Condition="'$(X)' != ''" />""", "", false)]
    [DataRow("""<SerenityModel Include="a.onnx"><MemoryBudget Condition="'$(X)' != ''">$(X)</MemoryBudget></SerenityModel>""", "", false)]
    [DataRow("""<SerenityModel Include="other.onnx" MemoryBudget="$(X)" />""", "", false)]
    public void An_expression_that_came_to_nothing_is_told(string items, string value, bool expected)
    {
        using TempFolder folder = new();
        TaskItem model = new("a.onnx");
        model.SetMetadata("MemoryBudget", value);
        PlacedDiagnostic[] warnings = [.. Of(folder, $"<Project><ItemGroup>{items}</ItemGroup></Project>").EmptyValues([model], new Dictionary<string, string>())];
        Assert.HasCount(expected ? 1 : 0, warnings);
        if (expected)
            Assert.AreEqual("MemoryBudget=\"$(X)\" comes to nothing, so it is as if it were not there: the property X is empty or misspelt.", warnings[0].Diagnostic.Message);
    }

    [TestMethod]
    public void So_is_a_property_with_a_budget()
    {
        using TempFolder folder = new();
        ProjectChecks checks = Of(folder, "<Project><PropertyGroup><SerenityMemoryBudget>$(X)</SerenityMemoryBudget></PropertyGroup></Project>");
        Assert.AreEqual(SerenityCodes.EmptyValue, checks.EmptyValues([], new Dictionary<string, string> { ["SerenityMemoryBudget"] = "" }).Single().Diagnostic.Code);
        Assert.IsEmpty(checks.EmptyValues([], new Dictionary<string, string> { ["SerenityMemoryBudget"] = "1KiB" }));
    }

    private static ProjectChecks Of(TempFolder folder, string project)
    {
        string file = Path.Combine(folder.Path, "app.csproj");
        File.WriteAllText(file, project);
        return new ProjectChecks(ProjectFiles.Read([file]), file);
    }

    private static ITaskItem[] Items(string models) => [.. models.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(m => new TaskItem(m))];
}
