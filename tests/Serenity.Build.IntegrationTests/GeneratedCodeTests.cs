using Serenity.Onnx.Models;
using Serenity.Testing.Models;

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
        Assert.AreEqual($"1 {peak.Bytes} {peak.RequiredBytes} False True", output.Trim());

        // Nothing changed: nothing is compiled again.
        DateTime written = File.GetLastWriteTimeUtc(project.Output("app.dll"));
        project.Build().Succeeds();
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(project.Output("app.dll")));
    }

    [TestMethod]
    public void Where_Serenity_Runtime_is_referenced_a_session_runs_in_one_block()
    {
        using ConsumerProject project = new(planned: true)
        {
            Body = """
                <PropertyGroup><Nullable>enable</Nullable><TreatWarningsAsErrors>true</TreatWarningsAsErrors></PropertyGroup>
                <ItemGroup><SerenityModel Include="net.onnx" Layout="Portable" /><SerenityModel Include="two.onnx" Layout="Portable" Threads="2" /></ItemGroup>
                """,
        };
        project.Model("net.onnx");
        project.Model("two.onnx");
        File.WriteAllText(project["Program.cs"], """
            using System;
            using System.Collections.Generic;
            using Microsoft.ML.OnnxRuntime;
            using Microsoft.ML.OnnxRuntime.Tensors;
            using Serenity.Runtime;
            using PlannedSession net = SerenityModels.Net.CreateSession(), two = SerenityModels.Two.CreateSession(new PlannedSessionOptions { MaxConcurrency = 2 });
            Dictionary<string, OrtValue> inputs = new();
            foreach (KeyValuePair<string, NodeMetadata> input in net.InputMetadata)
                inputs.Add(input.Key, OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, Array.ConvertAll(input.Value.Dimensions, d => (long)d)));
            for (int i = 0; i < 20; i++)
            {
                net.Run(null, inputs).Dispose();
                two.Run(null, inputs).Dispose();
            }
            Console.WriteLine($"{net.IsPlanned} {net.UnplannedCalls} {net.MeasurePeak(inputs)} {net.BlockBytes == SerenityModels.Net.BlockBytes}");
            Console.WriteLine($"{two.IsPlanned} {two.UnplannedCalls} {two.MeasurePeak(inputs)} {two.BlockBytes == SerenityModels.Two.BlockBytes}");
            """);
        project.Build().Succeeds();
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output("app.dll")]);
        Assert.AreEqual(0, exit, output);
        long[] required = [.. ((string[])["net", "two"]).Select(n => project.Manifest(n + ".memory.json").Peak.RequiredBytes)];
        Assert.AreEqual($"True 0 {required[0]} True\nTrue 0 {required[1]} True", output.ReplaceLineEndings("\n").Trim());

        Manifest.BlockEntry block = project.Manifest("two.memory.json").Blocks.Single();
        Assert.AreEqual(2, block.Threads);
        Assert.IsGreaterThanOrEqualTo(required[1], block.Bytes);
        Assert.AreEqual("2", project.Manifest("two.memory.json").SessionOptions!["IntraOpNumThreads"]);
        string published = project["published"];
        project.Run(["publish", "--no-restore", "-o", published]).Succeeds();
        Assert.IsTrue(File.Exists(Path.Combine(published, "net.memory.plan")), "The app needs it.");
    }

    [TestMethod]
    public void A_session_loads_the_layout_that_the_processor_has()
    {
        using ConsumerProject project = new(planned: true) { Body = """<ItemGroup><SerenityModel Include="net.onnx" /></ItemGroup>""" };
        ModelFile.Save(IrregularModels.DartsCell(vertices: 3, channels: 16, size: 12), project["net.onnx"]);
        File.WriteAllText(project["Program.cs"], """
            using System;
            using System.Collections.Generic;
            using Microsoft.ML.OnnxRuntime;
            using Microsoft.ML.OnnxRuntime.Tensors;
            using Serenity.Runtime;
            using PlannedSession net = SerenityModels.Net.CreateSession();
            Dictionary<string, OrtValue> inputs = new();
            foreach (KeyValuePair<string, NodeMetadata> input in net.InputMetadata)
                inputs.Add(input.Key, OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, Array.ConvertAll(input.Value.Dimensions, d => (long)d)));
            for (int i = 0; i < 5; i++)
                net.Run(null, inputs).Dispose();
            Console.WriteLine($"{net.Layout == ModelLayout.Host} {net.IsPlanned} {net.UnplannedCalls} {net.MeasurePeak(inputs) == SerenityModels.Net.RequiredBytes} {net.BlockBytes == SerenityModels.Net.BlockBytes}");
            """);
        project.Build().Succeeds();
        Manifest.MemoryManifest manifest = project.Manifest("net.memory.json");
        foreach (Manifest.VariantEntry variant in manifest.Variants)
            Assert.IsTrue(File.Exists(project.Output(variant.Output.Path)), variant.Output.Path);
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output("app.dll")]);
        Assert.AreEqual(0, exit, output);
        Assert.AreEqual("True True 0 True True", output.Trim());
    }

    [TestMethod]
    [DataRow("fs", "module Program\nlet session = plannedapp.SerenityModels.Net.CreateSession ()\nprintfn \"%b %b\" session.IsPlanned (session.BlockBytes = plannedapp.SerenityModels.Net.BlockBytes)\n")]
    [DataRow("vb", "Module Program\n    Sub Main()\n        Using session = SerenityModels.Net.CreateSession()\n            System.Console.WriteLine($\"{session.IsPlanned} {session.BlockBytes = SerenityModels.Net.BlockBytes}\")\n        End Using\n    End Sub\nEnd Module\n")]
    public void Other_languages_have_it_too(string language, string program)
    {
        using ConsumerProject project = new(name: "plannedapp", language: language, planned: true)
        {
            Body = $"<ItemGroup><SerenityModel Include=\"net.onnx\" Layout=\"Portable\" />{(language == "fs" ? "<Compile Include=\"Program.fs\" />" : "")}</ItemGroup>",
        };
        project.Model("net.onnx");
        File.WriteAllText(project["Program." + language], program);
        project.Build().Succeeds();
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output("plannedapp.dll")]);
        Assert.AreEqual(0, exit, output);
        Assert.AreEqual("True True", output.Trim(), ignoreCase: true);
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
