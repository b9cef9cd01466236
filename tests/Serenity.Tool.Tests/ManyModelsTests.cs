using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Serenity.Build.Manifest;
using Serenity.Build.Results;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Schema;

namespace Serenity.Tool.Tests;

/// <summary>Folders, globs and what builds left; the formats that pipelines read.</summary>
[TestClass]
public sealed class ManyModelsTests
{
    /// <summary>A folder with three manifests, of which one is over, and a file that is none.</summary>
    private static ToolRun Folder()
    {
        ToolRun run = new();
        Directory.CreateDirectory(run.PathOf("models/deep"));
        File.Delete(run.PathOf("net.onnx"));
        run.WriteManifest("models/fits.memory.json", 20, budget: 1 << 30);
        run.WriteManifest("models/deep/over.memory.json", 20, budget: 1024);
        run.WriteManifest("models/free.memory.json", 20, budget: 1 << 30);
        File.WriteAllText(run.PathOf("models/bad.memory.json"), "{");
        return run;
    }

    [TestMethod]
    [DataRow("models", 4, 2)]
    [DataRow("models/*.memory.json", 3, 2)]
    [DataRow("models/f*.memory.json", 2, 0)]
    [DataRow("models/**/o*.memory.json models/fits.memory.json", 2, 1)]
    public async Task Check_takes_folders_globs_and_many_files_and_none_hides_another(string given, int models, int exit)
    {
        using ToolRun run = Folder();
        Assert.AreEqual(exit, await run.RunAsync(["check", .. given.Split(' ')]), run.Error);
        StringAssert.Contains(run.Output, $"{models} models: ");
        Assert.AreEqual(2, await run.RunAsync("check", "empty*"));
        StringAssert.Contains(run.Error, "SER1201");
    }

    [TestMethod]
    public async Task A_model_without_a_manifest_is_planned_and_one_that_has_it_is_not()
    {
        using ToolRun run = new();
        Directory.CreateDirectory(run.PathOf("bin"));
        File.Copy(run.PathOf("net.onnx"), run.PathOf("bin/net.onnx"));
        File.Copy(run.PathOf("net.onnx"), run.PathOf("other.onnx"));
        run.WriteManifest("other.memory.json");
        Assert.AreEqual(0, await run.RunAsync("check", ".", "--budget", "1GiB"), run.Error);
        Assert.HasCount(1, run.Requests);
        StringAssert.Contains(run.Output, "2 models: 2 fit");
    }

    [TestMethod]
    public async Task Json_is_json_whatever_happens()
    {
        using ToolRun run = Folder();
        foreach ((string line, int exit) in ((string, int)[])[("check models --json", 2), ("check models/bad.memory.json --format json", 2), ("check nowhere.onnx -b 1KiB --json", 2), ("check models --json --buget 1", 2),
            ("compare models/fits.memory.json gone.memory.json --json", 2), ("check models/fits.memory.json --json", 0)])
        {
            Assert.AreEqual(exit, await run.RunAsync(line.Split(' ')), line + run.Error);
            using JsonDocument json = JsonDocument.Parse(run.Output);
            if (exit == 2)
                StringAssert.Matches(run.Output, new Regex("\"code\": \"SER1[0-9]{3}\""));
        }
        Assert.AreEqual(2, await run.RunAsync("check", "models", "--json"));
        using JsonDocument all = JsonDocument.Parse(run.Output);
        Assert.AreEqual("error", all.RootElement.GetProperty("verdict").GetString());
        CollectionAssert.AreEquivalent(
            (string[])["bad.memory.json error", "over.memory.json fail", "fits.memory.json pass", "free.memory.json pass"],
            all.RootElement.GetProperty("models").EnumerateArray().Select(m => $"{Path.GetFileName(m.GetProperty("model").GetString())} {m.GetProperty("verdict").GetString()}").ToArray());
    }

    /// <summary>What a build of a project left: two models, one over budget at a line of the project, with characters that every format must escape.</summary>
    private static void WriteResults(ToolRun run)
    {
        Directory.CreateDirectory(run.PathOf("src/my app/obj/Debug/net10.0/serenity"));
        string staging = run.PathOf("src/my app/obj/Debug/net10.0/serenity");
        run.WriteManifest("src/my app/obj/Debug/net10.0/serenity/a|b.memory.json");
        ProjectPlace place = new(run.PathOf("src/my app/my,app.csproj"), 12, 5);
        ResultsFile.Write(Path.Combine(staging, ResultsFile.Name), "my,app",
        [
            new("a|b.onnx", place, new ModelFigures(9000, 4000, 500, false, 10, new BudgetEntry(4096, BudgetVerdict.Fail), null),
                [new SerenityDiagnostic("SER1001", DiagnosticSeverity.Error, "a|b.onnx", "100 % <b> of *it*: too\nmuch."), new SerenityDiagnostic("SER2401", DiagnosticSeverity.Warning, "a|b.onnx", "Not proven.")],
                Path.Combine(staging, "a|b.memory.json")),
            new("c.onnx", place with { Line = 13 }, new ModelFigures(9000, 4000, 0, false, 10, new BudgetEntry(4096, BudgetVerdict.Pass), null), []),
        ]);
    }

    [TestMethod]
    [DataRow(".")]
    [DataRow("src/my app")]
    public async Task What_a_build_found_is_told_in_every_format_and_nothing_is_planned(string given)
    {
        using ToolRun run = new();
        WriteResults(run);
        string[] check = ["check", given, "--format", "github", "--format", "markdown=out/summary.md", "--format", "sarif=out/x.sarif", "-f", "junit=out/junit.xml", "--format=json=out/x.json"];
        Assert.AreEqual(1, await run.RunAsync(check), run.Error);
        Assert.IsEmpty(run.Requests);
        Assert.AreEqual("", run.Error, "GitHub is told once.");

        string[] commands = [.. run.Output.Split('\n').Where(l => l.StartsWith("::", StringComparison.Ordinal))];
        Assert.AreEqual("::error file=src/my app/my%2Capp.csproj,line=12,col=5,title=SER1001%3A a|b.onnx::a|b.onnx: 100 %25 <b> of *it*: too\\u000amuch.", commands[0]);
        Assert.HasCount(2, commands);

        string summary = File.ReadAllText(run.PathOf("out/summary.md"));
        Assert.AreEqual(summary, File.ReadAllText(run.PathOf("step.md")), "The summary of the job.");
        string[] rows = [.. summary.Split('\n').Where(l => l.StartsWith('|'))];
        Assert.HasCount(4, rows);
        foreach (string row in rows)
            Assert.AreEqual(Regex.Count(rows[0], @"(?<!\\)\|"), Regex.Count(row, @"(?<!\\)\|"), row);
        StringAssert.Contains(rows[2], "**404 B over budget**");
        StringAssert.Contains(summary, "100 % &lt;b&gt; of \\*it\\*");

        using (JsonDocument sarif = JsonDocument.Parse(File.ReadAllText(run.PathOf("out/x.sarif"))))
        {
            JsonElement only = sarif.RootElement.GetProperty("runs")[0];
            JsonElement[] results = [.. only.GetProperty("results").EnumerateArray()];
            Assert.HasCount(2, results);
            JsonElement location = results[0].GetProperty("locations")[0].GetProperty("physicalLocation");
            Assert.AreEqual("src/my%20app/my%2Capp.csproj", location.GetProperty("artifactLocation").GetProperty("uri").GetString());
            Assert.AreEqual(12, location.GetProperty("region").GetProperty("startLine").GetInt32());
            foreach (JsonElement result in results)
            {
                JsonElement rule = only.GetProperty("tool").GetProperty("driver").GetProperty("rules")[result.GetProperty("ruleIndex").GetInt32()];
                Assert.AreEqual(result.GetProperty("ruleId").GetString(), rule.GetProperty("id").GetString());
                Assert.IsGreaterThan(10, rule.GetProperty("shortDescription").GetProperty("text").GetString()!.Length);
            }
        }
        XElement junit = XDocument.Load(run.PathOf("out/junit.xml")).Root!.Element("testsuite")!;
        Assert.AreEqual("2 1 0", $"{(string?)junit.Attribute("tests")} {(string?)junit.Attribute("failures")} {(string?)junit.Attribute("errors")}");
        Assert.AreEqual("SER1001", (string?)junit.Elements("testcase").First().Element("failure")!.Attribute("type"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(run.PathOf("out/x.json")));
        Assert.AreEqual(12, json.RootElement.GetProperty("models")[0].GetProperty("place").GetProperty("line").GetInt32());
    }

    [TestMethod]
    public async Task Of_two_configurations_the_one_that_was_built_last_is_told()
    {
        using ToolRun run = new();
        WriteResults(run);
        string debug = run.PathOf("src/my app/obj/Debug/net10.0/serenity/" + ResultsFile.Name), release = debug.Replace("Debug", "Release", StringComparison.Ordinal);
        ResultsFile.Write(release, "my,app", [new("c.onnx", null, new ModelFigures(1, 1, 0, false, 1, new BudgetEntry(4096, BudgetVerdict.Pass), null), [])]);
        File.SetLastWriteTimeUtc(release, File.GetLastWriteTimeUtc(debug).AddSeconds(1));
        Assert.AreEqual(0, await run.RunAsync("check", "."), run.Error + run.Output);
        File.SetLastWriteTimeUtc(debug, File.GetLastWriteTimeUtc(release).AddSeconds(1));
        Assert.AreEqual(1, await run.RunAsync("check", "."), run.Error + run.Output);
    }

    [TestMethod]
    public async Task A_baseline_is_made_held_to_and_updated()
    {
        using ToolRun run = new();
        MemoryManifest manifest = run.WriteManifest("a.memory.json", 20);
        File.WriteAllText(run.PathOf("a.onnx"), "");
        Assert.AreEqual(2, await run.RunAsync("check", "net.onnx", "--baseline", "memory-baseline.json"));
        StringAssert.Contains(run.Error, "SER1004");
        StringAssert.Contains(run.Error, "--update-baseline");
        Assert.AreEqual(0, await run.RunAsync("check", "net.onnx", "--baseline", "memory-baseline.json", "--update-baseline"), run.Error);
        Assert.AreEqual(0, await run.RunAsync("check", "net.onnx", "--baseline", "memory-baseline.json"), run.Error);
        string text = File.ReadAllText(run.PathOf("memory-baseline.json"));
        long required = long.Parse(Regex.Match(text, "\"requiredBytes\": ([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        File.WriteAllText(run.PathOf("memory-baseline.json"), text.Replace($"{required}", $"{required * 10 / 11}", StringComparison.Ordinal));
        Assert.AreEqual(1, await run.RunAsync("check", "net.onnx", "--baseline", "memory-baseline.json"));
        StringAssert.Contains(run.Error, "SER1003");
        Assert.AreEqual(0, await run.RunAsync("check", "net.onnx", "--baseline", "memory-baseline.json", "--tolerance", "11%"), run.Error);
        Assert.IsGreaterThan(0, manifest.Peak.Bytes);
    }

    [TestMethod]
    public async Task Compare_pairs_the_models_of_two_folders()
    {
        using ToolRun run = new();
        Directory.CreateDirectory(run.PathOf("old"));
        Directory.CreateDirectory(run.PathOf("new"));
        void Write(string path, string source, int operators)
        {
            MemoryManifest manifest = Build.Tests.Report.SyntheticManifest.Create(operators, Onnx.Contract.Executor.OnnxRuntime, null);
            File.WriteAllBytes(run.PathOf(path), ManifestJson.Write(manifest with { Source = manifest.Source with { Path = source } }));
        }
        Write("old/a.memory.json", "models/a.onnx", 10);
        Write("new/renamed.memory.json", "models/a.onnx", 60);
        Write("old/b.memory.json", "models/b.onnx", 30);
        Write("new/b.memory.json", "models/b.onnx", 30);
        Write("new/c.memory.json", "models/c.onnx", 30);
        Write("old/d.memory.json", "models/d.onnx", 30);
        Assert.AreEqual(0, await run.RunAsync("compare", "old", "new"), run.Error);
        Assert.AreEqual("4 models: 1 larger, 1 the same, 1 new, 1 gone", run.Output.TrimEnd().Split('\n')[^1]);
        Assert.AreEqual(0, await run.RunAsync("compare", "old", "new", "--json"), run.Error);
        using (JsonDocument json = JsonDocument.Parse(run.Output))
            CollectionAssert.AreEqual((string[])["both", "both", "new", "gone"], json.RootElement.GetProperty("models").EnumerateArray().Select(m => m.GetProperty("compared").GetString()).ToArray());
        Assert.AreEqual(1, await run.RunAsync("compare", "old", "new", "--fail-if-larger", "--format", "markdown"));
        string[] rows = [.. run.Output.Split('\n').Where(l => l.StartsWith("| models/", StringComparison.Ordinal))];
        Assert.HasCount(4, rows, run.Output);
        StringAssert.Matches(rows[0], new Regex(@"\| \+[0-9.]+ % \| \*\*[0-9.]+ [KM]?i?B more\*\* \|"));
        StringAssert.EndsWith(rows[1], "| the same |");
        StringAssert.Matches(rows[2], new Regex(@"^\| models/c\.onnx \| - \| [^|]+ \| - \| new \|$"));
        StringAssert.Matches(rows[3], new Regex(@"^\| models/d\.onnx \| [^|]+ \| - \| - \| gone \|$"));
        Assert.AreEqual(2, await run.RunAsync("compare", "old", "nowhere"));
        // One that cannot be read hides none of the others, and is not gone.
        File.WriteAllText(run.PathOf("new/d.memory.json"), "{");
        Assert.AreEqual(2, await run.RunAsync("compare", "old", "new"));
        Assert.AreEqual("4 models: 1 with an error, 1 larger, 1 the same, 1 new", run.Output.TrimEnd().Split('\n')[^1], run.Output);
        StringAssert.Contains(run.Error, "new/d.memory.json");
    }

    [TestMethod]
    public async Task Report_of_a_folder_is_a_page_each_and_an_index_that_links_to_them()
    {
        using ToolRun run = Folder();
        Assert.AreEqual(2, await run.RunAsync("report", "models", "-o", "pages"), "One of them is damaged.");
        string index = File.ReadAllText(run.PathOf("pages/serenity-index.html"));
        string[] links = [.. Regex.Matches(index, "href=\"([^\"]+)\"").Select(m => m.Groups[1].Value)];
        Assert.HasCount(3, links, index);
        foreach (string link in links)
            StringAssert.StartsWith(File.ReadAllText(run.PathOf("pages/" + Uri.UnescapeDataString(link))), "<!doctype html>");
        Assert.DoesNotContain("<script", index);
        Assert.HasCount(4, Regex.Matches(index, "<tr><td"));
    }

    [TestMethod]
    [DataRow("1001")]
    [DataRow("ser1001")]
    [DataRow("SER1001")]
    public async Task Explain_shows_a_page_without_its_marks(string code)
    {
        using ToolRun run = new();
        Assert.AreEqual(0, await run.RunAsync("explain", code), run.Error);
        StringAssert.StartsWith(run.Output, "SER1001: The model is over its memory budget\n");
        Assert.AreEqual(2, await run.RunAsync("explain", "SER1O01"));
        StringAssert.Contains(run.Error, "Did you mean SER1001?");
    }

    [TestMethod]
    public async Task Every_page_reads_well_in_a_terminal()
    {
        using ToolRun run = new();
        foreach (string code in SerenityCodes.All.Select(c => c.Code))
        {
            Assert.AreEqual(0, await run.RunAsync("explain", code), run.Error);
            foreach (string line in run.Output.Split('\n').Where(l => !l.StartsWith("    ", StringComparison.Ordinal)))
            {
                Assert.IsLessThanOrEqualTo(100, line.Length, line);
                Assert.IsFalse(Regex.IsMatch(line, @"\]\(|```|^#|\*\*|\|"), line);
            }
            // All words are there.
            string Words(string text) => string.Concat(text.Where(char.IsLetterOrDigit));
            string page = Regex.Replace(Formats.ErrorPages.Find(code)!, @"\[([^\]]+)\]\([^)]*\)", "$1").Replace("```text", "", StringComparison.Ordinal).Replace("```xml", "", StringComparison.Ordinal);
            page = Regex.Replace(page, "^```[a-z]+$", "", RegexOptions.Multiline);
            Assert.AreEqual(Words(page), Words(run.Output), code);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task Init_adds_package_and_models_once_and_keeps_the_rest(bool central)
    {
        using ToolRun run = new();
        const string Project = "\uFEFF<Project Sdk=\"Microsoft.NET.Sdk\">\r\n  <!-- mine -->\r\n  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>\r\n</Project>";
        Directory.CreateDirectory(run.PathOf("app/models"));
        Directory.CreateDirectory(run.PathOf("app/bin"));
        File.WriteAllText(run.PathOf("app/app.csproj"), Project);
        File.Copy(run.PathOf("net.onnx"), run.PathOf("app/models/a&b.onnx"));
        File.Copy(run.PathOf("net.onnx"), run.PathOf("app/bin/out.onnx"));
        if (central)
            File.WriteAllText(run.PathOf("Directory.Packages.props"), "<Project>\n  <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>\n</Project>\n");
        Assert.AreEqual(0, await run.RunAsync("init", "app", "--budget", "1MiB"), run.Error);
        string text = File.ReadAllText(run.PathOf("app/app.csproj"));
        StringAssert.StartsWith(text, Project[1..Project.IndexOf("</Project>", StringComparison.Ordinal)]);
        Assert.AreEqual(0xEF, File.ReadAllBytes(run.PathOf("app/app.csproj"))[0], "The byte order mark stays.");
        Assert.IsFalse(Regex.IsMatch(text, "(?<!\r)\n"), "One kind of line end.");
        XElement root = XDocument.Parse(text).Root!;
        XElement package = root.Descendants("PackageReference").Single(), model = root.Descendants("SerenityModel").Single();
        Assert.AreEqual(("Serenity.Build", "all", !central), ((string?)package.Attribute("Include"), (string?)package.Attribute("PrivateAssets"), package.Attribute("Version") is not null));
        Assert.AreEqual(("models/a&b.onnx", "1MiB"), ((string?)model.Attribute("Include"), (string?)model.Attribute("MemoryBudget")));
        Assert.HasCount(1, root.Elements("ItemGroup"));
        if (central)
            Assert.HasCount(1, XDocument.Load(run.PathOf("Directory.Packages.props")).Descendants("PackageVersion"));
        Assert.AreEqual(0, await run.RunAsync("init", "app/app.csproj"), run.Error);
        Assert.AreEqual(text, File.ReadAllText(run.PathOf("app/app.csproj")));
        StringAssert.Contains(run.Output, "Nothing to do");
        Assert.IsFalse(run.Output.Contains("then give it a MemoryBudget", StringComparison.Ordinal), "It has one.");
        foreach (string same in (string[])["1MiB", "1024KiB", "1048576"])
        {
            Assert.AreEqual(0, await run.RunAsync("init", "app", "--budget", same), run.Error);
            Assert.AreEqual("Nothing to do: the package and the models are there.\nNext: 'dotnet build'.\n", run.Output);
        }
        Assert.AreEqual(0, await run.RunAsync("init", "app/app.csproj", "--device", "esp32", "--process-budget", "64MiB"), run.Error);
        StringAssert.Contains(
            run.Output, "models/a&b.onnx is in the project already, and was left as it is. The device holds there where you write Device=\"esp32\" ProcessBudget=\"64MiB\" at its SerenityModel item.");
        // What all models have is said for this one too.
        File.WriteAllText(run.PathOf("app/Directory.Build.props"), "<Project><PropertyGroup><SerenityProcessBudget>64MiB</SerenityProcessBudget><SerenityDevice>ESP32</SerenityDevice></PropertyGroup></Project>");
        Assert.AreEqual(0, await run.RunAsync("init", "app/app.csproj", "--device", "esp32", "--process-budget", "64MiB"), run.Error);
        Assert.AreEqual("Nothing to do: the package and the models are there.\nNext: 'dotnet build'.\n", run.Output);
        Assert.AreEqual(2, await run.RunAsync("init", "app/models"));
        StringAssert.Contains(run.Error, "There is no project here");
    }

    [TestMethod]
    public async Task Init_writes_sizes_to_begin_with_where_a_model_leaves_dimensions_open()
    {
        using ToolRun run = new();
        Directory.CreateDirectory(run.PathOf("app"));
        ModelProto open = ToolRun.Model();
        open.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimParam = "batch";
        File.WriteAllBytes(run.PathOf("app/open.onnx"), Google.Protobuf.MessageExtensions.ToByteArray(open));
        File.Copy(run.PathOf("net.onnx"), run.PathOf("app/net.onnx"));
        const string Project = "<Project Sdk=\"Microsoft.NET.Sdk\">\n</Project>\n";
        File.WriteAllText(run.PathOf("app/app.csproj"), Project);
        Assert.AreEqual(0, await run.RunAsync("init", "app", "--budget", "1MiB"), run.Error);
        string text = File.ReadAllText(run.PathOf("app/app.csproj"));
        Assert.Contains("<SerenityModel Include=\"open.onnx\" FreeDimensions=\"batch=1\" MemoryBudget=\"1MiB\" />", text);
        Assert.Contains("<SerenityModel Include=\"net.onnx\" MemoryBudget=\"1MiB\" />", text);
        Assert.HasCount(1, Regex.Matches(text, "<!--"));
        Assert.Contains("open.onnx leaves dimensions of its inputs open, and batch=1 was written to begin with.", run.Output);
        // What is said for all models stands.
        File.WriteAllText(run.PathOf("app/app.csproj"), Project.Replace("</Project>", "<PropertyGroup><SerenityFreeDimensions>batch=4</SerenityFreeDimensions></PropertyGroup>\n</Project>", StringComparison.Ordinal));
        Assert.AreEqual(0, await run.RunAsync("init", "app"), run.Error);
        Assert.Contains("<SerenityModel Include=\"open.onnx\" />", File.ReadAllText(run.PathOf("app/app.csproj")));
    }

    [TestMethod]
    public async Task Inspect_takes_a_project_with_one_model_and_asks_which_of_several()
    {
        using ToolRun run = new();
        WriteResults(run);
        File.WriteAllText(run.PathOf("src/my app/my,app.csproj"), "<Project />");
        foreach (string given in (string[])["src/my app/my,app.csproj", "src/my app", "."])
        {
            Assert.AreEqual(0, await run.RunAsync("inspect", given), run.Error);
            Assert.Contains("Live at the peak", run.Output);
        }
        Assert.IsEmpty(run.Requests, "What the build left is looked at.");
        Directory.CreateDirectory(run.PathOf("several"));
        run.WriteManifest("several/a.memory.json");
        run.WriteManifest("several/b.memory.json");
        Assert.AreEqual(2, await run.RunAsync("inspect", "several"));
        Assert.Contains("There are 2 models here, and this looks at one. Name it: several/a.memory.json, several/b.memory.json.", run.Error);
    }
}
