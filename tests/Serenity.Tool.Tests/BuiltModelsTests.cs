using System.Text.Json;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Results;
using Serenity.Build.Tests.Report;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Tool.Manifests;

namespace Serenity.Tool.Tests;

/// <summary>Models as builds left them in obj, held to other limits than those of the build.</summary>
[TestClass]
public sealed class BuiltModelsTests
{
    private const string Staging = "src/app/obj/Release/net10.0/serenity";

    /// <summary>A project whose build left a model, whose source is <c>models/net.onnx</c>.</summary>
    /// <param name="told">What the build said of it.</param>
    /// <param name="plansSessions">True if the app runs planned sessions.</param>
    private static (ToolRun Run, MemoryManifest Manifest) Built(SerenityDiagnostic[]? told = null, bool plansSessions = false)
    {
        ToolRun run = new();
        Directory.CreateDirectory(run.PathOf(Staging));
        Directory.CreateDirectory(run.PathOf("src/app/models"));
        File.Copy(run.PathOf("net.onnx"), run.PathOf("src/app/models/net.onnx"));
        File.WriteAllText(run.PathOf("src/app/app.csproj"), "<Project />");
        MemoryManifest manifest = SyntheticManifest.Create(20, Executor.OnnxRuntime);
        manifest = manifest with { Source = manifest.Source with { Path = "models/net.onnx" }, Peak = manifest.Peak with { ProcessBytes = 10 << 20 } };
        File.WriteAllBytes(run.PathOf(Staging + "/net.memory.json"), ManifestJson.Write(manifest));
        ResultsFile.Write(run.PathOf($"{Staging}/{ResultsFile.Name}"), "app",
        [
            new("models/net.onnx", new ProjectPlace(run.PathOf("src/app/app.csproj"), 3, 5), ModelResults.Figures(manifest, null), told ?? [], run.PathOf(Staging + "/net.memory.json"))
            {
                BaselineKey = new BaselineKey(run.PathOf("src/app/models/net.onnx")),
                PlansSessions = plansSessions,
            },
        ]);
        return (run, manifest);
    }

    private static void WriteBaseline(ToolRun run, string path, string model, long bytes) =>
        File.WriteAllText(run.PathOf(path), $"{{\"version\":1,\"models\":{{\"{model}\":{{\"requiredBytes\":{bytes}}}}}}}");

    private static IReadOnlyList<string> Codes(ToolRun run)
    {
        using JsonDocument json = JsonDocument.Parse(run.Output);
        JsonElement model = json.RootElement.GetProperty("models")[0];
        return [.. model.GetProperty("errors").EnumerateArray().Concat(model.GetProperty("warnings").EnumerateArray()).Select(d => d.GetProperty("code").GetString()!)];
    }

    [TestMethod]
    [DataRow("src")]
    [DataRow(".")]
    [DataRow("src/app/app.csproj")]
    public async Task A_build_is_held_to_a_baseline_by_the_names_that_builds_give(string given)
    {
        (ToolRun run, MemoryManifest manifest) = Built();
        using (run)
        {
            long needed = manifest.Peak.RequiredBytes;
            Assert.AreEqual(2, await run.RunAsync("check", given, "--baseline", "src/b.json"), run.Output);
            Assert.Contains("SER1004", run.Error);
            WriteBaseline(run, "src/b.json", "app/models/net.onnx", needed - 1);
            Assert.AreEqual(1, await run.RunAsync("check", given, "--baseline", "src/b.json"), run.Output);
            Assert.Contains("models/net.onnx : error SER1003", run.Error);
            Assert.AreEqual(0, await run.RunAsync("check", given, "--baseline", "src/b.json", "--tolerance", "1"), run.Error);
            // What it advises.
            Assert.AreEqual(0, await run.RunAsync("check", given, "--baseline", "src/b.json", "--update-baseline"), run.Error);
            Assert.AreEqual(0, await run.RunAsync("check", given, "--baseline", "src/b.json"), run.Error);
            Assert.AreEqual("", run.Error);
            WriteBaseline(run, "src/b.json", "app/models/other.onnx", needed);
            Assert.AreEqual(0, await run.RunAsync("check", given, "--baseline", "src/b.json"), run.Output);
            Assert.Contains("warning SER2002", run.Error);
            Assert.Contains("('app/models/net.onnx')", run.Error);
            Assert.IsEmpty(run.Requests);
        }
    }

    [TestMethod]
    public async Task A_baseline_that_is_named_takes_the_place_of_that_of_the_build()
    {
        (ToolRun run, MemoryManifest manifest) = Built([new SerenityDiagnostic(SerenityCodes.OverBaseline, DiagnosticSeverity.Error, "models/net.onnx", "More than in the build's.")]);
        using (run)
        {
            Assert.AreEqual(1, await run.RunAsync("check", "src"), "The build's own stands where none is named.");
            WriteBaseline(run, "other.json", "src/app/models/net.onnx", manifest.Peak.RequiredBytes);
            Assert.AreEqual(0, await run.RunAsync("check", "src", "--baseline", "other.json"), run.Error);
            Assert.AreEqual(0, await run.RunAsync("check", "src", "--baseline", "new.json", "--update-baseline"), run.Error);
        }
    }

    [TestMethod]
    [DataRow("models/net.onnx", "src/app/baseline.json")]
    [DataRow("app/models/net.onnx", "src/baseline.json")]
    public async Task The_manifest_of_a_build_is_updated_under_the_name_that_it_is_held_to(string name, string file)
    {
        (ToolRun run, MemoryManifest manifest) = Built();
        using (run)
        {
            WriteBaseline(run, file, name, manifest.Peak.RequiredBytes - 1);
            string[] check = ["check", Staging + "/net.memory.json", "--baseline", file];
            await run.RunAsync(check);
            Assert.MatchesRegex("SER1003|SER2002", run.Error);
            Assert.Contains("--update-baseline", run.Error);
            Assert.AreEqual(0, await run.RunAsync([.. check, "--update-baseline"]), run.Error);
            Assert.AreEqual(0, await run.RunAsync(check), run.Error);
            Assert.DoesNotContain("SER1003", run.Error);
            Assert.DoesNotContain("SER2002", run.Error);
        }
    }

    [TestMethod]
    public async Task Warnings_of_budgets_are_those_of_the_budgets_that_are_asked_about()
    {
        (ToolRun run, MemoryManifest manifest) = Built([new SerenityDiagnostic(SerenityCodes.NearBudget, DiagnosticSeverity.Warning, "models/net.onnx", "Little to spare in the build.")]);
        using (run)
        {
            string budget = $"{manifest.Peak.RequiredBytes * 3 / 2}";
            Assert.AreEqual(0, await run.RunAsync("check", "src", "-b", budget, "--warn-at", "50%", "--json"), run.Error);
            Assert.Contains(SerenityCodes.NearBudget, Codes(run));
            Assert.Contains(SerenityCodes.WorkspaceUnknown, Codes(run), "Nothing measured what kernels take.");
            Assert.Contains("66.7 %", run.Output);
            Assert.AreEqual(0, await run.RunAsync("check", "src", "-b", budget, "--warn-at", "70%", "--json"), run.Error);
            Assert.DoesNotContain(SerenityCodes.NearBudget, Codes(run));
            // Without a budget, the build's: there is none.
            Assert.AreEqual(0, await run.RunAsync("check", "src", "--warn-at", "50%", "--json"), run.Error);
            Assert.IsEmpty(Codes(run));
        }
    }

    [TestMethod]
    [DataRow("src/app/models/net.onnx", "src")]
    [DataRow("src", "src/app/models/net.onnx")]
    [DataRow("src/app/models", "src/app/obj")]
    public async Task A_model_is_compared_with_its_own_build(string before, string after)
    {
        (ToolRun run, _) = Built();
        using (run)
        {
            Assert.AreEqual(0, await run.RunAsync("compare", before, after, "--json"), run.Error);
            using JsonDocument json = JsonDocument.Parse(run.Output);
            JsonElement only = json.RootElement.GetProperty("models").EnumerateArray().Single();
            Assert.AreEqual("models/net.onnx both", $"{only.GetProperty("model")} {only.GetProperty("compared")}");
        }
    }

    [TestMethod]
    public async Task Models_of_one_name_are_compared_each_with_its_own()
    {
        using ToolRun run = new();
        foreach (string path in (string[])["old/a/net.onnx", "old/b/net.onnx", "new/a/net.onnx", "new/b/net.onnx"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(run.PathOf(path))!);
            File.Copy(run.PathOf("net.onnx"), run.PathOf(path));
        }
        Assert.AreEqual(0, await run.RunAsync("compare", "old", "new"), run.Error);
        Assert.AreEqual("2 models: 2 the same", run.Output.TrimEnd().Split('\n')[^1], run.Output);
        Assert.AreEqual(0, await run.RunAsync("compare", "old/**/*.onnx", "new"), run.Error);
        Assert.AreEqual("2 models: 2 the same", run.Output.TrimEnd().Split('\n')[^1], run.Output);
    }

    [TestMethod]
    [DataRow("a/x.onnx", "x.onnx", "a/x.onnx=x.onnx")]
    [DataRow("x.onnx", "m/x.onnx n/x.onnx", "m/x.onnx=+ n/x.onnx=+ x.onnx=-")]
    [DataRow("a/x.onnx x.onnx", "a/x.onnx x.onnx", "a/x.onnx=a/x.onnx x.onnx=x.onnx")]
    [DataRow("ax.onnx", "x.onnx", "ax.onnx=- x.onnx=+")]
    [DataRow("x.onnx y.onnx", "a/b/x.onnx", "a/b/x.onnx=a/b/x.onnx y.onnx=-")]
    public void Names_are_paired_where_one_is_the_end_of_the_other_and_of_no_second(string before, string after, string pairs)
    {
        string text = string.Join(' ', Commands.SourceNames.Pair(before.Split(' '), after.Split(' ')).Select(p => $"{Commands.SourceNames.Of(p)}={(p.Before is null ? "+" : p.After ?? "-")}"));
        Assert.AreEqual(pairs, text);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_process_that_may_grow_over_its_budget_is_told_of_unless_sessions_are_planned(bool plansSessions)
    {
        (ToolRun run, MemoryManifest manifest) = Built(plansSessions: plansSessions);
        using (run)
        {
            Assert.AreEqual(0, await run.RunAsync("check", "src", "--process-budget", $"{manifest.Peak.ProcessBytes + 1}", "--json"), run.Error);
            Assert.AreEqual(!plansSessions, Codes(run).Contains(SerenityCodes.ProcessMayGrow));
        }
    }
}
