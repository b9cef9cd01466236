using Serenity.Build.Manifest;
using Serenity.Build.Tests.Report;
using Serenity.Onnx.Contract;

namespace Serenity.Tool.Tests;

/// <summary>Layouts besides the portable one on the command line: held to the budget as a build holds them, and no models of their own.</summary>
[TestClass]
public sealed class LayoutCommandTests
{
    private static readonly long _portable = SyntheticManifest.Create(12, Executor.OnnxRuntime).Peak.RequiredBytes;

    /// <summary>Blocked8 takes 1,000 bytes more than the portable file, Blocked16 takes 2,000.</summary>
    /// <param name="block">A block of the portable file; null for none.</param>
    private static ToolRun Run(long? block = null)
    {
        ToolRun run = new();
        run.Engine = (request, _) =>
        {
            run.Requests.Add(request);
            OptimizationResult result = ToolRun.Result(request);
            return result with
            {
                Variants = [.. request.Layouts.Select(layout => new VariantFacts(layout, FigureBasis.ByRule, 0.5, 1, 1, null))],
                VariantModels = [.. request.Layouts.Select(_ => ToolRun.Model())],
                Plans = [.. result.Plans.Select(p => p with { BlockBytes = block }), .. request.Layouts.Select(layout => new PlanFacts(layout, "x64", 1, null, null,
                    MemoryAccount.OfPeak(_portable + (layout == PlanLayout.Blocked8 ? 1000 : 2000), 0)))],
            };
        };
        return run;
    }

    private static string[] Files(ToolRun run) => [.. Directory.GetFiles(run.PathOf("made")).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [TestMethod]
    public async Task A_layout_over_the_budget_that_nobody_named_is_left_out_with_a_line()
    {
        using ToolRun run = Run();
        string[] whole = ["net.blocked16.memory.plan", "net.blocked16.onnx", "net.blocked8.memory.plan", "net.blocked8.onnx", "net.memory.json", "net.memory.plan", "net.onnx"];
        // What an earlier budget left is taken away by a smaller one.
        foreach ((long budget, int layouts) in ((long, int)[])[(_portable + 2000, 2), (_portable + 1999, 1), (_portable + 999, 0)])
        {
            Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "--layout", "Auto", "-b", $"{budget}", "-o", "made/"), run.Error);
            string[] expected = [.. whole.Where(file => (layouts > 1 || !file.Contains("blocked16", StringComparison.Ordinal)) && (layouts > 0 || !file.Contains("blocked8", StringComparison.Ordinal)))];
            CollectionAssert.AreEqual(expected, Files(run));
            Assert.HasCount(layouts, ManifestJson.Read(File.ReadAllBytes(run.PathOf("made/net.memory.json")), "net").Variants);
            string[] said = [.. run.Error.Split('\n').Where(line => line.Contains("is left out", StringComparison.Ordinal))];
            Assert.HasCount(2 - layouts, said, run.Error);
            Assert.AreEqual(0, await run.RunAsync("check", "net.onnx", "--layout", "Auto", "-b", $"{budget}"), run.Error);
            CollectionAssert.AreEqual(said, run.Error.Split('\n').Where(line => line.Contains("is left out", StringComparison.Ordinal)).ToArray());
        }
    }

    /// <summary>What a run of a layout allocates may not be known on a machine that cannot run it; its file is as good, and takes its memory from the heap.</summary>
    [TestMethod]
    public async Task A_layout_without_a_plan_of_a_block_is_told_where_the_portable_file_has_one()
    {
        foreach ((long? block, int told) in ((long?, int)[])[(null, 0), (_portable, 2)])
        {
            using ToolRun run = Run(block);
            foreach (string layouts in (string[])["Auto", "Blocked8;Blocked16"])
            {
                Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "--layout", layouts, "-o", "made/"), run.Error);
                Assert.HasCount(told, run.Error.Split('\n').Where(line => line.Contains("comes without a plan of a run's block", StringComparison.Ordinal)).ToArray(), run.Error);
            }
        }
    }

    [TestMethod]
    public async Task A_layout_that_is_named_has_to_fit()
    {
        using ToolRun run = Run();
        foreach ((string layout, long most) in ((string, long)[])[("Blocked8", 1000), ("Blocked16", 2000)])
        {
            foreach (string[] command in (string[][])[["optimize", "net.onnx", "-o", "made/"], ["check", "net.onnx"], ["check", "made/net.memory.json"]])
            {
                string[] options = command[^1].EndsWith(".json", StringComparison.Ordinal) ? [] : ["--layout", layout];
                Assert.AreEqual(0, await run.RunAsync([.. command, .. options, "-b", $"{_portable + most}"]), run.Error);
                Assert.AreEqual(1, await run.RunAsync([.. command, .. options, "-b", $"{_portable + most - 1}"]), run.Error);
                StringAssert.Contains(run.Error, $"error SER1001: Layout {layout.ToLowerInvariant()} needs ");
                StringAssert.Contains(run.Error, "On the command line: --layout Auto.");
            }
        }
    }

    [TestMethod]
    public async Task Layouts_beside_their_portable_file_are_no_models_of_their_own()
    {
        using ToolRun run = Run();
        Assert.AreEqual(0, await run.RunAsync("optimize", "net.onnx", "--layout", "Auto", "-o", "made/"), run.Error);
        run.Requests.Clear();
        string budget = $"{_portable}";
        Assert.AreEqual(0, await run.RunAsync("check", "made", "-b", budget), run.Error);
        Assert.AreEqual(0, await run.RunAsync("compare", "made", "made"), run.Error);
        StringAssert.Contains(run.Output, "1 model: 1 the same");
        Assert.IsEmpty(run.Requests, "The manifest says it all.");
        Assert.AreEqual(0, await run.RunAsync("check", "made/*.onnx", "-b", budget), run.Error);
        StringAssert.Contains(run.Output, "made/net.onnx");
        Assert.DoesNotContain("blocked", run.Output);
        Assert.IsEmpty(run.Requests, "It is known by the manifest beside it.");
        // As publishing leaves them: with plans, and without the manifest.
        File.Delete(run.PathOf("made/net.memory.json"));
        run.Requests.Clear();
        Assert.AreEqual(0, await run.RunAsync("check", "made", "-b", budget), run.Error);
        Assert.HasCount(1, run.Requests);
        // A name alone makes no layout.
        File.Delete(run.PathOf("made/net.blocked8.memory.plan"));
        Assert.AreEqual(0, await run.RunAsync("check", "made", "-b", budget), run.Error);
        Assert.HasCount(3, run.Requests);
    }
}
