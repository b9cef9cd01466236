using System.Text.RegularExpressions;
using Serenity.Build.Checks;
using Serenity.Build.Manifest;
using Serenity.Build.Results;

namespace Serenity.Build.IntegrationTests;

/// <summary>What a team's pipeline makes of a build: where errors stand, soft limits, and what a build leaves for those who come after it.</summary>
[TestClass]
public sealed partial class PipelineTests
{
    /// <summary>Problem matchers: of the .NET action on GitHub (setup-dotnet), and of Visual Studio Code ($msCompile).</summary>
    private static readonly Regex[] _matchers =
    [
        new(@"^(?<file>.*)\((?<line>\d+)(?:,\d+|,\d+,\d+)?\):\s+(?<kind>error|warning)\s+(?<code>[a-zA-Z]+(?<!MSB)\d+):\s*(?<text>.*?)\s+\[(.*?)\]$"),
        new(@"^\s*(?:\s*(?:\d+>)?)?(?<file>\S.*?)(?:\((?<line>\d+)(?:,\d+|,\d+,\d+,\d+)?\))?\s*:\s+(?:\S+\s+)?(?<kind>(?:fatal +)?error|warning|info)\s+(?<code>\w+\d+)\s*:\s*(?<text>.*)$"),
    ];

    [TestMethod]
    public void Errors_stand_at_the_line_of_the_item_in_a_form_that_problem_matchers_take()
    {
        using ConsumerProject project = new()
        {
            Body = """
                <ItemGroup>
                  <SerenityModel Include="models/*.onnx" MemoryBudget="1KiB" />
                  <SerenityModel Include="$(Elsewhere)" />
                    <SerenityModel Include="missing.onnx" />
                </ItemGroup>
                <Import Project="$(MSBuildProjectDirectory)/more.props" />
                """,
        };
        project.Model("models/big.onnx");
        File.WriteAllText(project["odd.onnx"], "no model");
        File.WriteAllText(project["more.props"], "<Project>\n  <ItemGroup>\n    <SerenityModel Include=\"wrong.onnx\" Executor=\"Tpu\" />\n  </ItemGroup>\n</Project>\n");
        BuildResult result = project.Build("-p:Elsewhere=odd.onnx").Fails();
        // The console repeats errors at the end.
        string[] lines = [.. result.Output.Split('\n', StringSplitOptions.TrimEntries).Distinct()];
        foreach ((string code, string model, string file, string element) in ((string, string, string, string)[])[
            ("SER1001", "models/big.onnx", "app.csproj", "Include=\"models/*.onnx\""), ("SER1202", "odd.onnx", "app.csproj", "Include=\"$(Elsewhere)\""),
            ("SER1201", "missing.onnx", "app.csproj", "Include=\"missing.onnx\""), ("SER1101", "wrong.onnx", "more.props", "Include=\"wrong.onnx\"")])
        {
            string[] source = File.ReadAllLines(project[file]);
            int line = Array.FindIndex(source, l => l.Contains(element, StringComparison.Ordinal));
            foreach (Regex matcher in _matchers)
            {
                Match match = lines.Select(l => matcher.Match(l)).Single(m => m.Success && m.Groups["code"].Value == code);
                Assert.AreEqual("error", match.Groups["kind"].Value);
                Assert.AreEqual(project[file], match.Groups["file"].Value);
                Assert.AreEqual(line + 1, int.Parse(match.Groups["line"].Value, System.Globalization.CultureInfo.InvariantCulture));
                Assert.StartsWith(model + ": ", match.Groups["text"].Value);
                // What an annotation shows before it is opened.
                Assert.IsLessThan(160, match.Groups["text"].Value.Split(". ")[0].Length, match.Groups["text"].Value);
            }
            // Azure's tasks have a logger of their own, which takes the parts of the event.
            Microsoft.Build.Logging.StructuredLogger.Error logged = result.All<Microsoft.Build.Logging.StructuredLogger.Error>().First(e => e.Code == code);
            Assert.AreEqual((project[file], line + 1, source[line].IndexOf('<', StringComparison.Ordinal) + 1), (logged.File, logged.LineNumber, logged.ColumnNumber));
            Assert.Contains($"({line + 1},{source[line].IndexOf('<', StringComparison.Ordinal) + 1}): error {code}", result.Output);
        }
        // Over budget: what fits, and the page that shows why.
        string over = result.ErrorTexts.Single(t => t.Contains("activation memory", StringComparison.Ordinal));
        string least = LeastBudget().Match(over).Groups["least"].Value;
        Match report = ReportPath().Match(over);
        StringAssert.StartsWith(File.ReadAllText(project[report.Groups["path"].Value]), "<!doctype html>");
        Assert.IsFalse(Directory.Exists(project.Output("models")));
        // The table is there too, for all of them.
        StringAssert.Matches(result.Output, new Regex(@"^ +big\.onnx .* over budget", RegexOptions.Multiline));
        StringAssert.Matches(result.Output, new Regex(@"odd\.onnx .* error SER1202"));

        project.Body = $"""<ItemGroup><SerenityModel Include="models/*.onnx" MemoryBudget="{least}" WarnAt="50%" /></ItemGroup>""";
        result = project.Build().Succeeds();
        CollectionAssert.Contains(result.Warnings, ("SER2001", "models/big.onnx"));
        Assert.IsFalse(File.Exists(project[report.Groups["path"].Value]), "The report of a model that fits is not asked for.");
        // Told once, by the SDK: ours is for the terminal logger, which shows no other line.
        Assert.HasCount(2, result.Output.Split("app -> "));
        // Last of all, after the line that says where the app is.
        Assert.IsGreaterThan(result.Output.IndexOf("app -> ", StringComparison.Ordinal), result.Output.IndexOf("fits, little to spare", StringComparison.Ordinal), result.Output);
        // Warnings by their codes, as those of any other tool.
        CollectionAssert.Contains(project.Build("-p:WarningsAsErrors=SER2001").Fails().Errors, ("SER2001", "models/big.onnx"));
        CollectionAssert.Contains(project.Build("-p:MSBuildTreatWarningsAsErrors=true").Fails().Errors, ("SER2001", "models/big.onnx"));
        CollectionAssert.Contains(project.Build("-p:MSBuildTreatWarningsAsErrors=true", "-p:MSBuildWarningsNotAsErrors=SER2001").Succeeds().Warnings, ("SER2001", "models/big.onnx"));
        Assert.DoesNotContain(("SER2001", "models/big.onnx"), project.Build("-p:NoWarn=SER2001").Succeeds().Warnings);
    }

    [TestMethod]
    public void A_model_that_grew_fails_until_its_baseline_is_updated()
    {
        using ConsumerProject project = new() { Body = """<ItemGroup><SerenityModel Include="models/*.onnx" Baseline="memory-baseline.json" /></ItemGroup>""" };
        project.Model("models/a.onnx");
        CollectionAssert.AreEqual((string[])["SER1004"], project.Build().Fails().Errors.Select(e => e.Code).ToArray());
        project.Build("-p:SerenityUpdateBaseline=true").Succeeds();
        long before = Required(project, "models/a.memory.json");
        Assert.Contains($"\"requiredBytes\": {before}", File.ReadAllText(project["memory-baseline.json"]));
        project.Build().Succeeds();

        project.Model("models/a.onnx", 1, size: 7);
        project.Model("models/b.onnx", 2);
        BuildResult grown = project.Build().Fails();
        CollectionAssert.AreEquivalent((string[])["SER1003 models/a.onnx"], grown.Errors.Select(e => $"{e.Code} {e.About}").ToArray());
        CollectionAssert.Contains(grown.Warnings, ("SER2002", "models/b.onnx"));
        string error = grown.ErrorTexts.Single();
        Assert.Contains($"up from {before}", error);
        StringAssert.StartsWith(File.ReadAllText(project[ReportPath().Match(error).Groups["path"].Value]), "<!doctype html>");

        project.Build("-p:SerenityUpdateBaseline=true").Succeeds();
        Assert.IsGreaterThan(before, Required(project, "models/a.memory.json"));
        Assert.IsEmpty(project.Build("-warnaserror:SER2002").Succeeds().Errors);
        // What the build leaves says the names that it goes by, for the command line to hold it to any baseline.
        Baseline baseline = Baseline.Read(project["memory-baseline.json"], "");
        foreach (ModelResult result in ResultsFile.Read(project.Staged(ResultsFile.Name)))
            Assert.AreEqual((result.Model, (long?)result.Figures!.RequiredBytes), (result.BaselineKey!.NameIn(baseline), baseline.Find(result.BaselineKey.NameIn(baseline))));
    }

    private static long Required(ConsumerProject project, string manifest) => ManifestJson.Read(File.ReadAllBytes(project.Staged(manifest)), manifest).Peak.RequiredBytes;

    [GeneratedRegex("MemoryBudget=\"(?<least>[0-9]+KiB)\"")]
    private static partial Regex LeastBudget();

    [GeneratedRegex(@"The report shows where it goes: (?<path>\S+)")]
    private static partial Regex ReportPath();
}
