using System.Globalization;
using System.Net;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>The parts of the report that are plain HTML: all figures, and what is live at the peak, can be read without scripts.</summary>
internal static class ReportPage
{
    /// <summary>Content of each slot of the template, except policy, style, script and data.</summary>
    public static Dictionary<string, string> Slots(MemoryManifest manifest, ReportNames names)
    {
        bool arena = manifest.Executor.Traits().HasOffsets;
        string model = Text(ModelText.Clean(FileName(manifest.Source.Path), 120));
        LiveTable live = new(manifest, names);
        return new(StringComparer.Ordinal)
        {
            ["title"] = $"{model}: {ByteSize.Rounded(manifest.Peak.Bytes)} peak",
            ["summary"] = SummaryPart.Render(manifest, model) + RangePart.Render(manifest),
            ["warnings"] = Warnings(manifest),
            ["legend"] = Legend(manifest),
            ["profile-label"] = Text(ProfileLabel(manifest)),
            ["map-input"] = arena ? "<span class=\"key in\"></span>input " : "",
            ["map-keys"] = arena ? "<span class=\"key view\"></span>view" : "<span class=\"key held\"></span>held for reuse",
            ["map-title"] = arena ? "Arena" : "Tensors in memory",
            ["map-note"] = arena
                ? "Height is the offset in the arena."
                : "Heights are bytes, widths are lifetimes. ONNX Runtime chooses addresses when it runs, so positions here are only a packing.",
            ["map-label"] = arena
                ? $"Map of the arena: {manifest.Program.Listed().Count()} tensors, offset against step."
                : $"Map of {manifest.Program.Listed().Count()} tensors, bytes against step.",
            ["live-title"] = manifest.PeakStep is null ? "Live tensors" : "What is live at the peak",
            ["live-lead"] = live.Lead(),
            ["live-rows"] = live.Rows(),
            ["rewrites"] = Rewrites(manifest, names),
            ["ends"] = EndsPart.Render(manifest, names),
            ["facts"] = FactsPart.Render(manifest),
            ["footer"] = $"{Text(ModelText.Clean(manifest.Tool.Name, 60))} {Text(ModelText.Clean(manifest.Tool.Version, 60))}. " +
                "This file loads nothing from anywhere.",
        };
    }

    /// <summary>HTML-encodes text, for elements and for attributes in double quotes.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A number with thousands separators.</summary>
    public static string Exact(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A name from the model, cut off from the direction of the text around it.</summary>
    public static string Name(string shown) => $"<bdi class=\"name\">{Text(shown)}</bdi>";

    private static string FileName(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string Legend(MemoryManifest manifest)
    {
        StringBuilder html = new();
        if (manifest.OriginalProfile.Count > 0)
            html.Append("<span class=\"key before\"></span>source model as it runs today ");
        html.Append("<span class=\"key after\"></span>optimized model ");
        if (manifest.Budget.MemoryBytes is not null)
            html.Append(CultureInfo.InvariantCulture, $"<span class=\"key budget\"></span>budget{(manifest.Peak.WorkspaceBytes > 0 ? " less the kernels’ workspace" : "")} ");
        if (manifest.Executor.Traits().HasOffsets)
            html.Append("<span class=\"key arena\"></span>arena size ");
        return html.ToString();
    }

    private static string ProfileLabel(MemoryManifest manifest)
    {
        string peak = manifest.PeakStep is { } step
            ? $"The peak, {ByteSize.Rounded(manifest.Peak.LiveBytes)}, is at step {step.Index} of {manifest.Program.Steps.Count}."
            : "The model has no nodes.";
        return "Live bytes at each step, before and after. " + peak;
    }

    private static string Warnings(MemoryManifest manifest)
    {
        StringBuilder html = new();
        foreach (WarningEntry warning in manifest.Warnings)
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"note warn\"><b>{Text(ModelText.Clean(warning.Code, 40))}</b> {Text(ModelText.Clean(warning.Message, 2000))}</p>\n");
        return html.ToString();
    }

    private static string Rewrites(MemoryManifest manifest, ReportNames names)
    {
        if (manifest.Rewrites.Count == 0)
        {
            return manifest.Options.Get(ModelOptions.Rewrite) == RewriteLevel.None
                ? "<p>None: rewrites are turned off for this model.</p>"
                : "<p>None: the order alone gave this peak, and no rewrite would lower it.</p>";
        }
        StringBuilder html = new("<div class=\"scroll\"><table><thead><tr><th>Rewrite</th><th>Replaced</th><th>Outputs</th><th class=\"num\">Saved</th></tr></thead><tbody>");
        foreach (AppliedRewrite rewrite in manifest.Rewrites)
        {
            const int Shown = 6;
            string nodes = string.Join("<br>", rewrite.Nodes.Take(Shown).Select(node => Name(names.Show(node))));
            if (rewrite.Nodes.Count > Shown)
                nodes += $"<br><span class=\"dim\">and {rewrite.Nodes.Count - Shown} more</span>";
            if (rewrite.Pieces is { } pieces)
            {
                string costs = pieces.AddedTime > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {pieces.AddedTime:P1} more time") : "";
                nodes += string.Create(CultureInfo.InvariantCulture, $"<br><span class=\"dim\">in {pieces.Count} pieces along axis {pieces.Axis} of {Name(names.Show(pieces.Value))}{costs}</span>");
            }
            string exact = rewrite.Exact ? "bit for bit the same" : "a sum in another order";
            html.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{Text(names.Show(rewrite.Kind))}</td><td>{nodes}</td><td>{exact}</td><td class=\"num\">{ByteSize.Rounded(rewrite.SavedBytes)}</td></tr>");
        }
        return html.Append("</tbody></table></div>").ToString();
    }
}
