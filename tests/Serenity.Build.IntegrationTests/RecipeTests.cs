using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Serenity.Testing;
using YamlDotNet.RepresentationModel;

namespace Serenity.Build.IntegrationTests;

/// <summary>
/// A scripted pull request: the recipes of docs/pipelines.md, step for step in a shell, in a repository whose model grows by a tenth and whose baseline is then updated.
/// What the services make of the files is checked against the forms that they read.
/// </summary>
[TestClass]
public sealed partial class RecipeTests
{
    /// <summary>The problem matcher of setup-dotnet.</summary>
    private static readonly Regex _matcher = new(@"^(.*)\((\d+)(?:,\d+|,\d+,\d+)?\):\s+(error|warning)\s+([a-zA-Z]+(?<!MSB)\d+):\s*(.*?)\s+\[(.*?)\]$");

    [TestMethod]
    public void A_model_that_grew_by_a_tenth_fails_its_pull_request_until_the_baseline_is_updated()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("The recipes are for a POSIX shell.");
        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "pipelines.md"));
        Dictionary<string, string> blocks = Block().Matches(page).ToDictionary(m => m.Groups["kind"].Value, m => m.Groups["content"].Value);
        using ConsumerProject project = new(name: "src")
        {
            Body = """<PropertyGroup>""" + Settings().Match(page).Groups["properties"].Value + """</PropertyGroup><ItemGroup><SerenityModel Include="models/net.onnx" Partition="false" /></ItemGroup>""",
        };
        // Whole: in pieces, a larger model can need less, since a longer run leaves more time to cut in.
        project.Model("models/net.onnx", size: 100);
        project.WriteProjectFile();
        Repository repository = new(project);
        Assert.AreEqual(0, repository.Shell(blocks["install"]).ExitCode, repository.Output);
        Assert.AreEqual(0, repository.Shell(blocks["update"]).ExitCode, repository.Output);
        byte[] baseline = File.ReadAllBytes(project["memory-baseline.json"]);

        // The area of the images, and so their bytes, by a tenth.
        project.Model("models/net.onnx", size: 105);
        List<string> failed = repository.Run(GitHubSteps(blocks["github"]));
        CollectionAssert.AreEqual((string[])["dotnet build src", "dotnet serenity check src --format markdown=$GITHUB_STEP_SUMMARY --format sarif=serenity.sarif"], failed, repository.Output);
        string[] annotations = [.. repository.Output.Split('\n', StringSplitOptions.TrimEntries).Where(l => _matcher.IsMatch(l)).Distinct()];
        Assert.HasCount(1, annotations, repository.Output);
        Match annotation = _matcher.Match(annotations[0]);
        Assert.AreEqual((project["src.csproj"], "error", "SER1003"), (annotation.Groups[1].Value, annotation.Groups[3].Value, annotation.Groups[4].Value));
        int line = Array.FindIndex(File.ReadAllLines(project["src.csproj"]), l => l.Contains("SerenityModel Include", StringComparison.Ordinal)) + 1;
        Assert.AreEqual($"{line}", annotation.Groups[2].Value);
        StringAssert.Matches(annotation.Groups[5].Value, new Regex(@"\(\+(9|10|11)(\.[0-9])? %\)"));

        string summary = File.ReadAllText(repository.Summary);
        Assert.HasCount(1, Regex.Matches(summary, @"^\|-", RegexOptions.Multiline), summary);
        StringAssert.Matches(summary, new Regex(@"^\| models/net\.onnx \|.*\*\*.* over baseline\*\* \|$", RegexOptions.Multiline));
        JsonElement result = Sarif(project).Single();
        Assert.AreEqual("SER1003", result.GetProperty("ruleId").GetString());
        JsonElement place = result.GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.AreEqual("src/src.csproj", place.GetProperty("artifactLocation").GetProperty("uri").GetString());
        Assert.AreEqual(line, place.GetProperty("region").GetProperty("startLine").GetInt32());

        // The other services fail it too.
        CollectionAssert.Contains(repository.Run(AzureSteps(blocks["azure"])), "dotnet build src");
        XElement junit = XDocument.Load(Path.Combine(project.Root, "serenity.xml")).Root!;
        Assert.AreEqual("SER1003", (string?)junit.Descendants("failure").Single().Attribute("type"));

        Assert.AreEqual(0, repository.Shell(blocks["update"]).ExitCode, repository.Output);
        CollectionAssert.AreNotEqual(baseline, File.ReadAllBytes(project["memory-baseline.json"]));
        Assert.IsEmpty(repository.Run(GitHubSteps(blocks["github"])), repository.Output);
        Assert.IsFalse(repository.Output.Split('\n', StringSplitOptions.TrimEntries).Any(l => _matcher.IsMatch(l)), repository.Output);
        StringAssert.Matches(File.ReadAllText(repository.Summary), new Regex("1 model: 1 fits"));
        Assert.IsEmpty(Sarif(project));
        Assert.IsEmpty(repository.Run(GitLabSteps(blocks["gitlab"])), repository.Output);
        Assert.IsEmpty(XDocument.Load(Path.Combine(project.Root, "serenity.xml")).Descendants("failure"));
    }

    private static JsonElement[] Sarif(ConsumerProject project)
    {
        JsonElement sarif = JsonDocument.Parse(File.ReadAllText(Path.Combine(project.Root, "serenity.sarif"))).RootElement;
        Assert.AreEqual("2.1.0", sarif.GetProperty("version").GetString());
        return [.. sarif.GetProperty("runs")[0].GetProperty("results").EnumerateArray()];
    }

    private static IEnumerable<string> GitHubSteps(string yaml) =>
        ((YamlSequenceNode)Yaml(yaml)["jobs"]["models"]["steps"]).OfType<YamlMappingNode>().Select(step => Text(step, "run")).OfType<string>();

    private static IEnumerable<string> AzureSteps(string yaml) => ((YamlSequenceNode)Yaml(yaml)["steps"]).OfType<YamlMappingNode>().Select(step => Text(step, "script")).OfType<string>();

    private static IEnumerable<string> GitLabSteps(string yaml) => new[] { "script", "after_script" }.SelectMany(part => (YamlSequenceNode)Yaml(yaml)["models"][part]).Select(step => ((YamlScalarNode)step).Value!);

    private static YamlNode Yaml(string text)
    {
        YamlStream stream = [];
        stream.Load(new StringReader(text));
        return stream.Documents.Single().RootNode;
    }

    private static string? Text(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? value) ? ((YamlScalarNode)value).Value : null;

    [GeneratedRegex(@"<!-- test: (?<kind>\S+) -->\n```\w+\n(?<content>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("<PropertyGroup>(?<properties>.*?)</PropertyGroup>", RegexOptions.Singleline)]
    private static partial Regex Settings();

    /// <summary>The folder above the project, as a runner has it checked out, and a shell there.</summary>
    private sealed class Repository
    {
        private readonly ConsumerProject _project;

        public Repository(ConsumerProject project)
        {
            _project = project;
            File.WriteAllText(Path.Combine(project.Root, "nuget.config"), $"<configuration><packageSources><add key=\"serenity\" value=\"{PackedPackage.Feed}\" /></packageSources></configuration>");
        }

        /// <summary>What the last run wrote.</summary>
        public string Output { get; private set; } = "";

        /// <summary>Where GitHub's runner takes the summary of a step.</summary>
        public string Summary => Path.Combine(_project.Root, "step-summary.md");

        /// <summary>Runs steps, each whatever became of those before it.</summary>
        /// <returns>Those that failed.</returns>
        public List<string> Run(IEnumerable<string> steps)
        {
            List<string> failed = [];
            string all = "";
            foreach (string step in steps)
            {
                if (Shell(step).ExitCode != 0)
                    failed.Add(step);
                all += Output;
            }
            Output = all;
            return failed;
        }

        public (int ExitCode, string Output) Shell(string commands)
        {
            ProcessStartInfo like = DotNet.StartInfo(_project.Root, []);
            ProcessStartInfo start = new("bash") { WorkingDirectory = _project.Root, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment.Clear();
            foreach ((string name, string? value) in like.Environment)
                start.Environment[name] = value;
            start.Environment["GITHUB_STEP_SUMMARY"] = Summary;
            // Tools come from here and nowhere else; the project says itself where its packages are.
            start.Environment["NUGET_PACKAGES"] = Path.Combine(_project.Root, "tool-packages");
            // Where the SDK keeps what it knows of restored tools.
            start.Environment["DOTNET_CLI_HOME"] = Path.Combine(_project.Root, "home");
            start.Environment["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false";
            start.ArgumentList.Add("-ec");
            start.ArgumentList.Add(commands + "\n");
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(TimeSpan.FromMinutes(10)))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail($"Did not end: {commands}");
            }
            return (process.ExitCode, Output = output.Result + error.Result);
        }
    }
}
