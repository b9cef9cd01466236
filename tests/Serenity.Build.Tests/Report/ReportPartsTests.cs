using System.Text.RegularExpressions;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Report;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Report;

/// <summary>What each part of the report says.</summary>
[TestClass]
public sealed class ReportPartsTests
{
    [TestMethod]
    public void The_large_figure_is_what_the_budget_is_held_against()
    {
        MemoryManifest manifest = RichManifest.Create(1 << 30);
        string html = VerdictPart.Render(manifest, "net.onnx");
        StringAssert.Contains(html, $"<div class=\"value\">{ByteSize.Rounded(manifest.Peak.Bytes + 40_000)}</div>");
        StringAssert.Contains(html, "measured equals predicted");
        StringAssert.Contains(VerdictPart.Render(manifest with { Verification = null }, "net.onnx"), "not measured");
        StringAssert.Contains(VerdictPart.Render(manifest with { Verification = manifest.Verification! with { MeasuredBytes = manifest.Peak.Bytes - 1 } }, "net.onnx"), "measured below the most predicted");
        manifest = manifest with { Peak = manifest.Peak with { Runs = 3 } };
        StringAssert.Contains(VerdictPart.Render(manifest, "net.onnx"), $"{ReportPage.Exact(3 * (manifest.Peak.Bytes + 40_000))} bytes: 3 runs at a time");
    }

    [TestMethod]
    public void Over_budget_it_says_what_would_fit()
    {
        MemoryManifest manifest = RichManifest.Create(100);
        string html = FitPart.Render(manifest);
        StringAssert.Contains(html, $"MemoryBudget=&quot;{ByteSize.RoundUpBudget(manifest.Work.LeastBytes!.Value)}&quot;");
        foreach (MessageText way in BudgetCheck.Ways(manifest, 100))
            StringAssert.Contains(html, ReportPage.Text(way.ToString()));
        StringAssert.Contains(html, "SER1002", "Weights are over theirs.");
        Assert.AreEqual("", FitPart.Render(SyntheticManifest.Create(10, Executor.OnnxRuntime, 1 << 30)));
        // The least budget that is named passes.
        Assert.IsTrue(ByteSize.TryParse(Regex.Match(html, "MemoryBudget=&quot;([^&]*)").Groups[1].Value, out long least));
        Assert.AreEqual(BudgetVerdict.Pass, BudgetCheck.Judge(manifest.Work.LeastBytes!.Value, 0, new(least, null, null)).Verdict);
    }

    [TestMethod]
    public void Rewrites_are_grouped_with_what_each_group_saved()
    {
        MemoryManifest manifest = RichManifest.Create(null);
        string html = RewritesPart.Render(manifest, new ReportNames(manifest));
        StringAssert.Contains(html, "<b>ChannelPartition</b> ×2: 40 KiB saved together");
        MemoryManifest pieces = manifest with { Rewrites = [new AppliedRewrite("Partition", ["a"], true, 0) { Pieces = new PieceFacts(2, "v", 2, 0.01) }] };
        StringAssert.Contains(RewritesPart.Render(pieces, new ReportNames(pieces)), "<b>Partition</b> ×1: saves kernels’ workspace, no tensors");
        StringAssert.Contains(html, "<b>Partition</b> ×1: 10 KiB saved");
        StringAssert.Contains(html, "in 4 pieces along axis 2");
        StringAssert.Contains(html, "1 left out");
    }

    [TestMethod]
    public void Where_nothing_was_rewritten_it_says_why_and_no_more_than_is_known()
    {
        MemoryManifest none = TestManifest.Create() with { Rewrites = [], Warnings = [] }, levels = TestManifest.OverMemories() with { Rewrites = [], Warnings = [] };
        foreach ((MemoryManifest manifest, string words) in ((MemoryManifest, string)[])
        [
            (none, "a run longer than 1.1 times"), (none with { Work = none.Work with { Limited = false } }, "no rewrite that is allowed was found to lower it"),
            (none with { Options = none.Options.With(ModelOptions.Rewrite, RewriteLevel.None) }, "turned off"),
            (none with { Warnings = [new WarningEntry("SER2402", "Passed through.")] }, "SER2402 says why"), (levels, "where its accesses cost less"),
        ])
        {
            StringAssert.Contains(RewritesPart.Render(manifest, new ReportNames(manifest)), words);
        }
        StringAssert.Contains(EndsPart.Render(none, new ReportNames(none)), "Weights never are");
        string ends = EndsPart.Render(levels, new ReportNames(levels));
        Assert.DoesNotContain("Weights never are", ends);
        StringAssert.Contains(ends, "1000 B in FLASH");
    }

    [TestMethod]
    public void Every_pool_of_every_way_of_running_it_is_listed()
    {
        MemoryManifest manifest = RichManifest.Create(null);
        string html = AccountPart.Render(manifest);
        foreach (MemoryPoolInfo pool in MemoryPools.All)
            StringAssert.Contains(html, ReportPage.Text(pool.Title));
        foreach (string text in (string[])["portable, arm64, 4 threads", "blocked16", "synthetic.blocked16.onnx", "one block for a whole run", "Float32"])
            StringAssert.Contains(html, text);
        Assert.AreEqual("", AccountPart.Render(SyntheticManifest.Create(4, Executor.OnnxRuntime)));
    }

    [TestMethod]
    public void Of_several_memories_the_head_says_what_each_holds_or_lacks()
    {
        MemoryManifest fits = LevelsManifest.Create(), over = LevelsManifest.Create(fits: false);
        string html = VerdictPart.Render(fits, "net.onnx");
        StringAssert.Contains(html, "fits the memories");
        UsedMemory near = fits.Memories!.Memories[0];
        StringAssert.Contains(html, $"DTCM {ByteSize.Rounded(near.UsedBytes)} of {ByteSize.Rounded(near.Bytes)}");
        Assert.AreEqual("", FitPart.Render(fits));
        html = VerdictPart.Render(over, "net.onnx");
        StringAssert.Contains(html, "does not fit the memories");
        StringAssert.Contains(html, "DTCM is 1 KiB too small");
        StringAssert.Contains(FitPart.Render(over), "In bytes: " + over.Memories!.Memories[0].UsedBytes);
    }

    [TestMethod]
    public void Traffic_is_a_table_of_orders_and_a_curve_for_each()
    {
        MemoryManifest manifest = LevelsManifest.Create();
        string html = TrafficPart.Render(manifest);
        foreach (OrderTraffic order in manifest.Traffic!.Orders)
            StringAssert.Contains(html, $"title=\"{ReportPage.Exact(order.Bytes)} bytes\">{ByteSize.Rounded(order.Bytes)}</span></b>{(order.StreamedSteps > 0 ? "*" : "")}<");
        Assert.HasCount(3, Regex.Matches(html, "<polyline"));
        Assert.HasCount(12, Regex.Matches(html, "<circle"));
        StringAssert.Contains(html, "* Some steps are larger than the chip");
        Assert.AreEqual("", TrafficPart.Render(SyntheticManifest.Create(4, Executor.StaticArena)));
    }

    [TestMethod]
    public void A_range_is_a_formula_a_curve_for_each_size_and_a_table()
    {
        string html = RangePart.Render(RichManifest.Create(null));
        StringAssert.Contains(html, "batch 1 to 8, seq 1 to 512");
        StringAssert.Contains(html, "<code>4096*batch</code>");
        Assert.HasCount(2, Regex.Matches(html, "<polyline"));
        StringAssert.Contains(html, "4,096 <span class=\"pill pass\">equal</span>");
        // Of one size both counts, tensors and what is required.
        Assert.HasCount(2, Regex.Matches(html, ">equal<"));
        StringAssert.Contains(html, "ONNX Runtime fuses /bias (Add) with others, and hidden, which lies at the peak here, does not exist.");
    }

    [TestMethod]
    public void Steps_are_counted_from_one_as_in_the_build_s_error()
    {
        MemoryManifest manifest = SyntheticManifest.Create(60, Executor.OnnxRuntime, 100);
        int shown = manifest.PeakStep!.Index + 1;
        StringAssert.Contains(BudgetCheck.Errors(manifest, "a.onnx")[0].Message, $"The peak is at step {shown} of 60");
        StringAssert.Contains(HtmlReport.Render(manifest), $">Step {shown} of 60, ");
        // The last step is the number of steps.
        manifest = manifest with { PeakStep = manifest.PeakStep with { Index = 59 } };
        StringAssert.Contains(BudgetCheck.Errors(manifest, "a.onnx")[0].Message, "The peak is at step 60 of 60");
    }

    [TestMethod]
    public void Hundreds_of_live_tensors_are_folded_and_summed()
    {
        MemoryManifest manifest = SyntheticManifest.Create(20, Executor.OnnxRuntime);
        manifest = manifest with { PeakStep = manifest.PeakStep! with { Live = [.. Enumerable.Range(0, 900).Select(i => new LiveTensor($"t{i}", 2048))] } };
        string html = new LivePart(manifest, new ReportNames(manifest)).Tables();
        Assert.HasCount(8 + 192 + 1 + 2, Regex.Matches(html, "<tr>"), "Eight in sight, the rest folded, one line for those beyond, two heads.");
        StringAssert.Contains(html, "892 smaller, 1.7 MiB together");
        StringAssert.Contains(html, "700 smaller ones");
    }
}
