using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Tasks;

/// <summary>Which models are the project's, and what is said of those that are not.</summary>
[TestClass]
public sealed class ProjectModelsTests
{
    [TestMethod]
    public void What_the_package_wrote_is_no_model_wherever_it_lies()
    {
        using TestProject project = new() { Optimizer = (request, _) => Changed(request) };
        TaskItem source = project.Model("a.onnx");
        Assert.IsTrue(project.Build(source));
        TaskItem own = Copy(project, "obj/models/a", "published/models/a");
        for (int i = 0; i < 2; i++)
        {
            Assert.IsTrue(project.Build(source, own, Item("obj/models/a.onnx")));
            Assert.IsEmpty(project.Stale);
            Assert.IsEmpty(project.Engine.Warnings, "Its source is a model of the project: a glob has found both.");
            Assert.HasCount(1, Models(project));
        }
        // As it is published, without its manifest; and what lies in bin, whatever it is.
        File.Copy(project.Staged("models/a.onnx"), Path.Combine(project.Folder, "published/copy.onnx"));
        Directory.CreateDirectory(Path.Combine(project.Folder, "bin"));
        project.Model("b.onnx", 9);
        File.Copy(Path.Combine(project.Folder, "models/b.onnx"), Path.Combine(project.Folder, "bin/b.onnx"));
        Assert.IsTrue(project.Build(source, Item("published/copy.onnx"), Item("bin/b.onnx")));
        Assert.IsEmpty(project.Engine.Warnings);
        Assert.HasCount(1, Models(project));

        Assert.IsTrue(project.Build(own));
        BuildWarningEventArgs warning = project.Engine.Warnings.Single();
        Assert.AreEqual((SerenityCodes.NoModel, "published/models/a.onnx"), (warning.Code, warning.File));
        StringAssert.Contains(warning.Message, "'models/a.onnx'");
        Assert.IsEmpty(project.OutputFiles);
    }

    [TestMethod]
    public void A_source_with_a_manifest_beside_it_and_a_model_in_an_output_s_place_are_models()
    {
        using TestProject project = new() { Optimizer = (request, _) => Changed(request) };
        TaskItem source = project.Model("a.onnx");
        Assert.IsTrue(project.Build(source));
        // Committed beside the source, for people to look at.
        File.Copy(project.Staged("models/a.memory.json"), Path.Combine(project.Folder, "models/a.memory.json"));
        Assert.IsTrue(project.Build(source));
        Assert.HasCount(1, Models(project));

        TaskItem own = Copy(project, "obj/models/a", "elsewhere/a");
        project.Model("b.onnx", 7);
        File.Copy(Path.Combine(project.Folder, "models/b.onnx"), Path.Combine(project.Folder, "elsewhere/a.onnx"), overwrite: true);
        Assert.IsTrue(project.Build(own));
        Assert.HasCount(1, project.Stale);
    }

    [TestMethod]
    public void Headers_that_would_define_the_same_names_in_c_are_told_of()
    {
        using TestProject project = new();
        TaskItem Header(string name, string wanted) => project.Model(name, 1, ("Executor", "StaticArena"), ("Header", wanted));
        project.Build(Header("net-1.onnx", "true"), Header("net_1.onnx", "true"), Header("net+1.onnx", "false"), Header("other.onnx", "true"));
        BuildWarningEventArgs warning = project.Engine.Warnings.Single(w => w.Code == SerenityCodes.SameHeaderNames);
        Assert.AreEqual("models/net_1.onnx", warning.File);
        StringAssert.Contains(warning.Message, "NET_1_…");
    }

    [TestMethod]
    public void The_same_model_twice_is_told_and_taken_once()
    {
        using TestProject project = new();
        Assert.IsTrue(project.Build(project.Model("a.onnx"), project.Model("a.onnx")));
        BuildWarningEventArgs warning = project.Engine.Warnings.Single();
        Assert.AreEqual((SerenityCodes.NoModel, "models/a.onnx"), (warning.Code, warning.File));
        Assert.HasCount(1, project.Stale);
        // One of them would be built, and nobody could say which.
        Assert.IsFalse(project.Build(project.Model("a.onnx"), project.Model("a.onnx", 1, ("MemoryBudget", "1KiB"))));
        CollectionAssert.AreEqual((string[])["SER1103"], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, "Update");
        Assert.IsTrue(project.Build(project.Model("a.onnx"), project.Model("a.onnx", 1, ("Rewrite", "None"), ("TargetPath", "models/b.onnx"))));
        Assert.IsEmpty(project.Engine.Warnings);
    }

    [TestMethod]
    public void Two_items_of_one_model_are_told_apart_in_messages_rows_and_baselines()
    {
        using TestProject project = new();
        TaskItem[] Both(params (string, string)[] metadata) =>
            [project.Model("a.onnx", 1, [.. metadata, ("MemoryBudget", "1MiB")]), project.Model("a.onnx", 1, [.. metadata, ("TargetPath", "small/a.onnx"), ("MemoryBudget", "1KiB")])];
        Assert.IsFalse(project.Build(Both()));
        Assert.AreEqual("models/a.onnx (as small/a.onnx)", project.Engine.Errors.Single().File);
        string[] rows = [.. project.Engine.Said.Single(m => m.Contains("verdict", StringComparison.Ordinal)).Split('\n').Select(row => row.Trim())];
        Assert.HasCount(1, rows.Where(row => row.StartsWith("a.onnx (as models › a.onnx)  ", StringComparison.Ordinal)));
        Assert.HasCount(1, rows.Where(row => row.StartsWith("a.onnx (as small › a.onnx)  ", StringComparison.Ordinal)));

        (string, string) baseline = ("Baseline", "baseline.json");
        File.WriteAllText(Path.Combine(project.Folder, "baseline.json"), "{\"version\":1,\"models\":{\"models/a.onnx (as models/a.onnx)\":{\"requiredBytes\":9000},\"models/a.onnx (as small/a.onnx)\":{\"requiredBytes\":1}}}");
        bool built = project.Build(project.Model("a.onnx", 1, baseline), project.Model("a.onnx", 1, baseline, ("TargetPath", "small/a.onnx")));
        Assert.IsFalse(built, string.Join('\n', project.Engine.Warnings.Select(w => w.Message)));
        Assert.AreEqual("SER1003 models/a.onnx (as small/a.onnx)", project.Engine.Errors.Select(e => $"{e.Code} {e.File}").Single());
    }

    [TestMethod]
    public void A_path_that_is_nearly_right_or_of_windows_is_told_so()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Other systems take case and separators in other ways.");
        using TestProject project = new();
        project.Model("Net.onnx");
        Assert.IsFalse(project.Build(Item("models/net.onnx"), Item("C:/models/other.onnx")));
        CollectionAssert.AreEqual((string[])["SER1201", "SER1201"], project.Codes);
        string told = string.Join('\n', project.Engine.Errors.Select(e => e.Message));
        StringAssert.Contains(told, "The model does not exist at 'C:/models/other.onnx'. It begins with a drive of Windows");
        StringAssert.Contains(told, "Did you mean 'models/Net.onnx'? Upper and lower case");
    }

    [TestMethod]
    public void A_wrong_value_that_holds_for_all_models_is_told_once_where_it_stands()
    {
        using TestProject project = new();
        project.Write(
            "<Project>", "<PropertyGroup>", "  <SerenityWarnAt>2</SerenityWarnAt>", "  <SerenityReport>true</SerenityReport>", "</PropertyGroup>", "<ItemGroup>",
            "  <SerenityModel Include=\"models/a.onnx\" />", "  <SerenityModel Include=\"models/b.onnx\" Rewrite=\"Most\" />", "  <SerenityModel Include=\"models/c.onnx\" WarnAt=\"90%\" />",
            "  <SerenityModel Include=\"models/d.onnx\" WarnAt=\"3\" />",
            "  <SerenityModel Include=\"models/missing.onnx\" />", "</ItemGroup>", "</Project>");
        TaskItem missing = Item("models/missing.onnx");
        missing.SetMetadata("WarnAt", "2");
        // As item definitions give them.
        (string, string) all = ("WarnAt", "2"), report = ("Report", "true");
        Assert.IsFalse(project.Build(
            project.Model("a.onnx", 1, all, report), project.Model("b.onnx", 2, all, report, ("Rewrite", "Most")), project.Model("c.onnx", 3, report, ("WarnAt", "90%"), ("MemoryBudget", "1KiB")),
            project.Model("d.onnx", 4, report, ("WarnAt", "3")), missing));
        CollectionAssert.AreEquivalent(
            (string[])["3: SerenityWarnAt=\"2\" is", "8: models/b.onnx: Rewrite=\"Most\" is", "9: models/c.onnx: The model", "10: models/d.onnx: WarnAt=\"3\" is", "11: models/missing.onnx: The model"],
            project.Engine.Errors.Select(e => $"{e.LineNumber}: {string.Join(' ', e.Message!.Split(' ').Take(e.LineNumber == 3 ? 2 : 3))}").ToArray());
        string table = project.Engine.Said.Single(m => m.Contains("verdict", StringComparison.Ordinal));
        foreach (string name in (string[])["a.onnx", "b.onnx", "c.onnx", "d.onnx"])
            StringAssert.Contains(table, $"    {name} ");
        Assert.DoesNotContain("app.csproj ", table);
    }

    [TestMethod]
    public void What_is_wrong_with_all_sizes_of_a_list_is_told_once_and_has_a_row_for_each()
    {
        using TestProject project = new();
        project.Optimizer = (request, _) => request.FreeDimensions.GetValueOrDefault("seq") == 16
            ? throw new SerenityException(SerenityCodes.BadFreeDimension, request.ModelPath, "sixteen") : throw new SerenityException(SerenityCodes.BadFreeDimension, request.ModelPath, "any");
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("FreeDimensions", "seq=4,8,16")), project.Model("b.onnx", 2, ("FreeDimensions", "seq=4,8"))));
        CollectionAssert.AreEquivalent(
            (string[])["models/a.onnx (seq=4): any", "models/a.onnx (seq=16): sixteen", "models/b.onnx (seq=4): any"], project.Engine.Errors.Select(e => $"{e.File}: {e.Message}").ToArray());
        Assert.HasCount(5, project.Engine.Said.Single(m => m.Contains("verdict", StringComparison.Ordinal)).Split('\n').Where(line => line.Contains("error SER1302", StringComparison.Ordinal)));
        // Where one budget is wrong, all of them are told so once.
        project.Optimizer = (request, _) => TestProject.Result(request);
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("FreeDimensions", "seq=4,8,16"), ("Device", "none"))));
        CollectionAssert.AreEqual((string[])["SER1102"], project.Codes);
    }

    [TestMethod]
    [DataRow("app.dll")]
    [DataRow("app")]
    [DataRow("APP.EXE")]
    [DataRow("appsettings.json")]
    [DataRow("app.runtimeconfig.json")]
    [DataRow("web.config")]
    public void A_file_of_the_app_is_no_target(string target)
    {
        using TestProject project = new() { AssemblyName = "app" };
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, ("TargetPath", target)), project.Model("b.onnx")));
        CollectionAssert.AreEqual((string[])["SER1103"], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, $"TargetPath=\"{target}\" is the name of a file of the app itself");
    }

    [TestMethod]
    public void A_refused_model_hides_no_verdict()
    {
        using TestProject project = new();
        TaskItem bad = project.Model("bad.onnx");
        File.WriteAllText(Path.Combine(project.Folder, "models/bad.onnx"), "not a model");
        project.Optimizer = (request, _) => request.ModelPath.EndsWith("bad.onnx", StringComparison.Ordinal)
            ? throw new SerenityException(SerenityCodes.NotAModel, request.ModelPath, "no") : TestProject.Result(request);
        TaskItem[] models =
        [
            project.Model("wrong.onnx", 1, ("Rewrite", "Most")), bad, new("models/missing.onnx", new Dictionary<string, string> { ["TargetPath"] = "models/missing.onnx" }),
            project.Model("big.onnx", 2, ("MemoryBudget", "1KiB")), project.Model("good.onnx", 3, ("MemoryBudget", "1MiB")),
        ];
        for (int i = 0; i < 2; i++)
        {
            Assert.IsFalse(project.Build(models));
            CollectionAssert.AreEquivalent(
                (string[])["SER1101 models/wrong.onnx", "SER1202 models/bad.onnx", "SER1201 models/missing.onnx", "SER1001 models/big.onnx"],
                project.Engine.Errors.Select(e => $"{e.Code} {e.File}").ToArray());
        }
        Assert.IsTrue(project.Manifest("models/good.memory.json").Budget.MemoryBytes == 1 << 20, "It has its verdict.");
    }

    [TestMethod]
    [DataRow("MemoryBudget", "SER1101")]
    [DataRow("TargetPath", "SER1103")]
    [DataRow("Device", "SER1101")]
    public void An_expression_that_nobody_expanded_is_an_error(string name, string code)
    {
        using TestProject project = new();
        Assert.IsFalse(project.Build(project.Model("a.onnx", 1, (name, "$(Later)"))));
        CollectionAssert.AreEqual((string[])[code], project.Codes);
        StringAssert.Contains(project.Engine.Errors.Single().Message, $"{name}=\"$(Later)\"");
    }

    [TestMethod]
    public void A_source_that_comes_out_as_it_went_in_is_a_model()
    {
        using TestProject project = new();
        TaskItem source = project.Model("a.onnx");
        Assert.IsTrue(project.Build(source));
        CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(project.Folder, "models/a.onnx")), File.ReadAllBytes(project.Staged("models/a.onnx")));
        File.Copy(project.Staged("models/a.memory.json"), Path.Combine(project.Folder, "models/a.memory.json"));
        Assert.IsTrue(project.Build(source, Item("obj/models/a.onnx")));
        Assert.IsEmpty(project.Engine.Warnings);
        Assert.IsTrue(project.OutputFiles.Any(f => f.ItemSpec.EndsWith("a.onnx", StringComparison.Ordinal)));
    }

    private static ITaskItem[] Models(TestProject project) => [.. project.OutputFiles.Where(f => f.ItemSpec.EndsWith(".onnx", StringComparison.Ordinal))];

    private static OptimizationResult Changed(OptimizeRequest request)
    {
        OptimizationResult result = TestProject.Result(request);
        result.Model.DocString = "optimized";
        return result;
    }

    private static TaskItem Item(string path)
    {
        TaskItem item = new(path);
        item.SetMetadata("TargetPath", path);
        return item;
    }

    /// <summary>Copies a model and its manifest, as publishing does.</summary>
    private static TaskItem Copy(TestProject project, string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(project.Folder, to))!);
        foreach (string extension in (string[])[".onnx", ".memory.json"])
            File.Copy(Path.Combine(project.Folder, from + extension), Path.Combine(project.Folder, to + extension));
        return Item(to + ".onnx");
    }
}
