using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Report;

/// <summary>Options, session options, verification and file hashes: what one needs to get the same figures again.</summary>
internal static class FactsPart
{
    public static string Render(MemoryManifest manifest)
    {
        StringBuilder html = new("<dl class=\"facts\">");
        Fact(html, "Executor", manifest.Executor.ToString());
        Fact(html, "Source", $"{manifest.Source.Path}  ·  SHA-256 {manifest.Source.Sha256}");
        Fact(html, "Optimized", $"{manifest.Output.Path}  ·  SHA-256 {manifest.Output.Sha256}");
        Fact(html, "Options", string.Join(", ", ModelOptions.OfResult.Where(o => o != ModelOptions.Executor && manifest.Options.TextOf(o) is { Length: > 0 })
            .Select(o => $"{o.Name}={manifest.Options.TextOf(o)}")));
        Fact(html, "Work of a run", string.Create(CultureInfo.InvariantCulture, $"{manifest.Work.Ratio:0.###} times the source's, as counted; up to {manifest.Work.Limit:0.##} allowed"));
        if (manifest.SessionOptions is { Count: > 0 } session)
        {
            Fact(html, "Session options the figures hold for", string.Join(", ", session.OrderBy(o => o.Key, StringComparer.Ordinal)
                .Select(o => $"{o.Key}={o.Value}")));
        }
        Fact(html, "Verification", Verification(manifest));
        Fact(html, "Schedule", $"{Counted.Of(manifest.Program.Steps.Count, "node")}, {Counted.Of(manifest.Program.Listed().Count(), "tensor")}");
        return html.Append("</dl>").ToString();
    }

    private static string Verification(MemoryManifest manifest)
    {
        if (manifest.Verification is not { } facts)
            return "off";
        StringBuilder text = new(facts.Status);
        if (facts.Reason is { Length: > 0 })
            text.Append(CultureInfo.InvariantCulture, $" ({facts.Reason})");
        if (facts.MeasuredBytes is long measured)
        {
            text.Append(CultureInfo.InvariantCulture, $"; measured peak {ByteSize.Format(measured)}");
            if (measured == manifest.Peak.Bytes)
                text.Append(", the predicted one to the byte");
        }
        if (facts.Status != "skipped")
        {
            text.Append(facts.Exact
                ? "; outputs bit for bit the same" + (facts.Level is { } level ? $" as the source's in a session at {level}{With(facts.ConfigEntries)}" : "")
                : string.Create(CultureInfo.InvariantCulture, $"; largest difference of outputs {facts.MaxError:0.###e+0} of their magnitude"));
        }
        if (facts.RuntimeVersion is not null)
            text.Append(CultureInfo.InvariantCulture, $"; ONNX Runtime {facts.RuntimeVersion} on {facts.Architecture}");
        return text.ToString();
    }

    private static string With(IReadOnlyDictionary<string, string>? entries) =>
        entries is { Count: > 0 } ? " with " + string.Join(", ", entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}={e.Value}")) : "";

    private static void Fact(StringBuilder html, string term, string text) => html.Append(
        CultureInfo.InvariantCulture, $"<dt>{ReportPage.Text(term)}</dt><dd>{ReportPage.Text(ModelText.Clean(text, 2000))}</dd>");
}
