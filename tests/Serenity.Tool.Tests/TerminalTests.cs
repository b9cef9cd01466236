using Serenity.Build.Manifest;
using Serenity.Build.Tests.Report;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Pipeline;
using Serenity.Tool.Manifests;
using Serenity.Tool.Terminal;

namespace Serenity.Tool.Tests;

/// <summary>What is drawn on a terminal, and the tool on the real optimizer.</summary>
[TestClass]
public sealed class TerminalTests
{
    [TestMethod]
    public async Task A_table_is_drawn_and_a_name_with_markup_stays_text()
    {
        using ToolRun run = new();
        MemoryManifest manifest = SyntheticManifest.Create(6, Executor.OnnxRuntime, nodeName: step => $"[red]{step}[/] [unclosed");
        File.WriteAllBytes(run.PathOf("a.memory.json"), ManifestJson.Write(manifest));
        using StringWriter output = new(), error = new();
        int code = await new SerenityCommandLine(new OptimizerEngines(run.Engine, run.Engine), new ToolConsole(output, error, richOutput: true, richError: true), run.Folder).RunAsync(["inspect", "a.memory.json"]);
        Assert.AreEqual(0, code, error.ToString());
        StringAssert.Contains(output.ToString(), "│");
        // A narrow terminal wraps the name; its brackets are all there.
        StringAssert.Contains(output.ToString(), "[red]");
        StringAssert.Contains(output.ToString(), "[unclosed");
    }

    [TestMethod]
    public async Task Every_error_can_be_explained()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("explain", "ser1001"), run.Error);
        StringAssert.StartsWith(run.Output, "SER1001: ");
        StringAssert.Contains(run.Output, "\nWhat to do\n");
    }

    [TestMethod]
    public async Task Where_more_is_to_be_read_is_said_once_for_all_errors()
    {
        using ToolRun run = new();
        Assert.AreEqual(2, await run.RunAsync("inspect", "net.onnx", "--top", "0", "--threads", "none", "--budget", "lots"));
        Assert.HasCount(4, run.Error.TrimEnd().Split('\n'), run.Error);
        Assert.EndsWith("  More: dotnet serenity explain SER1101\n", run.Error);
        Assert.AreEqual(0, await run.RunAsync("explain", "SER1101", "1001", "1101"), run.Error);
        Assert.Contains("SER1101: A value", run.Output);
        Assert.Contains("\nSER1001: The model", run.Output);
    }

    [TestMethod]
    public async Task Every_error_is_listed()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("explain"), run.Error);
        foreach (SerenityCode code in SerenityCodes.All)
            StringAssert.Contains(run.Output, code.Code);
        StringAssert.Contains(run.Output, "The model is over its memory budget");
    }

    [TestMethod]
    public async Task Help_names_every_command_and_option()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("--help"));
        foreach (string command in new[] { "optimize", "inspect", "check", "compare", "report", "devices", "explain" })
            StringAssert.Contains(run.Output, command);
        Assert.AreEqual(0, await run.RunAsync("optimize", "--help"));
        foreach (string option in new[] { "--budget", "--executor", "--rewrite", "--no-fuse", "--no-verify", "--in-process", "--free-dimensions", "--json", "--report", "--cache" })
            StringAssert.Contains(run.Output, option);
    }

    [TestMethod]
    [DataRow("OnnxRuntime")]
    [DataRow("StaticArena")]
    [Timeout(120_000, CooperativeCancellation = true)]
    public async Task The_real_optimizer_gives_a_manifest_whose_figures_agree(string executor)
    {
        using ToolRun run = new() { Engine = ModelOptimizer.Finish };
        await File.WriteAllBytesAsync(run.PathOf("cell.onnx"), Google.Protobuf.MessageExtensions.ToByteArray(Testing.Models.IrregularModels.DartsCell(vertices: 4, seed: 1, channels: 8, size: 14)));
        Assert.AreEqual(0, await run.RunAsync("optimize", "cell.onnx", "--executor", executor), run.Error);
        MemoryManifest manifest = ManifestJson.Read(File.ReadAllBytes(run.PathOf("cell.optimized.memory.json")), "cell");
        Assert.AreEqual(manifest.Profile.Max(), manifest.Profile[manifest.PeakStep!.Index]);
        Assert.IsGreaterThanOrEqualTo(manifest.Peak.LowerBoundBytes, manifest.Peak.Bytes);
        Assert.IsLessThanOrEqualTo(manifest.Peak.OriginalBytes, manifest.Peak.Bytes);

        // What the tool sums up for every step from the tensors is what the profile says: nothing at a step is unaccounted for.
        LiveSet live = new(manifest);
        for (int step = 0; step < manifest.Schedule.Count; step++)
        {
            long sum = live.At(step).Sum(entry => entry.Live.Bytes);
            Assert.IsLessThanOrEqualTo(manifest.Profile[step], sum, $"step {step}");
            if (manifest.Executor == Executor.OnnxRuntime)
                Assert.AreEqual(manifest.Profile[step], sum, $"step {step}");
        }
        Assert.AreEqual(0, await run.RunAsync("report", "cell.optimized.memory.json"), run.Error);
    }
}
