using System.Reflection;
using System.Text.RegularExpressions;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Tests.Docs;

/// <summary>Every code has its page, every page its code, and the pages teach.</summary>
[TestClass]
public sealed class ErrorPagesTests
{
    private static readonly string _folder = Path.Combine(Repository.Root, "docs", "errors");

    private static string[] Codes => [.. typeof(SerenityCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!).Order(StringComparer.Ordinal)];

    [TestMethod]
    public void Codes_and_pages_are_the_same()
    {
        string[] pages = [.. Directory.GetFiles(_folder, "SER*.md").Select(p => Path.GetFileNameWithoutExtension(p)).Order(StringComparer.Ordinal)];
        CollectionAssert.AreEqual(Codes, pages, $"codes: {string.Join(' ', Codes)}; pages: {string.Join(' ', pages)}");
    }

    [TestMethod]
    public void Codes_are_unique_and_of_their_form()
    {
        CollectionAssert.AllItemsAreUnique(Codes);
        foreach (string code in Codes)
            StringAssert.Matches(code, new Regex("^SER(1[0-7]|2[0-7])[0-9]{2}$"));
    }

    [TestMethod]
    public void Every_page_says_what_why_what_to_do_and_shows_it()
    {
        foreach (string code in Codes)
        {
            string page = File.ReadAllText(Path.Combine(_folder, code + ".md"));
            SerenityCode entry = SerenityCodes.All.Single(c => c.Code == code);
            StringAssert.StartsWith(page, $"# {code}: {entry.Title}\n");
            string kind = entry.Severity == DiagnosticSeverity.Warning ? "warning" : "error";
            foreach (string section in new[] { "What happened", "Why", "What to do", "Example" })
            {
                Match found = Regex.Match(page, $"^## {section}\n\n(.+?)(\n## |\\z)", RegexOptions.Multiline | RegexOptions.Singleline);
                Assert.IsTrue(found.Success, $"{code} lacks '{section}'.");
                Assert.IsGreaterThan(40, found.Groups[1].Length, $"{code} says nothing under '{section}'.");
            }
            StringAssert.Contains(page, $": {kind} {code}: ", $"The example of {code} is not of {code}.");
        }
    }

    [TestMethod]
    public void The_index_is_the_table_of_codes()
    {
        CollectionAssert.AreEqual(Codes, SerenityCodes.All.Select(c => c.Code).ToArray());
        string[] rows = [.. File.ReadAllLines(Path.Combine(_folder, "README.md")).Where(line => line.StartsWith("| [", StringComparison.Ordinal))];
        CollectionAssert.AreEqual(SerenityCodes.All.Select(c => $"| [{c.Code}]({c.Code}.md) | {c.Title} |").ToArray(), rows);
    }
}
