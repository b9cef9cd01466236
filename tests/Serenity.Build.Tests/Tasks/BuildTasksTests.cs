using System.Text.RegularExpressions;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Build.Items;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Tasks;

[TestClass]
public sealed class BuildTasksTests
{
    [TestMethod]
    public void A_build_writes_model_and_manifest_and_a_second_one_does_nothing()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        CollectionAssert.AreEqual((string[])["models/a.onnx", "models/a.memory.json", "models/a.memory.plan"], project.OutputFiles.Select(o => o.GetMetadata("TargetPath").Replace('\\', '/')).ToArray());
        Assert.IsTrue(project.OutputFiles.All(o => File.Exists(o.ItemSpec)));
        DateTime written = File.GetLastWriteTimeUtc(project.Staged("models/a.memory.json"));

        Assert.IsTrue(project.Build(item));
        Assert.IsEmpty(project.Stale);
        Assert.AreEqual(1, project.EngineCalls);
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(project.Staged("models/a.memory.json")));
    }

    [TestMethod]
    [DataRow("", "", true, true, "IfDifferent", "IfDifferent")]
    [DataRow("", "", true, false, "IfDifferent", "PreserveNewest")]
    [DataRow("", "", false, false, "PreserveNewest", "PreserveNewest")]
    [DataRow("ifdifferent", "", true, false, "IfDifferent", "PreserveNewest")]
    [DataRow("IfDifferent", "IfDifferent", false, false, "PreserveNewest", "PreserveNewest")]
    [DataRow("Never", "", true, true, "Never", "Never")]
    [DataRow("PreserveNewest", "Always", true, true, "PreserveNewest", "Always")]
    public void Outputs_are_copied_as_the_item_says_or_as_the_build_can(string copy, string publish, bool copies, bool publishes, string expectedCopy, string expectedPublish)
    {
        using TestProject project = new() { CopiesIfDifferent = copies, PublishesIfDifferent = publishes };
        TaskItem item = project.Model("a.onnx");
        item.SetMetadata("CopyToOutputDirectory", copy);
        item.SetMetadata("CopyToPublishDirectory", publish);
        Assert.IsTrue(project.Build(item));
        Assert.HasCount(3, project.OutputFiles);
        foreach (ITaskItem output in project.OutputFiles)
        {
            Assert.AreEqual(expectedCopy, output.GetMetadata("CopyToOutputDirectory"));
            // What tells of a model is for those who build the app.
            Assert.AreEqual(output.ItemSpec.EndsWith(".json", StringComparison.Ordinal) ? "Never" : expectedPublish, output.GetMetadata("CopyToPublishDirectory"));
        }
        item.SetMetadata("PublishManifest", "true");
        Assert.IsTrue(project.Build(item));
        foreach (ITaskItem output in project.OutputFiles)
            Assert.AreEqual(expectedPublish, output.GetMetadata("CopyToPublishDirectory"));
    }

    [TestMethod]
    [DataRow(15360L, "2.9 KiB peak activation memory + 15 KiB kernels' workspace, ")]
    [DataRow(0L, "2.9 KiB peak activation memory, ")]
    [DataRow(null, "2.9 KiB peak activation memory, ")]
    public void The_line_about_a_model_says_all_that_a_budget_needs(long? workspace, string expected)
    {
        using TestProject project = new();
        project.Optimizer = (request, _) => TestProject.Result(request) is var result ? result with { Peak = result.Peak with { WorkspaceBytes = workspace } } : null!;
        Assert.IsTrue(project.Build(project.Model("a.onnx")));
        StringAssert.Contains(string.Join('\n', project.Engine.Said), "models/a.onnx: 4.9 KiB -> " + expected);
    }

    [TestMethod]
    public void Of_five_models_only_the_one_that_was_touched_is_made_again()
    {
        using TestProject project = new();
        ITaskItem[] items = [.. Enumerable.Range(0, 5).Select(i => project.Model($"m{i}.onnx", (ulong)i + 1))];
        Assert.IsTrue(project.Build(items));
        Assert.AreEqual(5, project.EngineCalls);
        File.SetLastWriteTimeUtc(Path.Combine(project.Folder, "models/m2.onnx"), new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.IsTrue(project.Build(items));
        CollectionAssert.AreEqual((string[])["models/m2.onnx"], project.Stale.Select(s => s.ItemSpec).ToArray());
        // Its content is known: the plan cache has the result.
        Assert.AreEqual(5, project.EngineCalls);
    }

    [TestMethod]
    [DataRow("Rewrite", "None", true)]
    [DataRow("FreeDimensions", "n=3", true)]
    [DataRow("SearchLimit", "5", true)]
    [DataRow("Executor", "StaticArena", true)]
    [DataRow("Verify", "false", true)]
    [DataRow("Fuse", "false", true)]
    [DataRow("Alignment", "64", true)]
    [DataRow("WorkLimit", "1.05", true)]
    [DataRow("MemoryBudget", "1MiB", false)]
    [DataRow("WeightBudget", "1MiB", false)]
    [DataRow("Device", "nrf52840", false)]
    [DataRow("Report", "true", false)]
    public void Metadata_that_shapes_the_result_makes_it_anew_and_no_other_does(string name, string value, bool again)
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        item.SetMetadata(name, value);
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(again ? 2 : 1, project.EngineCalls);
        Assert.HasCount(again ? 1 : 0, project.Stale);
    }

    [TestMethod]
    public void A_changed_budget_rewrites_the_verdict_and_optimizes_nothing()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(BudgetVerdict.None, project.Manifest("models/a.memory.json").Budget.Verdict);
        item.SetMetadata("MemoryBudget", "3500");
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(BudgetVerdict.Pass, project.Manifest("models/a.memory.json").Budget.Verdict);
        StringAssert.Matches(project.Summary, new Regex(@"^    a\.onnx +4\.9 KiB +2\.9 KiB +-40 % +500 B +3\.4 KiB +3\.4 KiB +fits$", RegexOptions.Multiline));
        item.SetMetadata("MemoryBudget", "3499");
        Assert.IsFalse(project.Build(item));
        Assert.IsFalse(project.Build(item), "the verdict is repeated");
        Assert.AreEqual(new BudgetEntry(3499, BudgetVerdict.Fail), project.Manifest("models/a.memory.json").Budget);
        CollectionAssert.AreEqual((string[])["SER1001"], project.Codes);
        Assert.AreEqual("models/a.onnx", project.Engine.Errors.Single().File);
        Assert.AreEqual(1, project.EngineCalls);
    }

    /// <summary>The budget chooses among plans: one is made only when the budget crosses a peak, and what was made once is kept.</summary>
    [TestMethod]
    public void A_budget_that_wants_more_work_gets_it_and_one_that_does_not_goes_back()
    {
        using TestProject project = new();
        project.Optimizer = (request, _) => TestProject.Result(request) is var result && request.WorkLimit > 1.1
            ? result with { Peak = result.Peak with { Bytes = 1500 }, Work = new(request.WorkLimit, 1.4, false) }
            : result with { Work = new(request.WorkLimit, 1, true) };
        TaskItem item = project.Model("a.onnx");
        item.SetMetadata("WorkLimit", "4");
        (string Budget, int Calls, double Ratio, BudgetVerdict Verdict)[] steps =
        [
            ("", 1, 1, BudgetVerdict.None),
            ("3500", 1, 1, BudgetVerdict.Pass),
            ("3499", 3, 1.4, BudgetVerdict.Pass),
            ("2000", 3, 1.4, BudgetVerdict.Pass),
            ("1999", 3, 1, BudgetVerdict.Fail),
            ("9KiB", 3, 1, BudgetVerdict.Pass),
        ];
        foreach ((string budget, int calls, double ratio, BudgetVerdict verdict) in steps)
        {
            item.SetMetadata("MemoryBudget", budget);
            Assert.AreEqual(verdict != BudgetVerdict.Fail, project.Build(item), budget);
            MemoryManifest manifest = ManifestJson.Read(File.ReadAllBytes(project.Staged("models/a.memory.json")), "a");
            Assert.AreEqual((calls, ratio, verdict), (project.EngineCalls, manifest.Work.Ratio, manifest.Budget.Verdict), budget);
            if (verdict == BudgetVerdict.Fail)
                StringAssert.Contains(project.Engine.Errors.Single().Message, "up to 4 times as long (WorkLimit) were tried for it, and come to 2000 bytes");
            // Nothing is left to do for the same budget.
            project.Build(item);
            Assert.IsEmpty(project.Stale, budget);
        }
    }

    [TestMethod]
    public void Five_models_over_budget_give_five_errors()
    {
        using TestProject project = new() { MemoryBudget = "1KiB" };
        ITaskItem[] items = [.. Enumerable.Range(0, 5).Select(i => project.Model($"m{i}.onnx", (ulong)i + 1))];
        Assert.IsFalse(project.Build(items));
        CollectionAssert.AreEqual(items.Select(i => i.ItemSpec).ToArray(), project.Engine.Errors.Select(e => e.File).ToArray());
        Assert.IsTrue(project.Codes.All(c => c == "SER1001"));
    }

    [TestMethod]
    public void Warnings_of_the_optimization_are_repeated_in_every_build()
    {
        using TestProject project = new();
        project.Optimizer = (request, _) => TestProject.Result(request, [new(SerenityCodes.NotProven, DiagnosticSeverity.Warning, null, "Not proven {0}.")]);
        TaskItem item = project.Model("a.onnx");
        for (int i = 0; i < 3; i++)
        {
            Assert.IsTrue(project.Build(item));
            BuildWarningEventArgs warning = project.Engine.Warnings.Single();
            Assert.AreEqual(("SER2401", "models/a.onnx", "Not proven {0}."), (warning.Code, warning.File, warning.Message));
        }
    }

    [TestMethod]
    public void A_plan_made_without_onnx_runtime_is_out_of_date_where_it_loads()
    {
        using TestProject project = new();
        project.Optimizer = (request, _) => TestProject.Result(request, [new(SerenityCodes.PlannedWithoutRuntime, DiagnosticSeverity.Warning, null, "Not run.")]);
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        project.Optimizer = (request, _) => TestProject.Result(request);
        Assert.IsTrue(project.Build(item));
        Assert.AreEqual(2, project.EngineCalls);
        Assert.IsEmpty(project.Engine.Warnings);
        Assert.IsTrue(project.Build(item));
        Assert.IsEmpty(project.Stale);
    }

    [TestMethod]
    public void Temporary_files_of_a_killed_build_go_when_they_are_old_and_no_others()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        string old = Temporary("a.onnx.0123456789abcdef0123456789abcdef.tmp", 2), young = Temporary("a.onnx.1123456789abcdef0123456789abcdef.tmp", 0);
        string others = Temporary("notes.tmp", 2), named = Temporary("0123456789abcdef0123456789abcdef.tmp", 2);
        Assert.IsTrue(project.Build(item));
        Assert.IsFalse(File.Exists(old));
        Assert.IsTrue(File.Exists(young) && File.Exists(others) && File.Exists(named));

        string Temporary(string name, int hours)
        {
            string path = project.Staged("models/" + name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "half");
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(-hours));
            return path;
        }
    }

    [TestMethod]
    public void One_model_that_fails_does_not_keep_the_others_from_being_written()
    {
        using TestProject project = new();
        project.Optimizer = (request, _) => request.ModelPath.EndsWith("m1.onnx", StringComparison.Ordinal)
            ? throw new SerenityException(SerenityCodes.UnknownSize, null, "No size {0}.")
            : TestProject.Result(request);
        ITaskItem[] items = [.. Enumerable.Range(0, 3).Select(i => project.Model($"m{i}.onnx", (ulong)i + 1))];
        Assert.IsFalse(project.Build(items));
        Assert.AreEqual(("SER1301", "models/m1.onnx", "No size {0}."), (project.Engine.Errors.Single().Code, project.Engine.Errors.Single().File, project.Engine.Errors.Single().Message));
        Assert.IsTrue(File.Exists(project.Staged("models/m0.memory.json")) && File.Exists(project.Staged("models/m2.memory.json")));
        Assert.IsFalse(File.Exists(project.Staged("models/m1.memory.json")));
        Assert.IsFalse(project.Build(items));
        CollectionAssert.AreEqual((string[])["models/m1.onnx"], project.Stale.Select(s => s.ItemSpec).ToArray());
    }

    [TestMethod]
    [DataRow(typeof(InvalidOperationException), "SER1401")]
    [DataRow(typeof(DllNotFoundException), "SER1701")]
    [DataRow(typeof(UnauthorizedAccessException), "SER1601")]
    [DataRow(typeof(OutOfMemoryException), "SER1601")]
    public void No_exception_leaves_the_task(Type type, string code)
    {
        using TestProject project = new();
        project.Optimizer = (_, _) => throw (Exception)Activator.CreateInstance(type)!;
        Assert.IsFalse(project.Build(project.Model("a.onnx")));
        Assert.AreEqual(code, project.Codes.Single());
        Assert.DoesNotContain("   at ", project.Engine.Errors.Single().Message!);
    }

    [TestMethod]
    [DataRow("Executor", "Tpu", "SER1101")]
    [DataRow("Executor", "1", "SER1101")]
    [DataRow("Rewrite", "Some", "SER1101")]
    [DataRow("Verify", "yes", "SER1101")]
    [DataRow("SearchLimit", "-1", "SER1101")]
    [DataRow("SearchLimit", "1e3", "SER1101")]
    [DataRow("Alignment", "3", "SER1101")]
    [DataRow("Alignment", "8192", "SER1101")]
    [DataRow("FreeDimensions", "batch", "SER1101")]
    [DataRow("FreeDimensions", "batch=-1", "SER1101")]
    [DataRow("FreeDimensions", "a=1;a=2", "SER1101")]
    [DataRow("MemoryBudget", "512K", "SER1101")]
    [DataRow("Header", "true", "SER1101")]
    [DataRow("Device", "toaster", "SER1102")]
    [DataRow("TargetPath", "../a.onnx", "SER1103")]
    [DataRow("TargetPath", "/a.onnx", "SER1103")]
    [DataRow("TargetPath", "C:/a.onnx", "SER1103")]
    [DataRow("TargetPath", "x//a.onnx", "SER1103")]
    [DataRow("TargetPath", "$(Typo)/a.onnx", "SER1103")]
    [DataRow("MemoryBudget", "$(Typo)", "SER1101")]
    [DataRow("MemoryBudget", "$(Typo)KiB", "SER1101")]
    [DataRow("CopyToOutputDirectory", "sometimes", "SER1101")]
    [DataRow("CopyToPublishDirectory", "sometimes", "SER1101")]
    public void A_wrong_value_is_one_clear_error_at_the_model(string name, string value, string code)
    {
        using TestProject project = new();
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, (name, value))));
        BuildErrorEventArgs error = project.Engine.Errors.Single();
        Assert.AreEqual((code, "models/a.onnx"), (error.Code, error.File));
        Assert.Contains(value, error.Message!);
    }

    /// <summary>As the package's item definitions hand it over: the item's value and the project's are the same text.</summary>
    [TestMethod]
    public void A_header_is_the_project_s_default_where_there_can_be_one()
    {
        using TestProject project = new();
        TaskItem arena = project.Model("a.onnx", 1, ("Header", "true"), ("_DefaultHeader", "true"), ("Executor", "StaticArena"));
        TaskItem runtime = project.Model("b.onnx", 2, ("Header", "true"), ("_DefaultHeader", "true"));
        Assert.IsTrue(Read(project, arena).Header);
        Assert.IsFalse(Read(project, runtime).Header);
        // Said by the item itself it is wrong, whatever the project says.
        runtime.SetMetadata("_DefaultHeader", "false");
        Assert.IsFalse(project.Build(runtime));
        CollectionAssert.AreEqual((string[])["SER1101"], project.Codes);
    }

    [TestMethod]
    [DataRow("n=3", "n=3", true)]
    [DataRow("n=3", "n=4", false)]
    [DataRow("n=3", "", false)]
    [DataRow("", "", false)]
    public void The_engine_is_told_whose_free_dimensions_they_are(string own, string project, bool expected)
    {
        using TestProject folder = new();
        TaskItem item = folder.Model("a.onnx", 1, ("FreeDimensions", own), ("_DefaultFreeDimensions", project));
        Build.Items.ModelItem model = Read(folder, item);
        Assert.AreEqual(expected, model.Request.FreeDimensionsAreDefaults);
        Assert.AreEqual(!expected, model.OptionsKey == (model with { Request = model.Request with { FreeDimensionsAreDefaults = false } }).OptionsKey, "The same sizes said by the item are another request.");
    }

    [TestMethod]
    public void The_manifest_does_not_tell_sizes_that_the_model_has_no_use_for()
    {
        using TestProject project = new() { Optimizer = Onnx.Pipeline.ModelOptimizer.Finish };
        Assert.IsTrue(project.Build(project.Model("a.onnx", 1, ("FreeDimensions", "n=3"), ("_DefaultFreeDimensions", "n=3"))));
        Assert.IsEmpty(project.Manifest("models/a.memory.json").Options.Get(ModelOptions.FreeDimensions));
    }

    [TestMethod]
    public void Memories_of_a_device_are_planned_for_and_each_is_a_budget()
    {
        using TestProject project = new() { Optimizer = (request, cancellation) => Onnx.Pipeline.ModelOptimizer.Optimize(request, cancellation) };
        project.Devices.Add(new TaskItem("my-board", new Dictionary<string, string> { ["Memories"] = "FAST=1KiB@1;SLOW=64KiB@3" }));
        project.Memories.Add(new TaskItem("Fast", new Dictionary<string, string> { ["Device"] = "small", ["Size"] = "64B", ["Cost"] = "1" }));
        project.Memories.Add(new TaskItem("Slow", new Dictionary<string, string> { ["Device"] = "small", ["Size"] = "128", ["Cost"] = "2.5" }));
        (string, string)[] arena = [("Executor", "StaticArena"), ("Header", "true")];
        TaskItem fits = project.Model("a.onnx", 1, [.. arena, ("Device", "my-board")]), small = project.Model("b.onnx", 1, [.. arena, ("Device", "small")]);
        Assert.IsFalse(project.Build(fits, small));
        Assert.IsTrue(project.Codes.All(code => code == "SER1001"));
        StringAssert.Contains(project.Engine.Errors.First().Message, "No plan was found that fits into the memories");

        MemoryManifest manifest = project.Manifest("models/a.memory.json");
        Assert.AreEqual(BudgetVerdict.Pass, manifest.Budget.Verdict);
        Assert.IsTrue(manifest.Memories is { Fits: true, Memories.Count: 2 });
        Assert.IsTrue(manifest.Tensors.Where(t => t.Offset is not null).All(t => t.Memory is "FAST" or "SLOW"));
        StringAssert.Contains(File.ReadAllText(Directory.GetFiles(project.Folder, "a.memory.h", SearchOption.AllDirectories).Single()), "#define A_FAST_BYTES");
    }

    [TestMethod]
    public void Memories_alone_limit_no_session_so_that_a_budget_is_asked_for()
    {
        using TestProject project = new();
        project.Devices.Add(new TaskItem("my-board", new Dictionary<string, string> { ["Memories"] = "FAST=1KiB@1;SLOW=64KiB@3" }));
        project.Devices.Add(new TaskItem("my-module", new Dictionary<string, string> { ["Memories"] = "FAST=1KiB@1;SLOW=64KiB@3", ["MemoryBudget"] = "64KiB" }));
        TaskItem none = project.Model("a.onnx", 1, ("Device", "my-board"));
        Assert.IsFalse(project.Build(none));
        CollectionAssert.AreEqual((string[])["SER1101"], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, "Device=\"my-board\" states memories and no MemoryBudget");

        Assert.IsTrue(project.Build(project.Model("b.onnx", 2, ("Device", "my-module")), project.Model("c.onnx", 3, ("Device", "my-board"), ("MemoryBudget", "1MiB"))), string.Join('\n', project.Engine.Errors.Select(e => e.Message)));
        Assert.AreEqual(64 * 1024, project.Manifest("models/b.memory.json").Budget.MemoryBytes);
        Assert.IsNull(project.Manifest("models/b.memory.json").Memories, "A session has one memory.");
        Assert.AreEqual(1 << 20, project.Manifest("models/c.memory.json").Budget.MemoryBytes);
    }

    [TestMethod]
    public void A_memory_of_a_known_board_is_added_to_those_it_has_or_takes_the_place_of_its_namesake()
    {
        static TaskItem Memory(string name, string size) => new(name, new Dictionary<string, string> { ["Device"] = "STM32H743", ["Size"] = size, ["Cost"] = "9.6" });
        DeviceItems devices = new([], "", "", "", memories: [Memory("SDRAM", "32MiB"), Memory("axi", "384KiB")]);
        TaskItem model = new("a.onnx", new Dictionary<string, string> { ["Executor"] = "StaticArena", ["Device"] = "stm32h743" });
        devices.SettleMemories(model);
        Assert.AreEqual("DTCM=131072@1;SRAM123=294912@4;SRAM4=65536@4;SDRAM=33554432@9.6;axi=393216@9.6", model.GetMetadata("Memories"));
    }

    [TestMethod]
    public void Memories_may_be_called_as_macros_of_the_header_are()
    {
        using TestProject project = new() { Optimizer = (request, cancellation) => Onnx.Pipeline.ModelOptimizer.Optimize(request, cancellation) };
        const string memories = "ALIGNMENT=64B@1;step-count=96B@1.5;A=128B@2;A_BYTES=1KiB@2.5;move.count=2KiB@3;B_BYTES=2KiB@4;B=2KiB@5";
        Assert.IsTrue(project.Build(project.Model("a.onnx", 1, ("Executor", "StaticArena"), ("Header", "true"), ("Memories", memories))));
        string header = File.ReadAllText(Directory.GetFiles(project.Folder, "a.memory.h", SearchOption.AllDirectories).Single());
        string[] macros = [.. header.Split('\n').Where(line => line.StartsWith("#define ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1])];
        CollectionAssert.AllItemsAreUnique(macros);
        CollectionAssert.IsSubsetOf(new[] { "A_ALIGNMENT", "A_STEP_COUNT", "A_MOVE_COUNT", "A_ALIGNMENT_2", "A_A", "A_A_BYTES" }, macros);
    }

    [TestMethod]
    [DataRow("FAST", "is not of the form name=size@cost")]
    [DataRow("FAST:weights=1KiB", "is not of the form name=size@cost")]
    [DataRow("FAST=1KiB:weights@2", "is not of the form name=size@cost")]
    [DataRow("FAST=1KiB@0", "no cost of an access")]
    [DataRow("FAST=1KiB@1;fast=2KiB@2", "is given twice")]
    [DataRow("FLASH=1KiB@1:weights", "must hold activations")]
    [DataRow("1=1KiB@1", "no name of a memory")]
    [DataRow("A=1KiB@1:all", "activations, weights or both")]
    public void Memories_that_are_not_understood_are_an_error_in_words(string memories, string words)
    {
        using TestProject project = new();
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("Executor", "StaticArena"), ("Memories", memories))));
        CollectionAssert.AreEqual((string[])["SER1101"], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, words);
    }

    [TestMethod]
    [DataRow("A=1KiB;B=2KiB@2;C=3KiB:both", "A=1024@1;B=2048@2;C=3072@1:both")]
    public void An_access_costs_one_where_nothing_is_said_of_it(string memories, string expected) =>
        Assert.AreEqual(expected, ModelOptions.Memories.Format(ModelOptions.Memories.Read(memories, "Memories", "a.onnx")));

    [TestMethod]
    public void Memories_need_an_executor_that_places_tensors()
    {
        using TestProject project = new();
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("Memories", "A=1KiB@1;B=1MiB@2"))));
        StringAssert.Contains(project.Engine.Errors.Single().Message, "Memories needs the executor StaticArena");
    }

    [TestMethod]
    public void A_device_without_a_budget_is_an_error_that_names_it()
    {
        using TestProject project = new();
        project.Devices.Add(new TaskItem("my-board"));
        Assert.IsFalse(project.Build(project.Model("a.onnx")));
        CollectionAssert.AreEqual((string[])["SER1101"], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, "'my-board' has neither MemoryBudget nor WeightBudget");
    }

    [TestMethod]
    public void A_device_that_is_not_known_is_told_before_anything_is_planned_for_it()
    {
        using TestProject project = new();
        TaskItem wrong = project.Model("a.onnx", 1, ("Device", "toaster"), ("WeightBudget", "1MiB")), other = project.Model("b.onnx", 2, ("MemoryBudget", "1MiB"));
        Assert.IsFalse(project.Build(wrong, other));
        CollectionAssert.AreEqual((string[])["SER1102"], project.Codes);
        Assert.AreEqual(1, project.EngineCalls, "The other is planned, and has its verdict.");
        project.Device = "toaster";
        Assert.IsFalse(project.Build(project.Model("c.onnx", 3), project.Model("d.onnx", 4)));
        CollectionAssert.AreEqual((string[])["SER1102", "SER1102"], project.Codes);
        project.MemoryBudget = "lots";
        Assert.IsFalse(project.Build(project.Model("e.onnx", 5)));
        CollectionAssert.AreEqual((string[])["SER1101"], project.Codes);
        Assert.AreEqual(1, project.EngineCalls, "Nothing was planned for a budget that is not known.");
    }

    [TestMethod]
    public void The_row_of_a_model_without_figures_says_what_it_is_held_to()
    {
        using TestProject project = new();
        project.Optimizer = (_, _) => throw new SerenityException(SerenityCodes.RuntimeRefuses, "x", "No.");
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("MemoryBudget", "48KiB")), project.Model("b.onnx", 1, ("Verify", "maybe"), ("Device", "nrf52832"))));
        string table = project.Engine.Said.Single(m => m.Contains("error SER1206", StringComparison.Ordinal));
        StringAssert.Matches(table, new(@"a\.onnx .* 48 KiB +error SER1206"));
        StringAssert.Matches(table, new(@"b\.onnx .* 64 KiB +error SER1101"));
    }

    [TestMethod]
    public void A_device_that_is_not_understood_hides_no_verdict()
    {
        using TestProject project = new();
        project.Devices.Add(new TaskItem("my-board"));
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("MemoryBudget", "1B")), project.Model("b.onnx", 2, ("Device", "my-board"))));
        CollectionAssert.AreEquivalent((string[])["SER1101", "SER1001", "SER1101"], project.Codes);
        Assert.HasCount(1, project.Engine.Errors.Where(e => e.Message!.Contains("Device=\"my-board\" is not held to anything", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("my-board", "none", "SerenityMemory Fast")]
    [DataRow("", "1KiB", "SerenityMemory Fast")]
    public void A_memory_that_is_not_understood_hides_no_verdict(string device, string size, string file)
    {
        using TestProject project = new();
        project.Memories.Add(new TaskItem("Fast", new Dictionary<string, string> { ["Device"] = device, ["Size"] = size }));
        string[] expected = device.Length > 0 ? ["SER1101", "SER1001", "SER1101"] : ["SER1101", "SER1001", "SER1102"];
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("MemoryBudget", "1B")), project.Model("b.onnx", 2, ("Device", "my-board"))));
        CollectionAssert.AreEquivalent(expected, project.Codes);
        Assert.HasCount(1, project.Engine.Errors.Where(e => e.Message!.Contains("The SerenityMemory item 'Fast'", StringComparison.Ordinal)), file);
    }

    [TestMethod]
    public void A_memory_of_a_mistyped_device_is_an_error_that_names_the_device_meant()
    {
        using TestProject project = new();
        project.Devices.Add(new TaskItem("sensor-v1", new Dictionary<string, string> { ["MemoryBudget"] = "1MiB" }));
        foreach ((string memory, string device) in ((string, string)[])[("Fast", "sensor-v1"), ("Slow", "sensor-v2"), ("Far", "own-board"), ("Near", "stm32h743i-evall")])
            project.Memories.Add(new TaskItem(memory, new Dictionary<string, string> { ["Device"] = device, ["Size"] = "1MiB" }));
        // A device of memories alone is one that a model names.
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("Device", "own-board"), ("Executor", "StaticArena"))));
        CollectionAssert.AreEqual((string[])["SER1102", "SER1102"], project.Codes);
        Assert.Contains("Device=\"sensor-v2\" is not known. Did you mean sensor-v1?", project.Engine.Errors.First().Message!);
        Assert.Contains("Device=\"stm32h743i-evall\" is not known. Did you mean stm32h743i-eval?", project.Engine.Errors.Last().Message!);
    }

    [TestMethod]
    public void All_mistakes_of_a_device_and_its_memories_are_told_in_one_build()
    {
        using TestProject project = new();
        project.Devices.Add(new TaskItem("board", new Dictionary<string, string> { ["MemoryBudget"] = "much", ["WeightBudget"] = "more", ["Memories"] = "A=1KiB@x;B=y@1:none" }));
        project.Memories.Add(new TaskItem("Fast", new Dictionary<string, string> { ["Device"] = "board", ["Size"] = "big", ["Cost"] = "cheap", ["Holds"] = "all" }));
        project.Memories.Add(new TaskItem("Slow", new Dictionary<string, string> { ["Device"] = "board", ["Size"] = "small" }));
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("Device", "board"))));
        string said = string.Join('\n', project.Engine.Errors.Select(e => e.Message));
        foreach (string mistake in (string[])["much", "more", "'x' of A", "'y' of B", "'none' of B", "'big' of Fast", "'cheap' of Fast", "'all' of Fast", "'small' of Slow"])
            Assert.Contains(mistake, said);
    }

    [TestMethod]
    public void All_values_that_are_not_understood_are_told_in_one_build()
    {
        using TestProject project = new();
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("Rewrite", "Al"), ("Threads", "many"), ("Verify", "ture"))));
        string message = project.Engine.Errors.Single().Message!;
        foreach (string part in (string[])["Rewrite=\"Al\" is not understood", "Did you mean All?", "Threads=\"many\" is not understood", "Verify=\"ture\" is not understood", "Did you mean true?"])
            StringAssert.Contains(message, part);
    }

    [TestMethod]
    [DataRow("MemryBudget", "MemoryBudget")]
    [DataRow("memmoryBuget", "MemoryBudget")]
    [DataRow("Reports", "Report")]
    [DataRow("Verfy", "Verify")]
    [DataRow("Fuze", "Fuse")]
    [DataRow("Budget", "MemoryBudget")]
    [DataRow("Kind", "")]
    [DataRow("verify", null)]
    [DataRow("Link", null)]
    [DataRow("LinkBase", null)]
    [DataRow("Visible", null)]
    [DataRow("Pack", null)]
    [DataRow("_Verfy", null)]
    [DataRow("Directory", null)]
    [DataRow("PackagePath", null)]
    public void Metadata_that_nothing_reads_gives_one_warning_in_every_build(string name, string? meant)
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        if (name != "Directory")
            item.SetMetadata(name, "true");
        for (int i = 0; i < 2; i++)
        {
            Assert.IsTrue(project.Build(item));
            BuildWarningEventArgs[] warnings = [.. project.Engine.Warnings.Where(w => w.Code == SerenityCodes.UnreadName)];
            Assert.HasCount(meant is null ? 0 : 1, warnings);
            if (meant is null)
                continue;
            Assert.AreEqual("models/a.onnx", warnings[0].File);
            StringAssert.StartsWith(warnings[0].Message, $"{name} is not metadata of a SerenityModel item, so it changes nothing. {(meant.Length > 0 ? $"Did you mean {meant}?" : "It can have MemoryBudget, ")}");
        }
    }

    [TestMethod]
    public void A_misspelt_budget_of_a_device_is_warned_about_beside_the_error_it_makes()
    {
        using TestProject project = new();
        project.Devices.Add(new TaskItem("my-board", new Dictionary<string, string> { ["MemoryBuget"] = "1MiB" }));
        Assert.IsFalse(project.Build(project.Model("a.onnx")));
        Assert.AreEqual("SER2101", project.Engine.Warnings.Single().Code);
        StringAssert.Contains(project.Engine.Warnings.Single().Message, "of a SerenityDevice item");
    }

    [TestMethod]
    [DataRow("models/", "This is a folder")]
    [DataRow("https://example.com/net.onnx", "This is an address")]
    [DataRow("https:/example.com/net.onnx", "This is an address")]
    public void What_is_no_file_is_said_to_be_none(string item, string words)
    {
        using TestProject project = new();
        Assert.IsFalse(project.Build(new TaskItem(item)));
        CollectionAssert.AreEqual((string[])["SER1201"], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, words);
    }

    [TestMethod]
    public void A_missing_model_and_a_clash_of_outputs_are_all_reported_at_once()
    {
        using TestProject project = new();
        TaskItem missing = new("models/none.onnx");
        TaskItem twin = project.Model("b.onnx", 2, ("TargetPath", "models/A.onnx"));
        Assert.IsFalse(project.Build(project.Model("a.onnx"), missing, twin));
        CollectionAssert.AreEqual((string[])["SER1201", "SER1103"], project.Codes);
    }

    [TestMethod]
    public void Outputs_that_were_lost_or_altered_are_made_again()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        foreach (Action<string> harm in (Action<string>[])[
            f => File.Delete(Path.Combine(f, "a.onnx")), f => File.AppendAllText(Path.Combine(f, "a.onnx"), "x"), f => File.Delete(Path.Combine(f, "a.memory.json")),
            f => File.Delete(Path.Combine(f, "a.onnx.state")), f => File.WriteAllText(Path.Combine(f, "a.onnx.state"), "serenity-state 1\noptions x\nin 1"), _ => { }])
        {
            harm(project.Staged("models").TrimEnd('/'));
            Assert.IsTrue(project.Build(item));
            Assert.AreEqual(project.Manifest("models/a.memory.json").Output.Sha256, Build.Identity.ContentHash.OfFile(project.Staged("models/a.onnx")));
        }
        Assert.AreEqual(1, project.EngineCalls, "always from the plan cache");
    }

    [TestMethod]
    public void A_damaged_manifest_is_an_error_once_and_mended_by_the_next_build()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx");
        Assert.IsTrue(project.Build(item));
        File.WriteAllText(project.Staged("models/a.memory.json"), "{\"version\": 1");
        Assert.IsFalse(project.Build(item));
        CollectionAssert.AreEqual((string[])["SER1602"], project.Codes);
        Assert.IsTrue(project.Build(item));
    }

    [TestMethod]
    public void The_report_follows_the_verdict()
    {
        using TestProject project = new();
        TaskItem item = project.Model("a.onnx", 1, ("Report", "true"));
        Assert.IsTrue(project.Build(item));
        string report = project.Staged("models/a.memory.html");
        string before = File.ReadAllText(report);
        Assert.IsTrue(project.OutputFiles.Any(o => o.ItemSpec == report));
        item.SetMetadata("MemoryBudget", "1MiB");
        Assert.IsTrue(project.Build(item));
        Assert.AreNotEqual(before, File.ReadAllText(report));
    }

    [TestMethod]
    public void Cancelling_ends_the_task_at_once_and_writes_nothing()
    {
        using TestProject project = new();
        using ManualResetEventSlim started = new(), release = new();
        // A native call that does not listen.
        project.Optimizer = (request, _) =>
        {
            started.Set();
            release.Wait(CancellationToken.None);
            return TestProject.Result(request);
        };
        Build.Tasks.SerenityOptimize task = project.Optimize([project.Model("a.onnx")]);
        System.Threading.Tasks.Task<bool> run = System.Threading.Tasks.Task.Run(task.Execute);
        started.Wait();
        task.Cancel();
        Assert.IsTrue(run.Wait(TimeSpan.FromMinutes(2)), "the task waits for the native call");
        Assert.IsFalse(run.Result);
        Assert.IsEmpty(project.Codes);
        release.Set();
        Thread.Sleep(50);
        Assert.IsFalse(File.Exists(project.Staged("models/a.onnx")));
    }

    private static Build.Items.ModelItem Read(TestProject project, ITaskItem item) => Build.Items.ModelItem.Read(item, project.Folder, project.Staged(""));
}
