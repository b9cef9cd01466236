using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>What goes in and out of the model, and its weights.</summary>
internal static class EndsPart
{
    // A page of thousands of inputs would hide the rest; the list of all finds them.
    private const int Open = 6, Most = 60;

    public static string Render(MemoryManifest manifest, ReportNames names)
    {
        StringBuilder html = new();
        Rows(html, [.. manifest.Program.Inputs()], names, "input");
        Rows(html, [.. manifest.Program.Buffers.Where(t => t.Kind == BufferKind.Output)], names, "output");
        html.Append(CultureInfo.InvariantCulture, $"<p>Weights: {ByteSize.Rounded(manifest.Weights.Bytes)}, all initializers together.</p>\n");
        html.Append("<p class=\"dim small\">").Append(manifest.Program.Buffers.Any(t => t.Kind == BufferKind.Apart)
            ? "Inputs lie in memory of the app's own, so the arena has no place for them; it holds the outputs, so they are part of its size."
            : manifest.Executor.Traits().CountsInputs
            ? "The arena holds inputs and outputs too, so they are part of its size."
            : "ONNX Runtime leaves inputs to the caller, so they are not part of the peak; outputs are.");
        if (SharedOutputs.Of(manifest.Executor, manifest.Program) is { Count: > 0 } shared)
        {
            html.Append(' ').Append(ReportPage.Text(string.Create(CultureInfo.InvariantCulture,
                $"But for {shared.Count} that the app binds to the buffers of inputs ({Pair(shared[0])}{(shared.Count > 1 ? " and so on" : "")}): they are in no figure, {ByteSize.Rounded(shared.Sum(pair => pair.Output.Bytes))}.")));
        }
        if (manifest.Memories is not { Weights: { Count: > 0 } placed })
            return html.Append(" Weights never are: they stay in flash or in their own block.</p>").ToString();
        return html.Append(' ').Append(ReportPage.Text($"This plan places weights too, each in the memory that holds it: {string.Join(", ", placed.GroupBy(w => w.Memory).Select(In))}.")).Append("</p>").ToString();

        static string In(IGrouping<string, PlacedWeight> weights) => $"{ByteSize.Rounded(weights.Sum(w => w.Bytes))} in {ModelText.Clean(weights.Key, 60)}";
    }

    private static string Pair((ProgramBuffer Output, ProgramBuffer Input) pair) => $"{ModelText.Clean(pair.Output.Name, 60)} to {ModelText.Clean(pair.Input.Name, 60)}";

    private static void Rows(StringBuilder html, ProgramBuffer[] tensors, ReportNames names, string label)
    {
        Table(html, tensors.Take(Open), names, label);
        if (tensors.Length <= Open)
            return;
        html.Append(CultureInfo.InvariantCulture, $"<details><summary>{tensors.Length - Open} more {label}s</summary>");
        Table(html, tensors.Skip(Open).Take(Most), names, label);
        if (tensors.Length > Open + Most)
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"dim\">and {tensors.Length - Open - Most} more, in the list of all tensors.</p>");
        html.Append("</details>\n");
    }

    private static void Table(StringBuilder html, IEnumerable<ProgramBuffer> tensors, ReportNames names, string label)
    {
        html.Append("<table class=\"cards\"><thead><tr><th>").Append(char.ToUpperInvariant(label[0])).Append(label[1..]).Append("</th><th>Type</th><th class=\"num\">Bytes</th></tr></thead><tbody>");
        foreach (ProgramBuffer tensor in tensors)
        {
            html.Append(CultureInfo.InvariantCulture,
                $"<tr><td>{ReportPage.Name(names.Show(tensor.Name))}</td><td data-label=\"Type\">{ReportPage.Text(ModelText.Clean(tensor.Type ?? "", 80))}</td><td class=\"num\" data-label=\"Bytes\">{ByteSize.Rounded(tensor.Bytes)}</td></tr>");
        }
        html.Append("</tbody></table>\n");
    }
}
