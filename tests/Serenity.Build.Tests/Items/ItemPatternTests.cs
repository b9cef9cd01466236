using System.Text.RegularExpressions;
using Serenity.Build.Items;
using Serenity.Testing.Models;

namespace Serenity.Build.Tests.Items;

[TestClass]
public sealed class ItemPatternTests
{
    [TestMethod]
    [DataRow("models/a.onnx", "models/a.onnx", true)]
    [DataRow("models/a.onnx", "models/b.onnx", false)]
    [DataRow("Models\\A.onnx", "models/a.ONNX", true)]
    [DataRow("*.onnx", "a.onnx", true)]
    [DataRow("*.onnx", "models/a.onnx", false)]
    [DataRow("**/*.onnx", "a.onnx", true)]
    [DataRow("**/*.onnx", "models/deep/a.onnx", true)]
    [DataRow("models/**/a.onnx", "models/a.onnx", true)]
    [DataRow("models/**/a.onnx", "modelsa.onnx", false)]
    [DataRow("models/**", "models/deep/a.onnx", true)]
    [DataRow("m?.onnx", "m1.onnx", true)]
    [DataRow("m?.onnx", "m/.onnx", false)]
    [DataRow("m?.onnx", "m.onnx", false)]
    [DataRow("a+(b).onnx", "a+(b).onnx", true)]
    [DataRow("", "", true)]
    [DataRow("", "a", false)]
    public void An_item_is_matched_as_msbuild_reads_the_part(string pattern, string item, bool matches) =>
        Assert.AreEqual(matches, new ItemPattern(pattern).Matches(item));

    [TestMethod]
    [DataRow("a.onnx,b.onnx", "Include=\"a.onnx;b.onnx\"")]
    [DataRow("models/*.onnx, more/b.ort", "Include=\"models/*.onnx;more/b.ort\"")]
    [DataRow("a,b.onnx", "", DisplayName = "A comma in a name.")]
    [DataRow("a.onnx,", "")]
    [DataRow("a.onnx", "")]
    public void Commas_between_models_are_told_of(string include, string said)
    {
        string hint = ItemPattern.CommaHint(include, "/nowhere");
        Assert.AreEqual(said.Length > 0, hint.Length > 0);
        Assert.Contains(said, hint);
    }

    [TestMethod]
    public void Random_parts_match_what_the_regular_expression_of_the_same_meaning_does()
    {
        TestRandom random = new(7);
        int matched = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string pattern = Text(random, ["a", "B", "/", "*", "?", "**", "**/"]), item = Text(random, ["a", "b", "/"]);
            Regex meaning = new(
                "^" + Regex.Escape(pattern).Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal).Replace(@"\*\*", ".*", StringComparison.Ordinal)
                    .Replace(@"\*", "[^/]*", StringComparison.Ordinal).Replace(@"\?", "[^/]", StringComparison.Ordinal) + "$",
                RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
            bool expected = meaning.IsMatch(item);
            matched += expected ? 1 : 0;
            Assert.AreEqual(expected, new ItemPattern(pattern).Matches(item), $"'{pattern}' on '{item}'");
        }
        Assert.IsGreaterThan(1_000, matched);
    }

    [TestMethod]
    public void Many_wildcards_take_no_time() =>
        Assert.IsFalse(new ItemPattern(string.Concat(Enumerable.Repeat("*a", 60)) + "b").Matches(new string('a', 2_000)));

    private static string Text(TestRandom random, string[] of) => string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => of[random.Next(of.Length)]));
}
