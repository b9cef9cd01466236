using System.Text.RegularExpressions;
using Serenity.Testing;

namespace Serenity.Tool.Tests.Architecture;

/// <summary>What docs/contributing.md says of how code is written, where no analyzer holds it.</summary>
[TestClass]
public sealed partial class StyleTests
{
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

    /// <summary>All source files of ours below folders of the checkout.</summary>
    private static IEnumerable<string> Sources(params string[] folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    [GeneratedRegex(@"\[TestMethod\][^{;]*?\b(?:void|Task) (?<name>\w+)\(")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^[A-Z][A-Za-z0-9]*(_[A-Za-z0-9]+)+$")]
    private static partial Regex Sentence();
}
