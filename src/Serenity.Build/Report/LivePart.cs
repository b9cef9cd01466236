using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>What is live at the peak, largest first: who made it, who still needs it. The script redraws it for other steps.</summary>
internal sealed class LivePart
{
    /// <summary>Rows that are seen at once; the others are folded.</summary>
    private const int Open = 8;

    // Hundreds of small tensors are a sum, not a list.
    private const int Most = 200;

    private readonly MemoryManifest _manifest;
    private readonly ReportNames _names;
    private readonly BufferUses _uses;

    public LivePart(MemoryManifest manifest, ReportNames names)
    {
        _manifest = manifest;
        _names = names;
        _uses = new BufferUses(manifest);
    }

    /// <summary>One sentence above the table.</summary>
    public string Lead()
    {
        if (_manifest.PeakStep is not { } peak)
            return "This model has no nodes, so it needs no activation memory of its own.";
        return string.Create(CultureInfo.InvariantCulture,
            $"Step {peak.Index + 1} of {_manifest.Program.Steps.Count}, {ReportPage.Name(_names.Show(peak.Node))}{Operator(peak.Index)}: {ByteSize.Format(Total(peak))} allocated.");
    }

    /// <summary>The largest, and folded below them the rest.</summary>
    public string Tables()
    {
        if (_manifest.PeakStep is not { } peak)
            return "";
        List<string> rows = [];
        long total = Math.Max(1, Total(peak)), sum = peak.Live.Sum(live => live.Bytes);
        foreach (LiveTensor live in peak.Live.Take(Most))
        {
            ProgramBuffer? tensor = _uses.Find(live.Tensor);
            rows.Add(Row(ReportPage.Name(_names.Show(live.Tensor)) + Type(tensor), live.Bytes, total, MadeBy(tensor, peak.Index), NeededBy(tensor, peak.Index)));
        }
        if (peak.Live.Count > Most)
            rows.Add(Row(string.Create(CultureInfo.InvariantCulture, $"<span class=\"dim\">{peak.Live.Count - Most} smaller ones</span>"), peak.Live.Skip(Most).Sum(live => live.Bytes), total, "", ""));
        if (Total(peak) > sum)
            rows.Add(Row("<span class=\"dim\">scratch and rounding</span>", Total(peak) - sum, total, "", ""));
        string html = Table(rows.Take(Open));
        return rows.Count <= Open ? html : html + string.Create(
            CultureInfo.InvariantCulture,
            $"<details><summary>{peak.Live.Count - Open} smaller, {ByteSize.Rounded(peak.Live.Skip(Open).Sum(live => live.Bytes))} together</summary>{Table(rows.Skip(Open))}</details>");
    }

    private static string Table(IEnumerable<string> rows) =>
        "<table class=\"cards\"><thead><tr><th>Tensor</th><th class=\"num\">Bytes</th><th class=\"share\">Share</th><th>Made by</th><th>Still needed by</th></tr></thead><tbody>" + string.Concat(rows) + "</tbody></table>";

    private static string Row(string name, long bytes, long total, string made, string needed) => string.Create(
        CultureInfo.InvariantCulture,
        $"<tr><td>{name}</td><td class=\"num\" data-label=\"Bytes\" title=\"{ReportPage.Exact(bytes)} bytes\">{ByteSize.Rounded(bytes)}</td><td class=\"share\" data-label=\"Share\">{Share(bytes, total)}</td><td data-label=\"Made by\">{made}</td><td data-label=\"Still needed by\">{needed}</td></tr>");

    private static string Share(long bytes, long total)
    {
        string part = (100.0 * bytes / total).ToString("0.#", CultureInfo.InvariantCulture);
        return $"<svg class=\"share\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"10\"/><rect class=\"used\" width=\"{part}\" height=\"10\"/></svg> {part} %";
    }

    private static string Type(ProgramBuffer? tensor) => tensor?.Type is { Length: > 0 } type
        ? $" <span class=\"dim small\">{ReportPage.Text(ModelText.Clean(type, 80))}</span>"
        : "";

    private string MadeBy(ProgramBuffer? tensor, int step) => (tensor is null ? null : _uses.WritersAt(tensor, step)) switch
    {
        null => "",
        { Count: 0 } => "the caller",
        [int one] => Node(one),
        { } all => Node(all[0]) + string.Create(CultureInfo.InvariantCulture, $" <span class=\"dim\">and {all.Count - 1} more that add into it</span>"),
    };

    private string NeededBy(ProgramBuffer? tensor, int step)
    {
        if (tensor?.Readers is null)
            return "";
        (IReadOnlyList<int> readers, int? reusedAt, bool output) = _uses.After(tensor, step);
        List<string> needed = [.. readers.Take(3).Select(reader => reader == step ? "this step" : Node(reader))];
        if (readers.Count > 3)
            needed.Add(string.Create(CultureInfo.InvariantCulture, $"<span class=\"dim\">{readers.Count - 3} more</span>"));
        if (output)
            needed.Add("the caller");
        if (reusedAt is int again)
            needed.Add($"nobody; kept for {Node(again)}");
        return needed.Count == 0 ? "nobody" : string.Join(", ", needed);
    }

    // What is allocated there, which can be more than what is live: buffers are held for reuse.
    private long Total(PeakStep peak) => peak.Index < _manifest.Profile.Count ? _manifest.Profile[peak.Index] : _manifest.Peak.LiveBytes;

    private string Node(int step) => step >= 0 && step < _manifest.Program.Steps.Count
        ? string.Create(CultureInfo.InvariantCulture, $"{ReportPage.Name(_names.Show(_manifest.Program.Steps[step].Node))} <a class=\"step\" href=\"#step={step + 1}\">step {step + 1}</a>")
        : "";

    private string Operator(int step) => step < _manifest.Program.Steps.Count && _manifest.Program.Steps[step].OperatorType is { Length: > 0 } type
        ? $" ({ReportPage.Text(_names.Show(type))})"
        : "";
}
