namespace Serenity.Build.IntegrationTests;

/// <summary>The generated code, compiled and run, in every language and version that a project may have.</summary>
[TestClass]
public sealed class LanguageTests
{
    private const string Items = """<ItemGroup><SerenityModel Include="models/*.onnx" /></ItemGroup>""";

    private const string Strict = "<PropertyGroup><TreatWarningsAsErrors>true</TreatWarningsAsErrors><WarningsNotAsErrors>NETSDK1138</WarningsNotAsErrors></PropertyGroup>";

    [TestMethod]
    [DataRow("netstandard2.0")]
    [DataRow("net472")]
    [DataRow("net8.0")]
    public void Libraries_of_every_framework_compile_it(string framework)
    {
        using ConsumerProject project = new(frameworks: framework, library: true) { Body = Strict + """<ItemGroup><SerenityModel Include="models/*.onnx" Access="Public" /></ItemGroup><PropertyGroup><GenerateDocumentationFile>true</GenerateDocumentationFile></PropertyGroup>""" };
        project.Model("models/net.onnx");
        File.WriteAllText(project["Use.cs"], "namespace app { internal static class Use { internal static long Bytes() { return SerenityModels.Net.RequiredBytes + SerenityModels.Net.Path.Length; } } }\n");
        project.Build().Succeeds();
    }

    [TestMethod]
    public void CSharp_knows_it_inside_and_outside_of_the_namespace_and_by_letters_of_every_script()
    {
        using ConsumerProject project = new(name: "My.App") { Body = Strict + Items + "<PropertyGroup><Nullable>enable</Nullable></PropertyGroup>" };
        project.Model("models/模型-ü.onnx");
        File.WriteAllText(project["Program.cs"], """
            System.Console.WriteLine($"{SerenityModels.模型Ü.RequiredBytes > 0} {System.IO.File.Exists(SerenityModels.模型Ü.Path)} {My.App.Inside.Name()}");
            namespace My.App { static class Inside { public static string Name() => SerenityModels.模型Ü.Inputs.X.Name + SerenityModels.模型Ü.Inputs.X.Shape.Length; } }
            """);
        Run(project, "My.App", ends => $"True True {ends.Input}4", "X");
    }

    [TestMethod]
    public void FSharp_has_a_module_that_comes_before_its_own_files()
    {
        using ConsumerProject project = new(name: "fsapp", language: "fs") { Body = Strict + Items + """<ItemGroup><Compile Include="Program.fs" /></ItemGroup>""" };
        project.Model("models/net.onnx");
        File.WriteAllText(project["Program.fs"], """
            module Program
            printfn "%b %b %s%d" (fsapp.SerenityModels.Net.RequiredBytes > 0L) (System.IO.File.Exists fsapp.SerenityModels.Net.Path) fsapp.SerenityModels.Net.Inputs.X.Name fsapp.SerenityModels.Net.Inputs.X.Shape.Length
            """);
        Run(project, "fsapp", ends => $"true true {ends.Input}4", "X");
    }

    [TestMethod]
    public void Visual_Basic_has_a_class()
    {
        using ConsumerProject project = new(name: "vbapp", language: "vb") { Body = Strict + Items + "<PropertyGroup><OptionStrict>On</OptionStrict></PropertyGroup>" };
        project.Model("models/net.onnx");
        File.WriteAllText(project["Program.vb"], """
            Module Program
                Sub Main()
                    System.Console.WriteLine($"{SerenityModels.Net.RequiredBytes > 0} {System.IO.File.Exists(SerenityModels.Net.Path)} {SerenityModels.Net.Inputs.X.Name}{SerenityModels.Net.Inputs.X.Shape.Length + 0 * SerenityModels.Net.Inputs.X.Shape(0)}")
                End Sub
            End Module
            """);
        Run(project, "vbapp", ends => $"True True {ends.Input}4", "X");
    }

    [TestMethod]
    public void What_uses_the_class_compiles_where_no_model_is_planned()
    {
        using ConsumerProject project = new(runtime: true) { Body = Items };
        project.Model("models/net.onnx");
        File.WriteAllText(project["Program.cs"], """
            System.Console.WriteLine($"{SerenityModels.Net.RequiredBytes} {System.IO.File.Exists(SerenityModels.Net.Path)} {SerenityModels.Net.Inputs.X.Shape.Length} {nameof(SerenityModels.Net.CreateSession)}");
            """.Replace("Inputs.X", "Inputs." + Identifier(project["models/net.onnx"]), StringComparison.Ordinal));
        // An editor opens a fresh clone.
        project.Run(["build", "--no-restore", "-t:Compile", "-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=false"]).Succeeds();
        Assert.IsFalse(Directory.Exists(project.Staged("")), "A design-time build plans nothing.");

        BuildResult off = project.Build("-p:SerenityEnabled=false").Succeeds();
        Assert.IsEmpty(off.Optimized);
        StringAssert.Contains(off.Output, "SerenityEnabled is false, so models are not planned, and no budget is checked.");
        Assert.AreEqual("0 False 4 CreateSession", Output(project, "app"));
        BuildResult passed = project.Build("-p:SerenityPassThrough=true").Succeeds();
        Assert.IsEmpty(passed.Optimized);
        StringAssert.Contains(passed.Output, "SerenityPassThrough is true, so models go to the output as they are");
        Assert.AreEqual("0 True 4 CreateSession", Output(project, "app"));
        CollectionAssert.AreEqual(File.ReadAllBytes(project["models/net.onnx"]), File.ReadAllBytes(project.Output("models/net.onnx")));
        project.Build().Succeeds();
        StringAssert.Matches(Output(project, "app"), new System.Text.RegularExpressions.Regex("^[1-9][0-9]* True 4 CreateSession$"));
    }

    /// <summary>Builds and runs, with the name of the model's input put in for a placeholder.</summary>
    private static void Run(ConsumerProject project, string name, Func<(string Input, string Identifier), string> expected, string placeholder)
    {
        string model = Directory.GetFiles(project["models"]).Single();
        string input = Serenity.Onnx.Models.ModelFile.Load(model).Model.Graph.Input[0].Name, identifier = Identifier(model);
        string program = Directory.GetFiles(project.Folder, "Program.*").Single();
        File.WriteAllText(program, File.ReadAllText(program).Replace("Inputs." + placeholder, "Inputs." + identifier, StringComparison.Ordinal));
        project.Build().Succeeds();
        Assert.AreEqual(expected((input, identifier)), Output(project, name));
    }

    private static string Identifier(string model) => CodeGeneration.ModelNames.OfTensors([Serenity.Onnx.Models.ModelFile.Load(model).Model.Graph.Input[0].Name])[0];

    private static string Output(ConsumerProject project, string name)
    {
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output(name + ".dll")]);
        Assert.AreEqual(0, exit, output);
        return output.Trim();
    }
}
