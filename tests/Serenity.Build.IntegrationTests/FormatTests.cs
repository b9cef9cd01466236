using Serenity.Onnx.Models;
using Serenity.Testing.Models;

namespace Serenity.Build.IntegrationTests;

/// <summary>Models in other formats, from the project file to the published app.</summary>
[TestClass]
public sealed class FormatTests
{
    [TestMethod]
    public void Models_in_all_formats_run_in_their_blocks_and_weights_outside_are_mapped()
    {
        using ConsumerProject project = new(planned: true)
        {
            Body = """
                <PropertyGroup><Nullable>enable</Nullable><TreatWarningsAsErrors>true</TreatWarningsAsErrors><NoWarn>$(NoWarn);SER2504</NoWarn><SerenityLayout>Portable</SerenityLayout></PropertyGroup>
                <ItemGroup>
                  <SerenityModel Include="own.onnx" Format="Ort" Concurrency="3" />
                  <SerenityModel Include="wide.onnx" Format="OnnxExternal" Prepack="false" />
                </ItemGroup>
                """,
        };
        ModelFile.Save(IrregularModels.DartsCell(vertices: 3, channels: 48, size: 6), project["own.onnx"]);
        ModelFile.Save(IrregularModels.DartsCell(vertices: 3, channels: 48, size: 6), project["wide.onnx"]);
        File.WriteAllText(project["Program.cs"], """
            using System;
            using System.Collections.Generic;
            using System.IO;
            using System.Linq;
            using System.Threading;
            using System.Threading.Tasks;
            using Microsoft.ML.OnnxRuntime;
            using Microsoft.ML.OnnxRuntime.Tensors;
            using Serenity.Runtime;
            using PlannedSession own = SerenityModels.Own.CreateSession(), wide = SerenityModels.Wide.CreateSession();
            Dictionary<string, OrtValue> inputs = new();
            foreach (KeyValuePair<string, NodeMetadata> input in own.InputMetadata)
                inputs.Add(input.Key, OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, Array.ConvertAll(input.Value.Dimensions, d => (long)d)));
            float[][] outputs = new[] { own, wide }.Select(session => { using var all = session.Run(null, inputs); return all[0].GetTensorDataAsSpan<float>().ToArray(); }).ToArray();
            using InferenceSession plain = new(SerenityModels.Own.Path);
            using (var all = plain.Run(new RunOptions(), inputs, plain.OutputNames))
                Console.WriteLine($"{outputs[0].AsSpan().SequenceEqual(outputs[1])} {outputs[0].AsSpan().SequenceEqual(all[0].GetTensorDataAsSpan<float>())}");
            // As many at a time as the item says get a block each.
            var held = Enumerable.Range(0, 3).Select(_ => Task.Run(() => { for (int i = 0; i < 200; i++) own.Run(null, inputs).Dispose(); })).ToArray();
            Task.WaitAll(held);
            Console.WriteLine($"{own.IsPlanned} {own.UnplannedCalls} {own.BlockCount <= 3} {wide.IsPlanned} {wide.UnplannedCalls}");
            Console.WriteLine($"{Path.GetFileName(SerenityModels.Own.RelativePath)} {!OperatingSystem.IsLinux() || File.ReadAllText("/proc/self/maps").Contains("wide.onnx.data")}");
            """);
        project.Build().Succeeds();
        Assert.Contains("MaxConcurrency = 3", File.ReadAllText(project["obj/Debug/net10.0/SerenityModels.g.cs"]));
        string published = project["published"];
        project.Run(["publish", "--no-restore", "-o", published]).Succeeds();
        CollectionAssert.AreEqual(
            (string[])["own.memory.plan", "own.ort", "wide.memory.plan", "wide.onnx", "wide.onnx.data"],
            Directory.EnumerateFiles(published).Select(Path.GetFileName).Where(f => f!.StartsWith("own", StringComparison.Ordinal) || f.StartsWith("wide", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).ToArray());
        (int exit, string output) = DotNet.Run(project.Folder, [Path.Combine(published, "app.dll")]);
        Assert.AreEqual(0, exit, output);
        Assert.AreEqual("True True\nTrue 0 True True 0\nown.ort True", output.ReplaceLineEndings("\n").Trim());

        // A clean takes the outputs with it.
        project.Run(["clean"]).Succeeds();
        Assert.IsFalse(File.Exists(project.Output("own.ort")) || File.Exists(project.Output("wide.onnx.data")));
    }
}
