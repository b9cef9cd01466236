using System.Text.Json;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;

namespace Serenity.Tool.Tests;

[TestClass]
public sealed class OptimizeCommandTests
{
    [TestMethod]
    public async Task Model_and_manifest_are_written_beside_the_model()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx"), run.Error);
        MemoryManifest manifest = ManifestJson.Read(File.ReadAllBytes(run.PathOf("net.optimized.memory.json")), "net");
        Assert.AreEqual("net.onnx", manifest.Source.Path);
        Assert.AreEqual("net.optimized.onnx", manifest.Output.Path);
        Assert.AreEqual(Build.Identity.ContentHash.OfFile(run.PathOf("net.onnx")), manifest.Source.Sha256);
        Assert.AreEqual(Build.Identity.ContentHash.OfFile(run.PathOf("net.optimized.onnx")), manifest.Output.Sha256);
        Assert.AreEqual(BudgetVerdict.None, manifest.Budget.Verdict);
        CollectionAssert.AreEquivalent(
            new[] { "net.onnx", "net.optimized.onnx", "net.optimized.memory.json", "net.optimized.memory.plan" }, Directory.GetFiles(run.Folder).Select(Path.GetFileName).ToArray());
        StringAssert.Contains(run.Error, "net.onnx : warning SER2501");
    }

    [TestMethod]
    public async Task A_plan_that_an_earlier_run_left_goes_with_the_model_that_it_was_of()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx"), run.Error);
        Assert.IsTrue(File.Exists(run.PathOf("net.optimized.memory.plan")));
        Assert.Contains("wrote net.optimized.memory.plan", run.Output);
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "-e", "StaticArena"), run.Error);
        Assert.IsFalse(File.Exists(run.PathOf("net.optimized.memory.plan")));
        Assert.IsTrue(File.Exists(run.PathOf("net.optimized.memory.json")));
    }

    [TestMethod]
    public async Task What_was_written_is_known_by_its_manifest_and_not_planned_again()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "-b", "1GiB"), run.Error);
        run.Requests.Clear();
        foreach (string[] command in (string[][])[["inspect", "net.optimized.onnx"], ["check", "net.optimized.onnx", "-b", "1GiB"], ["report", "net.optimized.onnx"]])
        {
            Assert.AreEqual(0, await run.RunAsync(command), run.Error);
            StringAssert.Contains(run.Error, "net.optimized.onnx was written by Serenity.Build, so its manifest is read, and nothing is planned: net.optimized.memory.json.");
        }
        Assert.AreEqual(2, await run.RunAsync("check", "net.optimized.onnx"), "A budget that it was made with is asked for of manifests alone.");
        Assert.IsEmpty(run.Requests);
        Assert.AreEqual(0, await run.RunAsync("compare", "net.onnx", "net.optimized.onnx"), run.Error);
        Assert.HasCount(1, run.Requests);
        StringAssert.Contains(run.Output, "One was made from the other. As the source is executed today, without a plan, it needs ");
        Assert.AreEqual(0, await run.RunAsync("compare", "net.optimized.onnx", "net.optimized.memory.json"), run.Error);
        Assert.DoesNotContain("One was made from the other", run.Output);
        // Options ask for a plan; another model of that name has none.
        Assert.AreEqual(0, await run.RunAsync("inspect", "net.optimized.onnx", "--rewrite", "None"), run.Error);
        Assert.HasCount(2, run.Requests);
        File.AppendAllText(run.PathOf("net.optimized.onnx"), "x");
        Assert.AreEqual(0, await run.RunAsync("inspect", "net.optimized.onnx"), run.Error);
        Assert.HasCount(3, run.Requests);
    }

    [TestMethod]
    public async Task A_list_of_sizes_is_a_file_and_a_manifest_for_each_combination()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "-d", "batch=1,2", "-d", "seq=8,16;n=3", "--json"), run.Error);
        string[] names = ["net.optimized.batch1.seq8", "net.optimized.batch1.seq16", "net.optimized.batch2.seq8", "net.optimized.batch2.seq16"];
        CollectionAssert.AreEquivalent(
            new[] { "net.onnx" }.Concat(names.SelectMany(n => new[] { n + ".onnx", n + ".memory.json", n + ".memory.plan" })).ToArray(), Directory.GetFiles(run.Folder).Select(Path.GetFileName).ToArray());
        CollectionAssert.AreEqual(
            new[] { "1 3 8", "1 3 16", "2 3 8", "2 3 16" }, run.Requests.Select(r => $"{r.FreeDimensions["batch"]} {r.FreeDimensions["n"]} {r.FreeDimensions["seq"]}").ToArray());
        using JsonDocument outcomes = JsonDocument.Parse(run.Output);
        Assert.AreEqual("net.onnx (batch=1, seq=16)", outcomes.RootElement[1].GetProperty("model").GetString());

        // Budgets are each file's own; other commands look at one model.
        Assert.AreEqual(1, await run.RunAsync("optimize", "net.onnx", "-d", "seq=8,16", "-b", "1"));
        StringAssert.Contains(run.Error, "net.onnx (seq=8) : error SER1001");
        StringAssert.Contains(run.Error, "net.onnx (seq=16) : error SER1001");
        Assert.AreEqual(2, await run.RunAsync("inspect", "net.onnx", "-d", "seq=8,16"));
        StringAssert.Contains(run.Error, "SER1101");
    }

    [TestMethod]
    public async Task A_folder_takes_the_model_under_its_own_name_and_is_made_where_there_is_none()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "-o", "made/here/"), run.Error);
        CollectionAssert.AreEquivalent(
            new[] { "net.onnx", "net.memory.json", "net.memory.plan" }, Directory.GetFiles(run.PathOf("made/here")).Select(Path.GetFileName).ToArray());
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "-o", "made"), run.Error);
        Assert.IsTrue(File.Exists(run.PathOf("made/net.onnx")));
    }

    [TestMethod]
    [DataRow("net.onnx")]
    [DataRow(".")]
    [DataRow("../here/net.onnx")]
    [DataRow("link/net.onnx")]
    [DataRow("link")]
    [DataRow("alias.onnx")]
    public async Task The_model_itself_is_never_overwritten(string output)
    {
        using ToolRun run = new();
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateSymbolicLink(run.PathOf("link"), run.Folder);
            File.CreateSymbolicLink(run.PathOf("alias.onnx"), "net.onnx");
        }
        else if (output is not ("net.onnx" or "."))
        {
            Assert.Inconclusive("Links need rights there.");
        }
        byte[] before = File.ReadAllBytes(run.PathOf("net.onnx"));
        Assert.AreEqual(2, await run.RunAsync("optimize", "net.onnx", "-o", output.Replace("here", Path.GetFileName(run.Folder), StringComparison.Ordinal)));
        StringAssert.Contains(run.Error, "SER1101");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(run.PathOf("net.onnx")));
    }

    [TestMethod]
    public async Task Options_reach_the_optimizer_and_defaults_are_those_of_the_item()
    {
        using ToolRun run = new();
        await run.RunAsync("optimize", "net.onnx");
        OptimizeRequest plain = new() { ModelPath = run.PathOf("net.onnx") };
        Assert.AreEqual((plain.Executor, plain.Rewrite, plain.Fuse, plain.Verify, plain.SearchLimit, plain.Alignment), Key(run.Requests[0]));

        await run.RunAsync(
            "optimize", "net.onnx", "-e", "staticarena", "--rewrite", "Exact", "--no-fuse", "--no-verify", "-d", "batch=1", "-d", "seq=128;n=2",
            "--search-limit", "5000", "--alignment", "64");
        Assert.AreEqual((Executor.StaticArena, RewriteLevel.Exact, false, false, (long?)5000, 64), Key(run.Requests[1]));
        Assert.AreEqual("batch=1 n=2 seq=128", string.Join(' ', run.Requests[1].FreeDimensions.Select(d => $"{d.Key}={d.Value}")));
    }

    [TestMethod]
    [DataRow("--rewrite", "most", "Rewrite", "None, Exact, All")]
    [DataRow("--alignment", "24", "alignment", "power of two")]
    [DataRow("--budget", "much", "budget", "KiB")]
    [DataRow("-d", "batch", "free-dimensions", "name=size")]
    [DataRow("-d", "batch=1.5", "free-dimensions", "a size is a whole number, which '1.5' in 'batch=1.5' is not")]
    [DataRow("-d", "batch=-1", "free-dimensions", "a size is a whole number")]
    [DataRow("-d", "batch=", "free-dimensions", "name=size")]
    [DataRow("--device", "toaster", "device", "nrf52840")]
    public async Task A_value_that_is_not_understood_is_named_with_what_is_allowed(string option, string value, string name, string allowed)
    {
        using ToolRun run = new();
        Assert.AreEqual(2, await run.RunAsync("optimize", "net.onnx", option, value));
        StringAssert.Contains(run.Error, value);
        StringAssert.Contains(run.Error, name, StringComparison.OrdinalIgnoreCase);
        StringAssert.Contains(run.Error, allowed);
        StringAssert.Matches(run.Error, new System.Text.RegularExpressions.Regex("^net.onnx : error SER110[12]: "));
        Assert.AreEqual("", run.Output);
        Assert.HasCount(1, Directory.GetFiles(run.Folder), "Nothing is written.");
    }

    [TestMethod]
    public async Task Over_budget_writes_the_outputs_says_why_and_ends_with_one()
    {
        using ToolRun run = new();
        Assert.AreEqual(1, await run.RunAsync("optimize", "net.onnx", "--budget", "1KiB", "--report"));
        StringAssert.Contains(run.Error, "net.onnx : error SER1001");
        StringAssert.Contains(run.Error, "The peak is at step");
        StringAssert.Matches(run.Error, new System.Text.RegularExpressions.Regex("MemoryBudget=\"[0-9]+KiB\"\\. .* On the command line: .*-b [0-9]+KiB"));
        Assert.AreEqual(BudgetVerdict.Fail, ManifestJson.Read(File.ReadAllBytes(run.PathOf("net.optimized.memory.json")), "net").Budget.Verdict);
        StringAssert.Contains(File.ReadAllText(run.PathOf("net.optimized.memory.html")), "over budget");
    }

    [TestMethod]
    public async Task Json_is_the_whole_of_standard_output()
    {
        using ToolRun run = new();
        Assert.AreEqual(1, await run.RunAsync("optimize", "net.onnx", "-o", "out/small.onnx", "--budget", "1KiB", "--json"));
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.AreEqual("fail", json.RootElement.GetProperty("budget").GetProperty("verdict").GetString());
        Assert.AreEqual("SER1001", json.RootElement.GetProperty("errors")[0].GetProperty("code").GetString());
        foreach (JsonElement file in json.RootElement.GetProperty("files").EnumerateArray())
            Assert.IsTrue(File.Exists(file.GetString()), file.GetString());
        Assert.IsTrue(File.Exists(run.PathOf("out/small.memory.json")));
    }

    [TestMethod]
    public async Task What_fails_before_the_manifest_is_there_leaves_no_output_behind()
    {
        using ToolRun run = new();
        // No JSON number: the manifest cannot be written.
        run.Engine = (request, _) => ToolRun.Result(request) with { Verification = new VerificationFacts("passed", null, null, null, null, false, double.NaN) };
        Assert.AreEqual(2, await run.RunAsync("optimize", "net.onnx", "--report"));
        StringAssert.Contains(run.Error, "error SER1401");
        Assert.HasCount(1, Directory.GetFiles(run.Folder), "Nothing is written.");
    }

    [TestMethod]
    public async Task The_model_itself_is_never_overwritten()
    {
        using ToolRun run = new();
        byte[] before = File.ReadAllBytes(run.PathOf("net.onnx"));
        Assert.AreEqual(2, await run.RunAsync("optimize", "net.onnx", "-o", "./net.onnx"));
        StringAssert.Contains(run.Error, "SER1101");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(run.PathOf("net.onnx")));
    }

    [TestMethod]
    public async Task With_a_cache_the_second_run_does_not_optimize()
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "--cache", "plans"), run.Error);
        byte[] first = File.ReadAllBytes(run.PathOf("net.optimized.memory.json"));
        File.Delete(run.PathOf("net.optimized.memory.json"));
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "--cache", "plans"), run.Error);
        Assert.HasCount(1, run.Requests);
        CollectionAssert.AreEqual(first, File.ReadAllBytes(run.PathOf("net.optimized.memory.json")));
    }

    private static (Executor, RewriteLevel, bool, bool, long?, int) Key(OptimizeRequest request) =>
        (request.Executor, request.Rewrite, request.Fuse, request.Verify, request.SearchLimit, request.Alignment);
}
