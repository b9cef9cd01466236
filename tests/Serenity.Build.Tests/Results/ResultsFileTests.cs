using Serenity.Build.Budgets;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Results;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Results;

[TestClass]
public sealed class ResultsFileTests
{
    private static ModelResult[] Results(string folder) =>
    [
        new("models/fits.onnx", new ProjectPlace(Path.Combine(folder, "app.csproj"), 7, 5),
            new ModelFigures(5000, 3000, 500, false, 1000, new BudgetEntry(4096, BudgetVerdict.Pass, "board", 2048), 3500), [], Path.Combine(folder, "obj", "fits.memory.json"))
            {
                BaselineKey = new BaselineKey(Path.Combine(folder, "models", "fits.onnx"), "net8.0, as small/fits.onnx"),
                PlansSessions = true,
            },
        new("models/over.onnx", new ProjectPlace(Path.Combine(folder, "app.csproj"), 8, 5), new ModelFigures(5000, 4097, null, true, 1000, new BudgetEntry(4096, BudgetVerdict.Fail), null),
            [new SerenityDiagnostic("SER1001", DiagnosticSeverity.Error, "models/over.onnx", "Too \"much\".\u00fc"), new SerenityDiagnostic("SER2401", DiagnosticSeverity.Warning, "models/over.onnx", "w")]),
        new("bad.onnx", null, null, [new SerenityDiagnostic("SER1202", DiagnosticSeverity.Error, "bad.onnx", "No model.")]) { HeldTo = new MemoryBudgets(null, 1 << 20, "board") },
    ];

    [TestMethod]
    public void What_is_written_is_read_wherever_obj_is_moved_to()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "one", "obj", ResultsFile.Name), moved = Path.Combine(folder.Path, "two");
        ResultsFile.Write(path, "app (net8.0)", Results(Path.Combine(folder.Path, "one")));
        DateTime written = File.GetLastWriteTimeUtc(path);
        ResultsFile.Write(path, "app (net8.0)", Results(Path.Combine(folder.Path, "one")));
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(path), "What says the same is left alone.");
        Directory.Move(Path.Combine(folder.Path, "one"), moved);
        IReadOnlyList<ModelResult> read = ResultsFile.Read(Path.Combine(moved, "obj", ResultsFile.Name));
        foreach ((ModelResult expected, ModelResult actual) in Results(moved).Zip(read, (e, a) => (e, a)))
        {
            CollectionAssert.AreEqual(expected.Diagnostics.ToArray(), actual.Diagnostics.ToArray());
            Assert.AreEqual(expected with { Project = "app (net8.0)", Diagnostics = actual.Diagnostics }, actual);
        }
        CollectionAssert.AreEqual((ModelVerdict[])[ModelVerdict.Pass, ModelVerdict.Fail, ModelVerdict.Error], read.Select(r => r.Verdict).ToArray());
        File.WriteAllText(path = Path.Combine(moved, "broken.json"), "{");
        Assert.AreEqual("SER1602", Assert.ThrowsExactly<SerenityException>(() => ResultsFile.Read(path)).Code);
    }

    [TestMethod]
    public void The_verdict_names_each_memory_that_is_too_small_in_the_build_and_in_what_it_leaves()
    {
        using TempFolder folder = new();
        MemoriesFacts memories = new([new("DTCM", 1024, 1, MemoryUse.Activations, 1024), new("SRAM", 2048, 2, MemoryUse.Activations, 3584), new("FLASH", 10, 3, MemoryUse.Weights, 11)], 1, 1, []);
        ModelResult over = new("models/over.onnx", null, new ModelFigures(5000, 4608, null, false, 11, new BudgetEntry(null, BudgetVerdict.Fail, "board"), null) { OverMemories = OverMemory.Of(memories) },
            [new SerenityDiagnostic("SER1001", DiagnosticSeverity.Error, "models/over.onnx", "No plan was found that fits.")]);
        Assert.AreEqual("1.5 KiB over memory SRAM, 1 B over memory FLASH", over.VerdictText);
        string path = Path.Combine(folder.Path, ResultsFile.Name);
        ResultsFile.Write(path, "app", [over]);
        ModelResult read = ResultsFile.Read(path)[0];
        Assert.AreEqual((over.VerdictText, ModelVerdict.Fail), (read.VerdictText, read.Verdict));
        Assert.IsEmpty(OverMemory.Of(null));
        Assert.IsEmpty(OverMemory.Of(memories with { Memories = [memories.Memories[0]] }));
    }

    [TestMethod]
    public void A_layout_that_needs_more_than_the_portable_file_stands_beside_what_that_needs()
    {
        using TempFolder folder = new();
        ModelResult result = Results(folder.Path)[0];
        ModelFigures figures = result.Figures! with { PeakBytes = 494 << 10, WorkspaceBytes = 0, Budget = new BudgetEntry(null, BudgetVerdict.None) };
        result = result with { Figures = figures with { LargestLayout = new LayoutFigure("blocked8 or blocked16", 1507328) } };
        string path = Path.Combine(folder.Path, ResultsFile.Name);
        ResultsFile.Write(path, "app", [result]);
        IReadOnlyList<ModelResult> read = ResultsFile.Read(path);
        Assert.AreEqual(result.Figures, read[0].Figures);
        StringAssert.Contains(ResultTable.Write(read), " 494 KiB (1.4 MiB where blocked8 or blocked16 is picked) ");
    }

    [TestMethod]
    public void The_table_has_a_row_for_each_model_and_only_columns_with_something_in_them()
    {
        using TempFolder folder = new();
        ModelResult[] results = Results(folder.Path);
        string[] lines = ResultTable.Write(results).Split('\n');
        CollectionAssert.AreEqual((string[])["model", "before", "after", "change", "workspace", "needs", "baseline", "budget", "verdict"], lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.HasCount(4, lines);
        Assert.EndsWith("fits", lines[1]);
        StringAssert.Matches(lines[2], new(@"≤ 4 KiB .* 4096 bytes +1 B over budget$"));
        StringAssert.Matches(lines[3], new(@" 1 MiB of weights +error SER1202$"));
        ModelFigures held = results[0].Figures! with { WorkspaceBytes = 0, Budget = new BudgetEntry(null, BudgetVerdict.Pass, null, null, 4096), BaselineBytes = null, ProcessBytes = 2048 };
        string[] process = ResultTable.Write([results[0] with { Figures = held }]).Split('\n');
        CollectionAssert.AreEqual((string[])["model", "before", "after", "change", "process", "budget", "verdict"], process[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        StringAssert.Matches(process[1], new(@" 2 KiB +4 KiB of the process +fits$"));
        string[] bare = ResultTable.Write([results[0] with { Figures = results[0].Figures! with { WorkspaceBytes = 0, Budget = new BudgetEntry(null, BudgetVerdict.None), BaselineBytes = null } }])
            .Split('\n');
        CollectionAssert.AreEqual((string[])["model", "before", "after", "change", "verdict"], bare[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }
}
