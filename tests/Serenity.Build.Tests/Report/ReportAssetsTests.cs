using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Serenity.Build.Report;
using Serenity.Testing;

namespace Serenity.Build.Tests.Report;

/// <summary>What every page is made of: the script's bundle, and the colours.</summary>
[TestClass]
public sealed partial class ReportAssetsTests
{
    [TestMethod]
    public void The_script_was_made_of_the_sources_beside_it()
    {
        string folder = Path.Combine(Checkout.Root, "src", "Serenity.Build", "Report", "Script");
        StringBuilder all = new();
        foreach (string source in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
            all.Append(Path.GetFileName(source)).Append('\n').Append(File.ReadAllText(source).ReplaceLineEndings("\n")).Append('\n');
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToString())));
        StringAssert.Contains(HtmlReport.Asset("report.js").Split('\n')[0], hash, "The script's sources changed: run ./build.sh page.");
    }

    [TestMethod]
    public void The_licences_of_what_is_in_the_script_go_with_it_and_are_in_the_notices()
    {
        string script = HtmlReport.Asset("report.js"), notices = File.ReadAllText(Path.Combine(Checkout.Root, "THIRD-PARTY-NOTICES.txt"));
        MatchCollection comments = Licence().Matches(script);
        Assert.IsGreaterThan(1, comments.Count);
        foreach (Match comment in comments)
        {
            Assert.MatchesRegex("(?i)permission", comment.Value);
            foreach (string package in comment.Groups[1].Value.Split(", "))
                StringAssert.Contains(notices, package[..package.LastIndexOf(' ')], "Not in THIRD-PARTY-NOTICES.txt.");
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void Text_can_be_told_from_what_it_stands_on(int theme)
    {
        Dictionary<string, string> colours = Colour().Matches(HtmlReport.Asset("theme.css")).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2 + theme].Value);
        (string Text, string Ground)[] texts =
        [
            .. from ground in (string[])["bg", "card", "none-bg", "act0", "act1", "act2", "in", "out", "held", "scratch"] select ("ink", ground),
            ("dim", "bg"), ("dim", "card"), ("accent", "bg"), ("accent", "card"), ("budget", "card"), ("arena", "card"), ("pass", "pass-bg"), ("fail", "fail-bg"), ("fail", "card"), ("warn", "warn-bg"), ("warn", "card"), ("card", "accent"),
        ];
        foreach ((string text, string ground) in texts)
            Assert.IsGreaterThanOrEqualTo(4.5, Contrast(colours[text], colours[ground]), $"--{text} on --{ground}");
        // Edges of what is drawn, and the bars.
        foreach (string edge in (string[])["act-edge", "in-edge", "out-edge", "held-edge", "scratch-edge", "view", "before", "used", "over", "more", "budget", "edge"])
            Assert.IsGreaterThanOrEqualTo(3.0, Contrast(colours[edge], colours["card"]), $"--{edge} on --card");
    }

    // WCAG 2: relative luminance.
    private static double Contrast(string one, string other)
    {
        double a = Luminance(one), b = Luminance(other);
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static double Luminance(string colour)
    {
        double Channel(int at)
        {
            double value = int.Parse(colour.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
        }
        return (0.2126 * Channel(1)) + (0.7152 * Channel(3)) + (0.0722 * Channel(5));
    }

    [GeneratedRegex(@"/\*!\n(.*)\n[\s\S]*?\*/")]
    private static partial Regex Licence();

    [GeneratedRegex(@"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6})[0-9a-f]{0,2}, (#[0-9a-f]{6})[0-9a-f]{0,2}\);")]
    private static partial Regex Colour();
}
