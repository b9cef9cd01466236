using Serenity.Build.Manifest;
using Serenity.Onnx.Models;
using Serenity.Testing.Models;

namespace Serenity.Build.IntegrationTests;

/// <summary>A model written for a range of sizes, called by an app at sizes all over it, with ONNX Runtime alone and with Serenity.Runtime.</summary>
[TestClass]
public sealed class RangeAppTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void An_app_calls_with_fifty_sizes_and_one_outside_fails_with_the_runtimes_own_error(bool planned)
    {
        using ConsumerProject project = new(runtime: !planned, planned: planned)
        {
            Body = """
                <PropertyGroup><Nullable>enable</Nullable><TreatWarningsAsErrors>true</TreatWarningsAsErrors></PropertyGroup>
                <ItemGroup><SerenityModel Include="net.onnx" FreeDimensions="batch=1..3;sequence=1..24" MemoryBudget="4MiB" /></ItemGroup>
                """,
        };
        ModelFile.Save(SentenceEncoder.Create(layers: 1, width: 16, heads: 2), project["net.onnx"]);
        File.Copy(project["net.onnx"], project["open.onnx"]);
        string run = planned ? "session.Run(null, inputs)" : "session.Run(options, inputs, session.OutputNames)";
        File.WriteAllText(project["Program.cs"], $$"""
            using System;
            using System.Collections.Generic;
            using System.Linq;
            using Microsoft.ML.OnnxRuntime;
            using var session = SerenityModels.Net.CreateSession();
            using InferenceSession open = new(args[0]);
            using RunOptions options = new();
            Random random = new(7);
            double worst = 0;
            int same = 0;
            long most = 0;
            for (int run = 0; run < 50; run++)
            {
                long batch = random.Next(1, 4), length = random.Next(1, 25);
                Dictionary<string, OrtValue> inputs = Inputs(batch, length);
                using IDisposableReadOnlyCollection<OrtValue> outputs = {{run}}, expected = open.Run(options, inputs, open.OutputNames);
                same += outputs[0].GetTensorTypeAndShape().Shape.SequenceEqual(expected[0].GetTensorTypeAndShape().Shape) ? 1 : 0;
                float[] ours = outputs[0].GetTensorDataAsSpan<float>().ToArray(), theirs = expected[0].GetTensorDataAsSpan<float>().ToArray();
                worst = Math.Max(worst, ours.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Max());
                most = Math.Max(most, SerenityModels.Net.RequiredBytesFor(batch, length));
            }
            Console.WriteLine($"{same} {worst < 1e-4} {most <= SerenityModels.Net.RequiredBytes} {SerenityModels.Net.RequiredBytesFor(3, 24) == SerenityModels.Net.RequiredBytes}");
            {{(planned ? "Console.WriteLine(session.UnplannedCalls);" : "Console.WriteLine(0);")}}
            try
            {
                SerenityModels.Net.RequiredBytesFor(3, 25);
            }
            catch (ArgumentOutOfRangeException refusal)
            {
                Console.WriteLine(refusal.Message.ReplaceLineEndings(" "));
            }
            foreach ((long batch, long length) in new[] { (4L, 24L), (3L, 25L) })
            {
                try
                {
                    Dictionary<string, OrtValue> inputs = Inputs(batch, length);
                    using IDisposableReadOnlyCollection<OrtValue> outputs = {{run}};
                    Console.WriteLine("It ran.");
                }
                catch (OnnxRuntimeException refusal)
                {
                    Console.WriteLine("refused: " + refusal.Message.ReplaceLineEndings(" "));
                }
            }
            Dictionary<string, OrtValue> Inputs(long batch, long length)
            {
                long[] ids = Enumerable.Range(0, (int)(batch * length)).Select(_ => (long)random.Next(400)).ToArray();
                return new()
                {
                    ["input_ids"] = OrtValue.CreateTensorValueFromMemory(ids, new[] { batch, length }),
                    ["attention_mask"] = OrtValue.CreateTensorValueFromMemory(ids.Select(_ => 1L).ToArray(), new[] { batch, length }),
                    ["token_type_ids"] = OrtValue.CreateTensorValueFromMemory(new long[ids.Length], new[] { batch, length }),
                };
            }
            """);
        project.Build().Succeeds();
        MemoryManifest manifest = project.Manifest("net.memory.json");
        Assert.AreEqual("passed", manifest.Verification!.Status);
        Assert.IsTrue(manifest.Range!.Points.All(p => p.MeasuredBytes == p.Bytes), "Measured is what the formula says.");
        Assert.IsTrue(manifest.Range.Points.All(p => p.RequiredBytes == p.MeasuredBytes + p.WorkspaceBytes), "Kernels' scratch too.");
        (int exit, string output) = DotNet.Run(project.Folder, [project.Output("app.dll"), project["open.onnx"]]);
        Assert.AreEqual(0, exit, output);
        // ONNX Runtime logs each refusal besides, to standard error, of which a line may be read before what the app said first.
        string[] lines = [.. output.ReplaceLineEndings("\n").Trim().Split('\n').Where(line => !line.Contains("[E:onnxruntime", StringComparison.Ordinal))];
        Assert.AreEqual("50 True True True", lines[0]);
        Assert.AreEqual("0", lines[1], "Every run lies in the block.");
        StringAssert.StartsWith(lines[2], "Dimension sequence has a size from 1 to 24 in this model; it was planned for no other.");
        StringAssert.Contains(lines[2], "25");
        string[] refusals = [.. lines.Where(l => l.StartsWith("refused: ", StringComparison.Ordinal))];
        Assert.HasCount(2, refusals, output);
        StringAssert.Contains(refusals[0], "range_batch_1_to_3");
        StringAssert.Contains(refusals[1], "range_sequence_1_to_24");
    }
}
