using System.Security.Cryptography;
using System.Text;
using Serenity.Build.Manifest;

namespace Serenity.Build.Report;

/// <summary>
/// The file <c>model.memory.html</c>: where a model's memory goes, as a page to look at. One self-contained file that loads nothing;
/// made from the manifest alone, so the same manifest gives the same bytes on every machine.
/// </summary>
/// <remarks>
/// Names come from a model that nobody vouches for, so the page defends itself three times: static text is HTML-encoded, data is JSON
/// in a block that no browser executes, with every <c>&lt;</c> escaped, and scripts only ever set text; and a content security
/// policy allows exactly one script and one style sheet, by hash, and no connection at all.
/// </remarks>
public static class HtmlReport
{
    // Bundled from Report/Script by './build.sh page'.
    private static readonly string _script = Asset("report.js");
    private static readonly string _style = Asset("theme.css") + Asset("report.css");

    /// <summary>Draws the report of one model.</summary>
    /// <param name="manifest">The manifest, with the verdict settled.</param>
    /// <returns>The whole HTML file; write it as UTF-8.</returns>
    public static string Render(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ReportNames names = new(manifest);
        Dictionary<string, string> slots = ReportPage.Slots(manifest, names);
        slots.Add("policy",
            $"default-src 'none'; script-src '{Hash(_script)}'; style-src '{Hash(_style)}'; base-uri 'none'; form-action 'none'; " +
            "require-trusted-types-for 'script'; trusted-types 'none'");
        slots.Add("style", _style);
        slots.Add("script", _script);
        slots.Add("data", ReportData.Write(manifest, names));
        return Fill(Asset("report.html"), slots);
    }

    // One pass over the template, so that nothing a model says can be taken for a slot.
    private static string Fill(string template, Dictionary<string, string> slots)
    {
        StringBuilder page = new();
        int at = 0;
        for (int open; (open = template.IndexOf("{{", at, StringComparison.Ordinal)) >= 0;)
        {
            int close = template.IndexOf("}}", open, StringComparison.Ordinal);
            page.Append(template, at, open - at).Append(slots[template[(open + 2)..close]]);
            at = close + 2;
        }
        return page.Append(template, at, template.Length - at).ToString();
    }

    /// <summary>A hash as a content security policy names a script or a style sheet by.</summary>
    internal static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>A file of <c>Report/Assets</c>.</summary>
    internal static string Asset(string name)
    {
        using Stream stream = typeof(HtmlReport).Assembly.GetManifestResourceStream("Serenity.Build.Report." + name)
            ?? throw new InvalidOperationException($"The resource {name} is missing from the assembly.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
