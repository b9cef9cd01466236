using System.Globalization;
using System.Text;
using Serenity.Build.Manifest;

namespace Serenity.Build.Report;

/// <summary>
/// The map of memory, as an SVG that needs no script: shapes in steps and parts of the peak, stretched over the frame. Scripts only move what is seen of it.
/// </summary>
/// <param name="manifest">The manifest.</param>
/// <param name="names">Names as the page shows them.</param>
/// <param name="map">What is drawn.</param>
internal sealed class MapPlot(MemoryManifest manifest, ReportNames names, MemoryMap map)
{
    // Labels need room; more of them than one can read would only make the page large.
    private const int MostLabels = 160, LongestLabel = 28;
    private const double LeastHeight = 0.045, WideEnough = 0.07;

    /// <summary>The picture.</summary>
    /// <param name="id">Its name in the page.</param>
    /// <param name="label">What it shows, for who does not see it.</param>
    /// <param name="title">What its height is.</param>
    /// <param name="topIsPeak">The top is the peak, and is written there.</param>
    /// <param name="mark">The line that it has to stay under; empty for none.</param>
    public string Render(string id, string label, string title, bool topIsPeak, string mark)
    {
        PlotFrame frame = new(manifest.Program.Steps.Count, map.Top, title, topIsPeak);
        return frame.Render(id, label, frame.Shapes(Shapes()) + Labels(), mark);
    }

    private string Shapes()
    {
        StringBuilder svg = new();
        foreach (MapShape shape in map.Shapes)
        {
            svg.Append("<path class=\"").Append(Class(shape)).Append('"');
            if (shape.Tensor >= 0)
                svg.Append(CultureInfo.InvariantCulture, $" data-t=\"{shape.Tensor}\"");
            svg.Append(" d=\"");
            // Places that come to the same units are one.
            (int X, int Y, int Width, int Height) open = default;
            foreach (MapPiece piece in shape.Pieces)
            {
                int bottom = PlotScale.Unit(piece.At, map.Top), top = Math.Max(bottom + 1, PlotScale.Unit(piece.At + piece.Bytes, map.Top));
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
        MapShapeKind.Weight => "weight",
        _ => $"act{shape.Tensor % 3}",
    };

    private string Labels()
    {
        int steps = Math.Max(1, manifest.Program.Steps.Count);
        var places = map.Shapes.Where(s => s.Tensor >= 0 && s.Kind is not (MapShapeKind.Held or MapShapeKind.View))
            .Select(s => (s.Tensor, Piece: s.Pieces.MaxBy(p => p.To - p.From)!))
            .Where(p => (double)p.Piece.Bytes / map.Top >= LeastHeight)
            .OrderByDescending(p => p.Piece.Bytes * (double)(p.Piece.To - p.Piece.From)).ThenBy(p => p.Tensor).Take(MostLabels).OrderBy(p => p.Tensor);
        StringBuilder svg = new("<g class=\"labels\">");
        foreach ((int tensor, MapPiece piece) in places)
        {
            double width = (double)(piece.To - piece.From) / steps;
            string text = names.Show(manifest.Program.Buffers[tensor].Name);
            if (text.Length > LongestLabel)
                text = "…" + text[^(LongestLabel - 1)..];
            svg.Append(CultureInfo.InvariantCulture, $"<svg data-from=\"{piece.From}\" data-to=\"{piece.To}\"{(width < WideEnough ? " class=\"narrow\"" : "")} x=\"{PlotScale.Percent((double)piece.From / steps)}\" ");
            svg.Append(CultureInfo.InvariantCulture, $"y=\"{PlotScale.Percent(1 - ((double)(piece.At + piece.Bytes) / map.Top))}\" width=\"{PlotScale.Percent(width)}\" height=\"{PlotScale.Percent((double)piece.Bytes / map.Top)}\">");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"5\" y=\"50%\">{ReportPage.Text(text)}</text></svg>");
        }
        return svg.Append("</g>").ToString();
    }
}
