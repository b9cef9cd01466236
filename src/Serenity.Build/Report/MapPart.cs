using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Report;

/// <summary>What is in memory at every step: one picture, or where a plan is for several memories one for each that tensors lie in, under its own size.</summary>
internal static class MapPart
{
    public static string Render(MemoryManifest manifest, ReportNames names)
    {
        if (manifest.Memories is { } memories)
            return Memories(manifest, names, memories);
        bool arena = manifest.Executor.Traits().HasOffsets;
        MemoryMap map = new(manifest);
        string label = string.Create(CultureInfo.InvariantCulture,
            $"{Counted.Of(manifest.Program.Listed().Count(), "tensor")} over {Counted.Of(manifest.Program.Steps.Count, "step")}: {(arena ? "offset in the arena" : "bytes allocated, stacked")}, up to the peak of {ByteSize.Format(map.Top)}. The tables below say the same in words.");
        string plot = new MapPlot(manifest, names, map).Render("map-1", label, arena ? "offset in the arena" : "bytes allocated", topIsPeak: true, BudgetMark.Of(manifest, map.Top));
        return $"<div id=\"map\">{plot}</div>";
    }

    private static string Memories(MemoryManifest manifest, ReportNames names, MemoriesFacts memories)
    {
        StringBuilder html = new(Table(memories));
        html.Append("<div id=\"map\" class=\"memories\">");
        int drawn = 0;
        foreach (UsedMemory memory in memories.Memories)
        {
            MemoryMap map = MemoryMap.Of(manifest, memory);
            if (map.Shapes.All(shape => shape.Kind == MapShapeKind.Weight))
                continue;
            string name = ModelText.Clean(memory.Name, 60);
            string caption = $"{name}: {ByteSize.Rounded(memory.UsedBytes)} of {ByteSize.Rounded(memory.Bytes)} used";
            string label = string.Create(CultureInfo.InvariantCulture,
                $"{caption}, by {Counted.Of(map.Shapes.Count(s => s.Kind is not (MapShapeKind.View or MapShapeKind.Weight)), "tensor")} over {Counted.Of(manifest.Program.Steps.Count, "step")}: offset in that memory. The tables say the same in words.");
            html.Append(CultureInfo.InvariantCulture, $"<figure data-memory=\"{ReportPage.Text(name)}\"><figcaption>{ReportPage.Text(caption)}</figcaption>");
            html.Append(new MapPlot(manifest, names, map).Render(
                $"map-{++drawn}", label, $"offset in {name}", topIsPeak: map.Top == memory.UsedBytes, SizeMark.Of(memory, map.Top))).Append("</figure>");
        }
        return html.Append("</div>").ToString();
    }

    // Every memory of the device, used or not.
    private static string Table(MemoriesFacts memories)
    {
        StringBuilder html = new("<table class=\"cards\" id=\"memories\"><thead><tr><th>Memory</th><th class=\"num\">Used</th><th class=\"num\">Size</th><th class=\"share\">Share</th><th class=\"num\">Cost of an access</th><th>Holds</th></tr></thead><tbody>");
        foreach (UsedMemory memory in memories.Memories)
        {
            double share = memory.Bytes > 0 ? 100.0 * memory.UsedBytes / memory.Bytes : memory.UsedBytes > 0 ? 101 : 0;
            string over = memory.UsedBytes > memory.Bytes ? $" <span class=\"pill fail\">{ReportPage.Text(ByteSize.Rounded(memory.UsedBytes - memory.Bytes))} too much</span>" : "";
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{ReportPage.Name(ModelText.Clean(memory.Name, 60))}{over}</td><td class=\"num\" data-label=\"Used\">{Bytes(memory.UsedBytes)}</td><td class=\"num\" data-label=\"Size\">{Bytes(memory.Bytes)}</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"share\" data-label=\"Share\"><svg class=\"share\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"10\"/><rect class=\"{(over.Length > 0 ? "over" : "used")}\" width=\"{Math.Min(100, share):0.#}\" height=\"10\"/></svg> {share:0.#} %</td>");
            html.Append(CultureInfo.InvariantCulture, $"<td class=\"num\" data-label=\"Cost of an access\">{memory.Cost:0.###}</td><td data-label=\"Holds\">{Holds(memory.Holds)}</td></tr>");
        }
        html.Append("</tbody></table><p class=\"dim small\">");
        string proof = !memories.Fits ? "no plan was found that fits"
            : memories.Optimal ? "no plan of this order costs less"
            : string.Create(CultureInfo.InvariantCulture, $"at most {100 * (memories.Cost - memories.LowerBoundCost) / Math.Max(1, memories.LowerBoundCost):0.#} % above the least of this order");
        return html.Append(CultureInfo.InvariantCulture, $"Bytes that a run reads and writes, each times the cost of its memory: {memories.Cost:N0}; {proof}.</p>").ToString();
    }

    private static string Holds(MemoryUse use) => use switch { MemoryUse.Weights => "weights", MemoryUse.Activations => "tensors", _ => "tensors and weights" };

    private static string Bytes(long bytes) => $"<span title=\"{ReportPage.Exact(bytes)} bytes\">{ReportPage.Text(ByteSize.Rounded(bytes))}</span>";
}
