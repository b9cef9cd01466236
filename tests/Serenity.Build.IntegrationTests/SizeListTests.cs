using Serenity.Build.Manifest;
using Serenity.Onnx.Models;
using Serenity.Testing.Models;

namespace Serenity.Build.IntegrationTests;

/// <summary>Models with a list of sizes: a file for each, and an app that calls with any.</summary>
[TestClass]
public sealed class SizeListTests
{
    private const string Pad = """ Pad="input_ids=0;attention_mask=0;token_type_ids=0" """;

    [TestMethod]
    public void An_app_calls_with_fifty_sizes_and_each_runs_on_the_smallest_file_that_fits()
    {
        using ConsumerProject project = new(planned: true)
        {
            Body = "<PropertyGroup><Nullable>enable</Nullable><TreatWarningsAsErrors>true</TreatWarningsAsErrors></PropertyGroup><ItemGroup><None Include=\"net.onnx\" CopyToOutputDirectory=\"Always\" Link=\"source.onnx\" /></ItemGroup>"
                + Item("4MiB", Pad),
        };
        ModelFile.Save(SentenceEncoder.Create(layers: 1, width: 16, heads: 2), project["net.onnx"]);
        File.Copy(project["net.onnx"], project["open.onnx"]);
        File.WriteAllText(project["Program.cs"], """
            using System;
            using System.Collections.Generic;
            using System.IO;
            using System.Linq;
            using Microsoft.ML.OnnxRuntime;
            using Serenity.Runtime;
            using SizedSession session = SerenityModels.Net.CreateSession();
            using InferenceSession open = new(args[0]);
            using RunOptions options = new();
            Random random = new(7);
            Dictionary<string, int> files = new();
            double worst = 0;
            for (int run = 0; run < 50; run++)
            {
                long length = random.Next(1, 33);
                long[] ids = Enumerable.Range(0, (int)length).Select(_ => (long)random.Next(400)).ToArray();
                Dictionary<string, OrtValue> inputs = new()
                {
                    [SerenityModels.Net.Inputs.InputIds.Name] = OrtValue.CreateTensorValueFromMemory(ids, new[] { 1L, length }),
                    ["attention_mask"] = OrtValue.CreateTensorValueFromMemory(ids.Select(_ => 1L).ToArray(), new[] { 1L, length }),
                    ["token_type_ids"] = OrtValue.CreateTensorValueFromMemory(new long[length], new[] { 1L, length }),
                };
                using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(null, inputs), expected = open.Run(options, inputs, open.OutputNames);
                if (!outputs[0].GetTensorTypeAndShape().Shape.SequenceEqual(expected[0].GetTensorTypeAndShape().Shape))
                    throw new InvalidOperationException("The output has another shape.");
                float[] ours = outputs[0].GetTensorDataAsSpan<float>().ToArray(), theirs = expected[0].GetTensorDataAsSpan<float>().ToArray();
                worst = Math.Max(worst, ours.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Max());
                string path = Path.GetFileName(SerenityModels.Net.PathFor(length));
                if (session.Find(inputs) != Array.IndexOf(new[] { "net.sequence8.onnx", "net.sequence16.onnx", "net.sequence32.onnx" }, path) || SerenityModels.Net.RequiredBytesFor(length) > SerenityModels.Net.RequiredBytes)
                    throw new InvalidOperationException(path);
                files[path] = files.GetValueOrDefault(path) + 1;
            }
            try
            {
                SerenityModels.Net.PathFor(33);
            }
            catch (ArgumentOutOfRangeException refusal)
            {
                Console.WriteLine(refusal.Message.Split('\n')[0]);
            }
            Console.WriteLine($"{files.Count} {files.Values.Sum()} {worst < 1e-4} {session.Sessions.Sum(s => s!.UnplannedCalls)} {SerenityModels.Net.RequiredBytes == SerenityModels.NetSequence32.RequiredBytes}");
            """);
        BuildResult build = project.Build().Succeeds();
        foreach (int size in (int[])[8, 16, 32])
        {
            MemoryManifest manifest = project.Manifest($"net.sequence{size}.memory.json");
            Assert.AreEqual(BudgetVerdict.Pass, manifest.Budget.Verdict);
            Assert.AreEqual("passed", manifest.Verification!.Status);
            StringAssert.Contains(build.Output, $"net.onnx (sequence={size})");
        }
        Assert.IsFalse(File.Exists(project.Output("net.memory.json")), "There is no such model.");
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output("app.dll"), project["open.onnx"]]);
        Assert.AreEqual(0, exit, output);
        string[] lines = output.ReplaceLineEndings("\n").Trim().Split('\n');
        StringAssert.StartsWith(lines[0], "No file of net.onnx takes these sizes. It was written for sequence=8; sequence=16; sequence=32.");
        Assert.AreEqual("3 50 True 0 True", lines[1]);

        // The verdict is each file's own, and nothing is made twice.
        project.Body = Item(Bytes(project, 16), "");
        BuildResult over = project.Build();
        CollectionAssert.AreEqual(new[] { "SER1001" }, over.Fails().Errors.Select(e => e.Code).ToArray());
        StringAssert.Contains(over.ErrorTexts.Single(), "net.onnx (sequence=32)");
        project.Body = Item("4MiB", """ Pad="ids=0" """);
        BuildResult unknown = project.Build().Fails();
        Assert.IsTrue(unknown.Errors.All(e => e.Code == "SER1101"), unknown.Output);
        StringAssert.Contains(unknown.ErrorTexts[0], "Pad names 'ids', which is no input of the model. These are: 'attention_mask', 'input_ids'");

        static long Bytes(ConsumerProject of, int size) => of.Manifest($"net.sequence{size}.memory.json").Peak.RequiredBytes;
    }

    [TestMethod]
    [DataRow("fs", "module Program\nlet session = sizedapp.SerenityModels.Net.CreateSession ()\nprintfn \"%s %d\" (System.IO.Path.GetFileName(sizedapp.SerenityModels.Net.PathFor 9L)) session.Models.Count\n")]
    [DataRow("vb", "Module Program\n    Sub Main()\n        Using session = SerenityModels.Net.CreateSession()\n            System.Console.WriteLine($\"{System.IO.Path.GetFileName(SerenityModels.Net.PathFor(9))} {session.Models.Count}\")\n        End Using\n    End Sub\nEnd Module\n")]
    public void Other_languages_have_it_too(string language, string program)
    {
        using ConsumerProject project = new(name: "sizedapp", language: language, planned: true)
        {
            Body = $"{(language == "fs" ? "<ItemGroup><Compile Include=\"Program.fs\" /></ItemGroup>" : "")}{Item("4MiB", Pad)}",
        };
        ModelFile.Save(SentenceEncoder.Create(layers: 1, width: 16, heads: 2), project["net.onnx"]);
        File.WriteAllText(project["Program." + language], program);
        project.Build().Succeeds();
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output("sizedapp.dll")]);
        Assert.AreEqual(0, exit, output);
        Assert.AreEqual("net.sequence16.onnx 3", output.Trim());
    }

    private static string Item(object budget, string more) =>
        $"""<ItemGroup><SerenityModel Include="net.onnx" Layout="Portable" FreeDimensions="batch=1;sequence=8,16,32" MemoryBudget="{budget}"{more} /></ItemGroup>""";
}
