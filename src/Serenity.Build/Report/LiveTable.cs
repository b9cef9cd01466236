using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>What is live at the peak, largest first: who made it, who still needs it. The script redraws it for other steps.</summary>
internal sealed class LiveTable
{
    private readonly MemoryManifest _manifest;
    private readonly ReportNames _names;
    private readonly BufferUses _uses;

    public LiveTable(MemoryManifest manifest, ReportNames names)
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
            $"Step {peak.Index} of {_manifest.Program.Steps.Count}, {ReportPage.Name(_names.Show(peak.Node))}{Operator(peak.Index)}: {ByteSize.Format(Total(peak))} live.");
    }

    /// <summary>The rows.</summary>
    public string Rows()
    {
        if (_manifest.PeakStep is not { } peak)
            return "";
        StringBuilder html = new();
        long total = Math.Max(1, Total(peak)), sum = 0;
        foreach (LiveTensor live in peak.Live)
        {
            ProgramBuffer? tensor = _uses.Find(live.Tensor);
            sum += live.Bytes;
            Row(html, ReportPage.Name(_names.Show(live.Tensor)) + Type(tensor), live.Bytes, total, MadeBy(tensor, peak.Index), NeededBy(tensor, peak.Index));
        }
        if (Total(peak) > sum)
            Row(html, "<span class=\"dim\">scratch and rounding</span>", Total(peak) - sum, total, "", "");
        return html.ToString();
    }

    private static void Row(StringBuilder html, string name, long bytes, long total, string made, string needed) => html.Append(
        CultureInfo.InvariantCulture,
        $"<tr><td>{name}</td><td class=\"num\" title=\"{ReportPage.Exact(bytes)} bytes\">{ByteSize.Rounded(bytes)}</td><td class=\"share\"><meter min=\"0\" max=\"{total}\" value=\"{bytes}\">{100.0 * bytes / total:0} %</meter></td><td>{made}</td><td>{needed}</td></tr>");

    private static string Type(ProgramBuffer? tensor) => tensor?.Type is { Length: > 0 } type
        ? $" <span class=\"dim small\">{ReportPage.Text(ModelText.Clean(type, 80))}</span>"
        : "";

    private string MadeBy(ProgramBuffer? tensor, int step) => (tensor is null ? null : _uses.WritersAt(tensor, step)) switch
    {
        null => "",
        { Count: 0 } => "the caller",
        [int one] => Node(one),
        { } all => Node(all[0]) + $" <span class=\"dim\">and {all.Count - 1} more that add into it</span>",
    };

    private string NeededBy(ProgramBuffer? tensor, int step)
    {
        if (tensor?.Readers is null)
            return "";
        (IReadOnlyList<int> readers, int? reusedAt, bool output) = _uses.After(tensor, step);
        List<string> needed = [.. readers.Take(3).Select(reader => reader == step ? "this step" : Node(reader))];
        if (readers.Count > 3)
            needed.Add($"<span class=\"dim\">{readers.Count - 3} more</span>");
        if (output)
            needed.Add("the caller");
        if (reusedAt is int again)
            needed.Add($"nobody; kept for {Node(again)}");
        return needed.Count == 0 ? "nobody" : string.Join(", ", needed);
    }

    // What is allocated there, which can be more than what is live: buffers are held for reuse.
    private long Total(PeakStep peak) => peak.Index < _manifest.Profile.Count ? _manifest.Profile[peak.Index] : _manifest.Peak.LiveBytes;

    private string Node(int step) => step >= 0 && step < _manifest.Program.Steps.Count
        ? string.Create(CultureInfo.InvariantCulture, $"{ReportPage.Name(_names.Show(_manifest.Program.Steps[step].Node))} <span class=\"dim\">{step}</span>")
        : "";

    private string Operator(int step) => step < _manifest.Program.Steps.Count && _manifest.Program.Steps[step].OperatorType is { Length: > 0 } type
        ? $" ({ReportPage.Text(_names.Show(type))})"
        : "";
}
