using System.Globalization;
using System.Net;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Options;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Report;

/// <summary>The parts of the report that are plain HTML and SVG: all figures and pictures, and what is live at the peak, can be read without scripts.</summary>
internal static class ReportPage
{
    /// <summary>Content of each slot of the template, except policy, style, script and data.</summary>
    public static Dictionary<string, string> Slots(MemoryManifest manifest, ReportNames names)
    {
        ExecutorTraits traits = manifest.Executor.Traits();
        string model = Text(ModelText.Clean(FileName(manifest.Source.Path), 120));
        LivePart live = new(manifest, names);
        return new(StringComparer.Ordinal)
        {
            ["title"] = $"{model}: {ByteSize.Rounded(manifest.Peak.RequiredBytes)} needed",
            ["verdict"] = VerdictPart.Render(manifest, model),
            ["fit"] = FitPart.Render(manifest),
            ["warnings"] = Warnings(manifest),
            ["profile-legend"] = ProfileLegend(manifest),
            ["profile"] = new ProfilePlot(manifest, names).Render(),
            ["beside"] = manifest.OriginalProfile.Count > 0 ? "<button type=\"button\" id=\"side\" aria-pressed=\"false\">Before and after side by side</button>" : "",
            ["steps"] = Math.Max(1, manifest.Program.Steps.Count).ToString(CultureInfo.InvariantCulture),
            ["peak-step"] = ((manifest.PeakStep?.Index ?? 0) + 1).ToString(CultureInfo.InvariantCulture),
            ["map-title"] = manifest.Memories is not null ? "Tensors in the device’s memories" : traits.HasOffsets ? "Tensors in the arena" : "Tensors in memory",
            ["map-legend"] = MapLegend(manifest),
            ["map"] = MapPart.Render(manifest, names),
            ["live-title"] = manifest.PeakStep is null ? "Live tensors" : "What is live at the peak",
            ["live-lead"] = live.Lead(),
            ["live"] = live.Tables(),
            ["rewrites"] = RewritesPart.Render(manifest, names),
            ["range"] = RangePart.Render(manifest),
            ["traffic"] = TrafficPart.Render(manifest),
            ["account"] = AccountPart.Render(manifest),
            ["ends"] = EndsPart.Render(manifest, names),
            ["count"] = $"{Counted.Of(manifest.Program.Steps.Count, "node")} and {Counted.Of(manifest.Program.Listed().Count(), "tensor")}",
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

    private static string ProfileLegend(MemoryManifest manifest)
    {
        StringBuilder html = new();
        if (manifest.OriginalProfile.Count > 0)
            html.Append(CultureInfo.InvariantCulture, $"<span class=\"key before\"></span>source model as it runs today{(manifest.OriginalProfile.Count == manifest.Program.Steps.Count ? "" : $", its {Counted.Of(manifest.OriginalProfile.Count, "step")} over the same width")} ");
        html.Append("<span class=\"key after\"></span>optimized model ");
        if (manifest.Budget.MemoryBytes is not null)
            html.Append("<span class=\"key limit\"></span>budget ");
        if (manifest.Executor.Traits().HasOffsets)
            html.Append(CultureInfo.InvariantCulture, $"<span class=\"key arena\"></span>{(manifest.Memories is null ? "arena size" : "all memories together")} ");
        return html.ToString();
    }

    private static string MapLegend(MemoryManifest manifest)
    {
        ExecutorTraits traits = manifest.Executor.Traits();
        string input = traits.CountsInputs ? "<span class=\"key in\"></span>input " : "";
        string last = manifest.Memories is { } memories
            ? $"<span class=\"key view\"></span>view {(memories.Weights.Count > 0 ? "<span class=\"key weight\"></span>weights " : "")}<span class=\"key limit\"></span>size of the memory <span class=\"dim\">Height is the offset in that memory. What moves is drawn in both, each in its time.</span>"
            : traits.HasOffsets
            ? "<span class=\"key view\"></span>view <span class=\"dim\">Height is the offset in the arena, up to its size.</span>"
            : "<span class=\"key held\"></span>held for reuse <span class=\"key scratch\"></span>scratch <span class=\"dim\">Stacked, the oldest at the bottom: heights add up to what is allocated, and the top of the picture is the peak. ONNX Runtime chooses addresses when it runs.</span>";
        return $"{input}<span class=\"key act\"></span>activation <span class=\"key out\"></span>output {last}";
    }

    private static string Warnings(MemoryManifest manifest)
    {
        StringBuilder html = new();
        foreach (WarningEntry warning in manifest.Warnings)
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"note warn\"><b>{Text(ModelText.Clean(warning.Code, 40))}</b> {Text(ModelText.Clean(warning.Message, 2000))}</p>\n");
        return html.ToString();
    }
}
