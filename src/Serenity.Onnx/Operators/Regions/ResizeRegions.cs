using System.Buffers.Binary;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of resizes: axes that keep their size, and axes that grow by a whole factor.</summary>
internal static class ResizeRegions
{
    /// <summary>A Resize or Upsample.</summary>
    public static NodeRegion? Resize(RegionQuery q)
    {
        NodeProto node = q.Node;
        if (q.In(0) is not { } data || data.Length != q.Rank || node.Find("axes") is not null || node.Int("antialias", 0) != 0)
            return null;
        if (node.OpType == "Resize" && node.Text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize")
            return null;
        if (q.Extent % data[q.Axis] != 0 || !ScalesExactly(q, data))
            return null;
        long factor = q.Extent / data[q.Axis];
        string mode = node.Text("mode", "nearest");
        bool spatial = q.Axis >= q.Rank - 2 || q.Rank > 4 && q.Axis >= 2;
        if (factor == 1 && (mode == "nearest" || !spatial))
            return Rule(q, data, AxisMap.Same, null);
        // Along with another axis, one that keeps its size is interpolated too, between a row and the next.
        if (factor == 1)
            return mode == "linear" ? Near(q, data, 1) : null;
        if (IsAsymmetric(q) || node.OpType == "Resize" && Coordinates(q) is "half_pixel" or "pytorch_half_pixel")
        {
            if (mode == "nearest" && IsBlockwise(q, factor))
                return Rule(q, data, AxisMap.Blocks(1, factor), part => part.Outward(factor));
            // Two input rows make an output row; one more at either side, so that the cut never shows. The pieces' own coordinates must round as the whole's do:
            // exactly, where the factor is a power of two.
            if (mode == "linear" && (factor & (factor - 1)) == 0 && factor <= 16)
                return Near(q, data, factor);
        }
        return null;
    }

    private static NodeRegion Near(RegionQuery q, long[] data, long factor)
    {
        AxisMap near = new(1, -factor, factor, factor);
        return Rule(q, data, AxisMap.Blocks(1, factor), part => near.Of(part).Within(data[q.Axis]) is var rows ? new Interval(rows.Start * factor, rows.End * factor) : part);
    }

    private static NodeRegion Rule(RegionQuery q, long[] data, AxisMap map, Func<Interval, Interval>? makes)
    {
        NodeProto node = q.Node;
        int sizes = node.OpType == "Resize" && q.Values.Opset >= 11 && node.In(3).Length > 0 ? 3 : -1;
        return q.Rule((0, new InputPart(q.Axis, map))) with
        {
            Makes = makes,
            Write = sizes < 0 ? null : (piece, form) =>
            {
                long[] dims = [.. q.Dims];
                dims[q.Axis] = form.Output.Length;
                piece.Input[sizes] = form.NewIntegers($"{piece.Name}/sizes", dims);
            },
        };
    }

    /// <summary>True where nearest means the block that the position lies in.</summary>
    private static bool IsBlockwise(RegionQuery q, long factor)
    {
        if (q.Node.OpType == "Upsample" || q.Values.Opset < 11)
            return true;
        string nearest = q.Node.Text("nearest_mode", "round_prefer_floor");
        return Coordinates(q) switch
        {
            "asymmetric" => nearest == "floor",
            // (i + 1/2) / f - 1/2 lies within less than a half of its block's number.
            "half_pixel" or "pytorch_half_pixel" => nearest is "round_prefer_floor" or "round_prefer_ceil" && factor <= 64,
            _ => false,
        };
    }

    private static string Coordinates(RegionQuery q) => q.Node.Text("coordinate_transformation_mode", "half_pixel");

    private static bool IsAsymmetric(RegionQuery q) => q.Node.OpType == "Upsample" || q.Values.Opset < 11 || Coordinates(q) == "asymmetric";

    /// <summary>True if every stated scale is the ratio of the sizes, so that a piece's scales are those of the whole.</summary>
    private static bool ScalesExactly(RegionQuery q, long[] data)
    {
        NodeProto node = q.Node;
        float[]? scales;
        if (node.OpType == "Upsample" && q.Values.Opset < 9)
            scales = node.Find("scales")?.Floats is { Count: > 0 } stated ? [.. stated] : null;
        else if (node.OpType == "Upsample" || q.Values.Opset < 11)
            scales = q.Values.Floats(node.In(1));
        else if (node.In(3).Length > 0)
            return q.Values.Integers(node.In(3)) is { } sizes && sizes.AsSpan().SequenceEqual(q.Dims) && node.Text("keep_aspect_ratio_policy", "stretch") == "stretch";
        else
            scales = q.Values.Floats(node.In(2));
        if (scales is null || scales.Length != q.Rank)
            return false;
        return scales[q.Axis] * data[q.Axis] == q.Extent && scales[q.Axis] == q.Extent / data[q.Axis];
    }
}
