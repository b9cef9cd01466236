using System.Text.RegularExpressions;
using Serenity.Build.Checks;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tests.Docs;

/// <summary>What is taken for granted of ONNX Runtime is stated in one place, named by who builds on it, and held by tests.</summary>
[TestClass]
public sealed class RuntimeRulesTests
{
    private static readonly string _rules = Path.Combine("src", "Serenity.Onnx", "Contract", "RuntimeRules.cs");

    [TestMethod]
    public void Every_rule_has_tests_and_is_named_where_it_is_built_on()
    {
        string[] tests = [.. Sources("tests").Select(source => Path.GetFileNameWithoutExtension(source.Path))];
        string code = string.Concat(Sources("src").Where(source => source.Path != _rules).Select(source => source.Text));
        Assert.IsGreaterThan(20, RuntimeRules.All.Count);
        foreach (RuntimeRule rule in RuntimeRules.All)
        {
            CollectionAssert.Contains(tests, rule.HeldBy, rule.Name);
            Assert.IsTrue(code.Contains("RuntimeRules." + rule.Name, StringComparison.Ordinal), $"Nobody builds on {rule.Name}.");
            Assert.IsTrue(rule.HoldsFor(RuntimeRules.Tested), $"{rule.Name} is stated from {rule.Since} on, and {RuntimeRules.Tested} is tested.");
            Assert.IsFalse(rule.HoldsFor(new Version(1, 17, 3)) || rule.HoldsFor(new Version(99, 0, 0)), rule.Name);
        }
    }

    [TestMethod]
    public void No_other_source_states_the_version_that_is_built_with()
    {
        // Not where the registry lacks it and another one stands in.
        if (PinOf("Directory.Packages.props") != RuntimeRules.Tested.ToString(3))
            Assert.Inconclusive("ONNX Runtime comes from a local feed.");
        Regex version = new($@"\b{Regex.Escape(RuntimeRules.Tested.ToString(2))}(\.\d+)?\b");
        string[] stating = [.. Sources("src").Where(source => source.Path != _rules && version.IsMatch(source.Text)).Select(source => source.Path)];
        Assert.IsEmpty(stating, string.Join(", ", stating));
    }

    [TestMethod]
    public void Pins_agree_and_the_table_of_versions_knows_them()
    {
        string pin = PinOf("Directory.Packages.props");
        Assert.AreEqual(pin, PinOf(Path.Combine("samples", "Directory.Build.props")));
        Assert.IsTrue(RuntimeVersions.Known.NeedsNoMore(Version.Parse(pin)), $"sweep versions has not been run with {pin}, or found that plans need more there.");
    }

    [TestMethod]
    public void The_page_has_the_table_of_versions_that_a_build_warns_by()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "onnxruntime.md"));
        string[][] rows = [.. File.ReadAllLines(Path.Combine(Repository.Root, "src", "Serenity.Build", "Checks", "onnxruntime-versions.tsv")).Where(line => !line.StartsWith('#')).Select(line => line.Split('\t'))];
        IEnumerable<string> expected = rows.GroupBy(row => $"{Count(row[2], row[3])} | {Count(row[5], row[6])}").Select(group => $"| {string.Join(", ", group.Select(row => row[0]))} | {group.Key} |");
        string[] told = [.. page.Split('\n').Where(line => Regex.IsMatch(line, @"^\| 1\.\d+\.\d+.* \| \d+ \| .*\|$"))];
        CollectionAssert.AreEqual(expected.ToArray(), told, string.Join('\n', expected));
        Assert.Contains($"| version | of {rows[0][1]} need more | worst | of the {rows[0][4]} need more | worst |", page);
        Assert.IsTrue(rows.All(row => row[1] == rows[0][1] && row[4] == rows[0][4]), "The same plans in every version.");

        static string Count(string more, string percent) => more == "0" ? "0 |" : $"{more} | {percent} %";
    }

    private static string PinOf(string file) =>
        Regex.Match(File.ReadAllText(Path.Combine(Repository.Root, file)), @"<OnnxRuntimeVersion [^>]*>(?<version>[\d.]+)</OnnxRuntimeVersion>").Groups["version"].Value;

    private static IEnumerable<(string Path, string Text)> Sources(string folder) =>
        Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: Path.GetRelativePath(Repository.Root, path), Full: path))
            .Where(file => !file.Path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .Select(file => (file.Path, File.ReadAllText(file.Full)));
}
