using System.Text.RegularExpressions;

namespace Serenity.Build.Tests.Docs;

/// <summary>What docs/comparison.md claims of us names tests that exist.</summary>
[TestClass]
public sealed class ComparisonTests
{
    [TestMethod]
    public void Every_claim_has_its_test()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "comparison.md"));
        Dictionary<string, string> sources = Directory.GetFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .GroupBy(path => Path.GetFileNameWithoutExtension(path)).ToDictionary(g => g.Key, g => string.Concat(g.Select(File.ReadAllText)));
        MatchCollection rows = Regex.Matches(page, @"^\| [^|]+ \| [^|]*?(?<note>[¹²³⁴⁵⁶⁷⁸⁹⁰]+) \|", RegexOptions.Multiline);
        MatchCollection notes = Regex.Matches(page, @"^(?<number>\d+)\. (?<tests>.+)$", RegexOptions.Multiline);
        Assert.IsGreaterThan(8, rows.Count);
        Assert.HasCount(rows.Count, notes, "One note a row.");
        foreach (Match note in notes)
        {
            MatchCollection tests = Regex.Matches(note.Groups["tests"].Value, @"`(?<class>\w+)\.(?<method>\w+)`");
            Assert.IsNotEmpty(tests, note.Value);
            foreach (Match test in tests)
            {
                string source = sources.GetValueOrDefault(test.Groups["class"].Value, "");
                StringAssert.Matches(source, new Regex($@"\[(TestMethod|DataTestMethod)\b[\s\S]*?\b{test.Groups["method"].Value}\("), test.Value);
            }
        }
    }
}
