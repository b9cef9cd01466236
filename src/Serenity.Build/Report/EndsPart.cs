using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>What goes in and out of the model, and its weights.</summary>
internal static class EndsPart
{
    // A page of thousands of inputs would hide the rest; the search finds them all.
    private const int Shown = 40;

    public static string Render(MemoryManifest manifest, ReportNames names)
    {
        StringBuilder html = new("<div class=\"scroll\"><table><thead><tr><th></th><th>Name</th><th>Type</th><th class=\"num\">Bytes</th></tr></thead><tbody>");
        Rows(html, manifest, names, BufferKind.Input, "input");
        Rows(html, manifest, names, BufferKind.Output, "output");
        html.Append(CultureInfo.InvariantCulture, $"<tr><td>weights</td><td class=\"dim\">all initializers</td><td></td><td class=\"num\">{ByteSize.Rounded(manifest.Weights.Bytes)}</td></tr>");
        html.Append("</tbody></table></div>");
        html.Append("<p class=\"dim small\">").Append(manifest.Executor.Traits().CountsInputs
            ? "The arena holds inputs and outputs too, so they are part of its size."
            : "ONNX Runtime leaves inputs to the caller, so they are not part of the peak; outputs are.");
        return html.Append(" Weights never are: they stay in flash or in their own block.</p>").ToString();
    }

    private static void Rows(StringBuilder html, MemoryManifest manifest, ReportNames names, BufferKind kind, string label)
    {
        int count = 0;
        foreach (ProgramBuffer tensor in manifest.Program.Buffers)
        {
            if (tensor.Kind != kind || ++count > Shown)
                continue;
            html.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{label}</td><td>{ReportPage.Name(names.Show(tensor.Name))}</td><td>{ReportPage.Text(ModelText.Clean(tensor.Type ?? "", 80))}</td><td class=\"num\">{ByteSize.Rounded(tensor.Bytes)}</td></tr>");
        }
        if (count > Shown)
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{label}</td><td class=\"dim\" colspan=\"3\">and {count - Shown} more</td></tr>");
    }
}
