using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Report;

/// <summary>
/// The map of memory, as an SVG that needs no script: shapes in steps and parts of the peak, stretched over the frame. Scripts only move what is seen of it.
/// </summary>
internal sealed class MapPlot(MemoryManifest manifest, ReportNames names)
{
    // Labels need room; more of them than one can read would only make the page large.
    private const int MostLabels = 160, LongestLabel = 28;
    private const double LeastHeight = 0.045, WideEnough = 0.07;

    private readonly MemoryMap _map = new(manifest);

    public string Render()
    {
        bool arena = manifest.Executor.Traits().HasOffsets;
        string label = string.Create(CultureInfo.InvariantCulture,
            $"{manifest.Program.Listed().Count()} tensors over {manifest.Program.Steps.Count} steps: {(arena ? "offset in the arena" : "bytes allocated, stacked")}, up to the peak of {ByteSize.Format(_map.Top)}. The tables below say the same in words.");
        PlotFrame frame = new(manifest.Program.Steps.Count, _map.Top, arena ? "offset in the arena" : "bytes allocated", topIsPeak: true);
        string shapes = frame.Shapes(Shapes());
        return frame.Render("map", label, shapes + Labels(), BudgetMark.Of(manifest, _map.Top));
    }

    private string Shapes()
    {
        StringBuilder svg = new();
        foreach (MapShape shape in _map.Shapes)
        {
            svg.Append("<path class=\"").Append(Class(shape)).Append('"');
            if (shape.Tensor >= 0)
                svg.Append(CultureInfo.InvariantCulture, $" data-t=\"{shape.Tensor}\"");
            svg.Append(" d=\"");
            // Places that come to the same units are one.
            (int X, int Y, int Width, int Height) open = default;
            foreach (MapPiece piece in shape.Pieces)
            {
                int bottom = PlotScale.Unit(piece.At, _map.Top), top = Math.Max(bottom + 1, PlotScale.Unit(piece.At + piece.Bytes, _map.Top));
                (int X, int Y, int Width, int Height) next = (piece.From, PlotScale.Units - top, piece.To - piece.From, top - bottom);
                if (open.Width > 0 && open.X + open.Width == next.X && open.Y == next.Y && open.Height == next.Height)
                {
                    open.Width += next.Width;
                    continue;
                }
                Write(svg, open);
                open = next;
            }
            Write(svg, open);
            svg.Append("\"/>");
        }
        return svg.ToString();
    }

    private static void Write(StringBuilder svg, (int X, int Y, int Width, int Height) box)
    {
        if (box.Width > 0)
            svg.Append(CultureInfo.InvariantCulture, $"M{box.X} {box.Y}h{box.Width}v{box.Height}h-{box.Width}z");
    }

    // Three shades of one colour, so that neighbours can be told apart.
    private static string Class(MapShape shape) => shape.Kind switch
    {
        MapShapeKind.Input => "in",
        MapShapeKind.Output => "out",
        MapShapeKind.View => "view",
        MapShapeKind.Held => "held",
        MapShapeKind.Scratch => "scratch",
        _ => $"act{shape.Tensor % 3}",
    };

    private string Labels()
    {
        int steps = Math.Max(1, manifest.Program.Steps.Count);
        var places = _map.Shapes.Where(s => s.Tensor >= 0 && s.Kind is not (MapShapeKind.Held or MapShapeKind.View))
            .Select(s => (s.Tensor, Piece: s.Pieces.MaxBy(p => p.To - p.From)!))
            .Where(p => (double)p.Piece.Bytes / _map.Top >= LeastHeight)
            .OrderByDescending(p => p.Piece.Bytes * (double)(p.Piece.To - p.Piece.From)).ThenBy(p => p.Tensor).Take(MostLabels).OrderBy(p => p.Tensor);
        StringBuilder svg = new("<g class=\"labels\">");
        foreach ((int tensor, MapPiece piece) in places)
        {
            double width = (double)(piece.To - piece.From) / steps;
            string text = names.Show(manifest.Program.Buffers[tensor].Name);
            if (text.Length > LongestLabel)
                text = "…" + text[^(LongestLabel - 1)..];
            svg.Append(CultureInfo.InvariantCulture, $"<svg data-from=\"{piece.From}\" data-to=\"{piece.To}\"{(width < WideEnough ? " class=\"narrow\"" : "")} x=\"{PlotScale.Percent((double)piece.From / steps)}\" ");
            svg.Append(CultureInfo.InvariantCulture, $"y=\"{PlotScale.Percent(1 - ((double)(piece.At + piece.Bytes) / _map.Top))}\" width=\"{PlotScale.Percent(width)}\" height=\"{PlotScale.Percent((double)piece.Bytes / _map.Top)}\">");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"5\" y=\"50%\">{ReportPage.Text(text)}</text></svg>");
        }
        return svg.Append("</g>").ToString();
    }
}
