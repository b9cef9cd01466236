using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>What travels to and from the memory outside a chip: at the capacity asked for as a table, and over capacities as a curve for each order. Empty where nothing was asked.</summary>
internal static class TrafficPart
{
    public static string Render(MemoryManifest manifest)
    {
        if (manifest.Traffic is not { } traffic)
            return "";
        StringBuilder html = new("<section class=\"card\" aria-labelledby=\"h-traffic\"><h2 id=\"h-traffic\">Traffic to the memory outside</h2>\n<p class=\"dim\">");
        html.Append(ReportPage.Text($"With {ByteSize.Rounded(traffic.OnChipBytes)} on chip: the least bytes of tensors that a run reads and writes outside, by order. Weights are not counted. No order of the written model{(traffic.MostPeakBytes is { } most ? $" that needs at most {ByteSize.Rounded(most)}" : "")} moves less than {ByteSize.Rounded(traffic.LowerBoundBytes)}."));
        if (traffic.LeastPeakBytes is { } least && manifest.Peak.Bytes > least)
            html.Append(ReportPage.Text($" The arena could be {ByteSize.Rounded(least)}; it is {ByteSize.Rounded(manifest.Peak.Bytes)} since that order moves less."));
        html.Append("</p>\n");
        Table(html, traffic);
        if (traffic.Curve.Count > 0)
            Curve(html, traffic);
        return html.Append("</section>\n").ToString();
    }

    private static void Table(StringBuilder html, TrafficFacts traffic)
    {
        html.Append("<table class=\"cards\"><thead><tr><th>Order</th><th class=\"num\">Read</th><th class=\"num\">Written</th><th class=\"num\">Together</th><th class=\"num\">Least of this order</th><th class=\"num\">What is needed last leaves first (Belady)</th></tr></thead><tbody>");
        foreach (OrderTraffic order in traffic.Orders)
        {
            string star = order.StreamedSteps > 0 ? "*" : "";
            html.Append(CultureInfo.InvariantCulture, $"<tr><td><span class=\"key {Style(order.Order)}\"></span>{ReportPage.Text(Title(order.Order))}</td><td class=\"num\" data-label=\"Read\">{Bytes(order.ReadBytes)}</td><td class=\"num\" data-label=\"Written\">{Bytes(order.WrittenBytes)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"num\" data-label=\"Together\"><b>{Bytes(order.Bytes)}</b>{star}</td><td class=\"num\" data-label=\"Least of this order\">{(order.LowerBoundBytes == order.Bytes ? "reached" : Bytes(order.LowerBoundBytes))}</td><td class=\"num\" data-label=\"Belady\">{Bytes(order.BeladyBytes)}</td></tr>");
        }
        html.Append("</tbody></table>\n");
        if (traffic.Orders.Any(o => o.StreamedSteps > 0))
            html.Append("<p class=\"dim small\">* Some steps are larger than the chip: they read and write their tensors piece by piece, each once, with nothing else on chip meanwhile.</p>\n");
    }

    private static void Curve(StringBuilder html, TrafficFacts traffic)
    {
        long end = Math.Max(1, traffic.Curve.Max(p => p.OnChipBytes)), top = Math.Max(1, traffic.Curve.Max(p => p.Bytes.DefaultIfEmpty().Max()));
        StringBuilder lines = new(), axis = new("<g class=\"steps\">");
        foreach (long capacity in PlotScale.OfBytes(end))
            axis.Append(CultureInfo.InvariantCulture, $"<text{(capacity == 0 ? " class=\"first\"" : "")} x=\"{PlotScale.Percent((double)capacity / end)}\" y=\"100%\" dy=\"17\">{ByteSize.Rounded(capacity)}</text>");
        axis.Append("</g>");
        if (traffic.OnChipBytes <= end)
        {
            double part = (double)traffic.OnChipBytes / end;
            axis.Append(CultureInfo.InvariantCulture, $"<line class=\"budget\" x1=\"{PlotScale.Percent(part)}\" x2=\"{PlotScale.Percent(part)}\" y1=\"0\" y2=\"100%\"/><text class=\"budget{(part > 0.7 ? " end" : "")}\" x=\"{PlotScale.Percent(part)}\" y=\"0\" dx=\"{(part > 0.7 ? -6 : 6)}\" dy=\"12\">on chip {ByteSize.Rounded(traffic.OnChipBytes)}</text>");
        }
        for (int i = 0; i < traffic.Orders.Count; i++)
        {
            string style = Style(traffic.Orders[i].Order);
            TrafficPoint[] points = [.. traffic.Curve.Where(p => i < p.Bytes.Count)];
            lines.Append(CultureInfo.InvariantCulture, $"<polyline class=\"curve {style}\" points=\"{CurvePlot.Line(points.Select(p => ((double)p.OnChipBytes / end, p.Bytes[i])), top)}\"/>");
            foreach (TrafficPoint point in points)
                axis.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot {style}\" cx=\"{PlotScale.Percent((double)point.OnChipBytes / end)}\" cy=\"{PlotScale.Percent(1 - ((double)point.Bytes[i] / top))}\" r=\"3\"/>");
        }
        string label = $"Bytes read and written outside over bytes on chip, up to {ByteSize.Format(end)}, where nothing moves: " + string.Join("; ", traffic.Orders.Select((order, i) => $"{Title(order.Order)} from {ByteSize.Rounded(traffic.Curve[0].Bytes.ElementAtOrDefault(i))}"));
        html.Append("<p class=\"legend\">").Append(string.Concat(traffic.Orders.Select(o => $"<span class=\"key {Style(o.Order)}\"></span>{ReportPage.Text(Title(o.Order))} "))).Append("</p>\n");
        html.Append(CurvePlot.Render(label, top, lines.ToString(), axis.ToString(), "bytes read and written outside", "bytes on chip"));
    }

    private static string Style(string order) => order switch { "file" => "file", "onnxRuntime" => "runtime", _ => "planned" };

    private static string Title(string order) => order switch
    {
        "file" => "source model, order of its file",
        "onnxRuntime" => "source model, ONNX Runtime’s order",
        "planned" => "optimized model, planned order",
        _ => ModelText.Clean(order, 60),
    };

    private static string Bytes(long bytes) => $"<span title=\"{ReportPage.Exact(bytes)} bytes\">{ReportPage.Text(ByteSize.Rounded(bytes))}</span>";
}
