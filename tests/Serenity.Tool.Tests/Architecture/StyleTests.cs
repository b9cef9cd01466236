using System.Globalization;
using System.Text.RegularExpressions;
using Serenity.Testing;

namespace Serenity.Tool.Tests.Architecture;

/// <summary>What docs/contributing.md says of how code is written, where no analyzer holds it.</summary>
[TestClass]
public sealed partial class StyleTests
{
    private const string RawText = "\"\"\"";

    /// <summary>A test is named by a sentence, with underscores for spaces.</summary>
    [TestMethod]
    public void Names_of_tests_are_sentences()
    {
        List<string> wrong = [];
        int found = 0;
        foreach (string file in Sources("tests"))
        {
            foreach (Match test in TestName().Matches(File.ReadAllText(file)))
            {
                found++;
                if (!Sentence().IsMatch(test.Groups["name"].Value))
                    wrong.Add($"{Path.GetRelativePath(Checkout.Root, file)}: {test.Groups["name"].Value}");
            }
        }
        Assert.IsGreaterThan(500, found);
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
        Assert.IsFalse(Sentence().IsMatch("OpenDimensionsAreRefused"));
    }

    /// <summary>A line is as long as an editor shows; a text in it, such as a message, is not cut up for that, so it does not count.</summary>
    [TestMethod]
    public void Lines_are_no_longer_than_the_limit()
    {
        int limit = int.Parse(Limit().Match(File.ReadAllText(Path.Combine(Checkout.Root, ".editorconfig"))).Groups["limit"].Value, CultureInfo.InvariantCulture);
        List<string> wrong = [];
        foreach (string file in Sources("src", "build", "tests", "samples"))
        {
            bool isText = false;
            string[] lines = File.ReadAllLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                bool wasText = isText;
                int quotes = lines[i].Split(RawText).Length - 1;
                isText ^= quotes % 2 == 1;
                if (!wasText && quotes == 0 && TextOf().Replace(lines[i], "").Length > limit)
                    wrong.Add($"{Path.GetRelativePath(Checkout.Root, file)}, line {i + 1}");
            }
        }
        Assert.AreEqual(200, limit);
        Assert.IsEmpty(wrong, $"longer than {limit} characters without their texts: {string.Join("; ", wrong)}");
    }

    /// <summary>All source files of ours below folders of the checkout.</summary>
    private static IEnumerable<string> Sources(params string[] folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    [GeneratedRegex(@"^\[\*\][^[]*?^max_line_length = (?<limit>\d+)", RegexOptions.Multiline)]
    private static partial Regex Limit();

    [GeneratedRegex(@"""(?:[^""\\]|\\.)*""")]
    private static partial Regex TextOf();

    [GeneratedRegex(@"\[TestMethod\][^{;]*?\b(?:void|Task) (?<name>\w+)\(")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+)+$")]
    private static partial Regex Sentence();
}
