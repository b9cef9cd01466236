using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Budgets;

[TestClass]
public sealed class BudgetCheckTests
{
    [TestMethod]
    [DataRow(3499L, BudgetVerdict.Fail)]
    [DataRow(3500L, BudgetVerdict.Pass)]
    public void Activations_and_workspace_are_held_against_the_budget_to_the_byte(long budget, BudgetVerdict expected)
    {
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(bytes: 3000, workspace: 500), new MemoryBudgets(budget, null, null));
        Assert.AreEqual(expected, manifest.Budget.Verdict);
        Assert.HasCount(expected == BudgetVerdict.Fail ? 1 : 0, BudgetCheck.Errors(manifest, "net.onnx"));
    }

    [TestMethod]
    [DataRow(null, 4000L, Executor.OnnxRuntime, true)]
    [DataRow(0L, 4000L, Executor.OnnxRuntime, false)]
    [DataRow(null, null, Executor.OnnxRuntime, false)]
    [DataRow(null, 2999L, Executor.OnnxRuntime, false)]
    [DataRow(null, 4000L, Executor.StaticArena, false)]
    public void A_budget_that_passes_without_the_workspace_is_warned_of(long? workspace, long? budget, Executor executor, bool expected)
    {
        SerenityDiagnostic? warning = BudgetCheck.Unmeasured(3000, workspace, executor, budget, [], "net.onnx");
        Assert.AreEqual(expected ? "SER2502" : null, warning?.Code);
        if (expected)
        {
            StringAssert.Contains(warning!.Message, "Let verification run");
            SerenityDiagnostic leftOut = BudgetCheck.Unmeasured(3000, workspace, executor, budget, [new WarningEntry("SER2501", "Too large.")], "net.onnx")!;
            Assert.DoesNotContain("Let verification run", leftOut.Message, "It was on.");
            StringAssert.Contains(leftOut.Message, "Leave room");
        }
        Assert.IsNull(BudgetCheck.Unmeasured(3000, workspace, executor, budget, [new WarningEntry("SER2701", "No ONNX Runtime here.")], "net.onnx"));
    }

    [TestMethod]
    [DataRow(3686L, 0L, null)]
    [DataRow(3687L, 0L, "The model fits, with little to spare: it takes 3.6 KiB of the memory budget of 4 KiB (90 %) (WarnAt=\"90%\").")]
    [DataRow(4095L, 1000L, "The model fits, with little to spare: it takes 4095 bytes of the memory budget of 4096 bytes (100 %) and 1000 B of the weight budget of 1 KiB (97.7 %) (WarnAt=\"90%\").")]
    [DataRow(4097L, 0L, null)]
    public void A_model_that_nearly_fills_its_budget_is_warned_of(long needed, long weights, string? expected)
    {
        BudgetEntry budget = BudgetCheck.Judge(needed, weights, new MemoryBudgets(4096, 1024, null));
        Assert.AreEqual(expected, BudgetCheck.Near(needed, weights, budget, 90, "net.onnx")?.Message);
        Assert.IsNull(BudgetCheck.Near(needed, weights, budget, null, "net.onnx"));
    }

    [TestMethod]
    [DataRow(1000L, 1000L, BudgetVerdict.Pass)]
    [DataRow(1001L, 1000L, BudgetVerdict.Fail)]
    [DataRow(null, 1000L, BudgetVerdict.Fail)]
    public void The_process_has_a_budget_of_its_own_and_what_is_not_known_does_not_pass(long? process, long budget, BudgetVerdict expected)
    {
        MemoryManifest manifest = TestManifest.Create();
        manifest = BudgetCheck.Apply(manifest with { Peak = manifest.Peak with { ProcessBytes = process } }, new MemoryBudgets(null, null, null, budget));
        Assert.AreEqual(expected, manifest.Budget.Verdict);
        IReadOnlyList<SerenityDiagnostic> errors = BudgetCheck.Errors(manifest, "net.onnx");
        Assert.HasCount(expected == BudgetVerdict.Fail ? 1 : 0, errors);
        Assert.IsTrue(errors.All(e => e.Code == "SER1005" && e.Message.Contains(process is null ? "not known" : "ProcessBudget=", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Runs_at_a_time_count_against_the_budget()
    {
        MemoryManifest manifest = TestManifest.Create(bytes: 3000, workspace: 500);
        manifest = manifest with { Peak = manifest.Peak with { Runs = 3 } };
        Assert.AreEqual(BudgetVerdict.Pass, BudgetCheck.Apply(manifest, new MemoryBudgets(10500, null, null)).Budget.Verdict);
        MemoryManifest over = BudgetCheck.Apply(manifest, new MemoryBudgets(10499, null, null));
        Assert.Contains("3 runs at a time, each 3000 for tensors, 500 for kernels' workspace", BudgetCheck.Errors(over, "net.onnx").Single().Message);
    }

    [TestMethod]
    public void Each_memory_of_a_device_is_a_budget()
    {
        Assert.AreEqual(BudgetVerdict.Pass, BudgetCheck.Apply(TestManifest.OverMemories(1564), MemoryBudgets.None).Budget.Verdict);
        MemoryManifest over = BudgetCheck.Apply(TestManifest.OverMemories(1500), MemoryBudgets.None);
        Assert.AreEqual(BudgetVerdict.Fail, over.Budget.Verdict);
        SerenityDiagnostic error = BudgetCheck.Errors(over, "net.onnx").Single();
        Assert.AreEqual("SER1001", error.Code);
        foreach (string part in (string[])["'AXI' would have to hold", "1564 of 1500, 64 too much", "'DTCM' (1.5 KiB of 4 KiB)", "To make it fit"])
            Assert.Contains(part, error.Message);
        Assert.Contains("The least that passes now, the other memories as they are: DTCM=5KiB.", error.Message);
        MemoriesFacts facts = over.Memories!;
        MemoryManifest both = over with { Memories = facts with { Memories = [facts.Memories[0], facts.Memories[1] with { LeastBytes = 2000 }, facts.Memories[2]] } };
        Assert.Contains("as they are: DTCM=5KiB or AXI=2KiB.", BudgetCheck.Errors(both, "net.onnx").Single().Message);
        MemoryManifest neither = over with { Memories = facts with { Memories = [.. facts.Memories.Select(m => m with { LeastBytes = null })] } };
        Assert.DoesNotContain("The least that passes", BudgetCheck.Errors(neither, "net.onnx").Single().Message);
        // Read without the rest, as in every build.
        byte[] text = ManifestJson.Write(over);
        Assert.IsFalse(ManifestHead.Read(text, "m").MemoriesFit);
        Assert.IsNull(ManifestHead.Read(ManifestJson.Write(TestManifest.Create()), "m").MemoriesFit);
    }

    [TestMethod]
    public void The_largest_block_of_a_device_is_no_budget_where_its_memories_are() =>
        Assert.IsNull(BudgetCheck.Apply(TestManifest.OverMemories(), new MemoryBudgets(512 * 1024, null, "stm32h743")).Budget.MemoryBytes);

    [TestMethod]
    public void Without_a_budget_there_is_no_verdict()
    {
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(), MemoryBudgets.None);
        Assert.AreEqual(BudgetVerdict.None, manifest.Budget.Verdict);
        Assert.IsEmpty(BudgetCheck.Errors(manifest, "net.onnx"));
    }

    [TestMethod]
    public void The_error_says_how_much_where_why_and_what_to_do()
    {
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(lowerBound: 2500), new MemoryBudgets(3000, null, "nrf52840"));
        SerenityDiagnostic error = BudgetCheck.Errors(manifest, "models/net.onnx").Single();
        Assert.AreEqual("SER1001", error.Code);
        Assert.AreEqual("models/net.onnx", error.File);
        foreach (string part in (string[])["needs 3.4 KiB", "is 2.9 KiB.", "3500 of 3000, 500 too much (3000 for tensors, 500 for kernels' workspace)", "device 'nrf52840'", "step 2 of 3", "'relu \"1\"'", "'a' (1500 bytes)",
            "as low as 2500 bytes", "Rewrite=\"All\"", "SearchLimit", "FreeDimensions", "MemoryBudget=\"4KiB\""])
            Assert.Contains(part, error.Message);
    }

    [TestMethod]
    [DataRow(2000L, 3)]
    [DataRow(2749L, 3)]
    [DataRow(2750L, 4, DisplayName = "Held against another budget than it was made for: the file at hand decides.")]
    public void The_least_budget_that_passes_is_that_of_the_longest_run_that_may_be(long budget, int kibibytes)
    {
        // 3,500 bytes as it is, 2,750 with rewrites up to WorkLimit.
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(), new MemoryBudgets(budget, null, null));
        Assert.Contains($"The least budget that passes now is MemoryBudget=\"{kibibytes}KiB\".", BudgetCheck.Errors(manifest, "x").Single().Message);
        MemoryManifest untried = manifest with { Work = manifest.Work with { MostLimit = null, LeastBytes = null } };
        Assert.Contains("MemoryBudget=\"4KiB\"", BudgetCheck.Errors(untried, "x").Single().Message);
    }

    [TestMethod]
    [DataRow(1, 900L, 10_000L, "while loading 9.8 KiB, weights 2 KiB, session 1 KiB, prepacked weights 1 B, runtime library 1 B", 13_074L)]
    [DataRow(3, 900L, 10L, "kernels' workspace 7.9 KiB in 3 runs, activations 2.6 KiB in 3 runs, weights 2 KiB, session 1 KiB, inputs 30 B in 3 runs, prepacked weights 1 B, runtime library 1 B", 13_904L)]
    public void The_parts_of_the_process_are_those_that_its_sum_is_of(int runs, long activations, long loading, string parts, long sum)
    {
        (MemoryPool Pool, long Bytes)[] pools =
        [
            (MemoryPool.Activations, activations), (MemoryPool.Workspace, 2700), (MemoryPool.Inputs, 10), (MemoryPool.Weights, 2048), (MemoryPool.PrepackedWeights, 1),
            (MemoryPool.Session, 1024), (MemoryPool.Library, 1), (MemoryPool.Loading, loading), (MemoryPool.HeapGaps, 50_000),
        ];
        MemoryAccount account = new([.. pools.Select(p => new PoolAccount(p.Pool, [new MemoryPart("all", p.Bytes, FigureBasis.Planned)]))])
        { Runs = runs };
        MemoryManifest manifest = TestManifest.Create();
        manifest = manifest with { Peak = manifest.Peak with { ProcessBytes = account.ProcessBytes }, Plans = [manifest.Plans[0] with { Account = account }] };
        Assert.AreEqual(sum, account.ProcessBytes);
        Assert.Contains($"It is made of {parts}; the app", BudgetCheck.Errors(BudgetCheck.Apply(manifest, new MemoryBudgets(null, null, null, 1000)), "x").Single().Message);
    }

    [TestMethod]
    [DataRow(MemoryUse.Weights)]
    [DataRow(MemoryUse.Both)]
    public void Weights_that_no_memory_has_room_for_are_said_to_be_what_is_too_large(MemoryUse holds)
    {
        MemoryManifest manifest = TestManifest.OverMemories();
        MemoriesFacts facts = manifest.Memories!;
        manifest = manifest with { Memories = facts with { Memories = [.. facts.Memories.Take(2), facts.Memories[2] with { Bytes = 900, Holds = holds, UsedBytes = 1000 }] } };
        MemoryManifest over = BudgetCheck.Apply(manifest, new MemoryBudgets(null, null, "my-board"));
        string message = BudgetCheck.Errors(over, "x").Single().Message;
        Assert.StartsWith("The model's weights take 1000 B, and what may hold them of the memories of device 'my-board' is 900 B: 'FLASH'. In bytes: 1000 of 900, 100 too much.", message);
        Assert.Contains("quantize or prune", message);
        Assert.DoesNotContain("To make it fit", message);
    }

    [TestMethod]
    public void The_error_says_when_no_order_fits()
    {
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(lowerBound: 3000, optimal: true), new MemoryBudgets(1024, null, null));
        Assert.Contains("No order of this graph fits: the least is 3000 bytes (2.9 KiB).", BudgetCheck.Errors(manifest, "x").Single().Message);
    }

    [TestMethod]
    public void The_error_says_what_to_do_even_where_order_and_rewrites_can_give_no_more()
    {
        MemoryManifest manifest = TestManifest.Create(lowerBound: 3000, optimal: true);
        manifest = manifest with { Options = OptionValues.Default };
        string message = BudgetCheck.Errors(BudgetCheck.Apply(manifest, new MemoryBudgets(1024, null, null)), "x").Single().Message;
        Assert.Contains("To make it fit: make the tensors named here smaller", message);
        Assert.DoesNotContain("Rewrite=", message);
    }

    [TestMethod]
    public void The_error_says_what_ONNX_Runtime_holds_for_reuse_and_a_name_cannot_break_its_line()
    {
        MemoryManifest manifest = TestManifest.Create(lowerBound: 2500);
        manifest = manifest with
        {
            Peak = manifest.Peak with { LiveBytes = manifest.Peak.Bytes - 64 },
            PeakStep = manifest.PeakStep! with { Node = "a\nb\u001b[2J", Live = [new LiveTensor(new string('t', 5000), 1500)] },
        };
        string message = BudgetCheck.Errors(BudgetCheck.Apply(manifest, new MemoryBudgets(1024, null, null)), "x").Single().Message;
        Assert.Contains("holds 64 bytes of it", message);
        Assert.Contains("'a\\u000ab\\u001b[2J'", message);
        Assert.IsLessThan(1500, message.Length);
    }

    [TestMethod]
    public void Weights_have_an_error_of_their_own()
    {
        MemoryManifest manifest = BudgetCheck.Apply(TestManifest.Create(weights: 1001), new MemoryBudgets(3400, 1000, null));
        CollectionAssert.AreEqual((string[])["SER1001", "SER1002"], BudgetCheck.Errors(manifest, "x").Select(e => e.Code).ToArray());
        Assert.AreEqual(BudgetVerdict.Fail, manifest.Budget.Verdict);
    }

    [TestMethod]
    [DataRow(100L, 10L, null, false)]
    [DataRow(100L, 10L, 99L, false)]
    [DataRow(100L, 10L, 100L, true)]
    [DataRow(100L, 10L, 159L, true)]
    [DataRow(100L, 10L, 160L, false)]
    [DataRow(null, 10L, 160L, false)]
    public void A_process_that_fits_only_where_freed_memory_is_given_back_is_warned_of(long? process, long required, long? limit, bool warns)
    {
        BudgetEntry judged = BudgetCheck.Judge(required, 0, new MemoryBudgets(null, null, null, limit), process);
        SerenityDiagnostic? warning = BudgetCheck.MayGrow(required, process, judged, "net.onnx");
        Assert.AreEqual(warns ? ("SER2003", DiagnosticSeverity.Warning) : default((string, DiagnosticSeverity)?), warning is null ? null : (warning.Code, warning.Severity));
    }
}
