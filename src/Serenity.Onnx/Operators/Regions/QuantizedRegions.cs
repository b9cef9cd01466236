
namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of quantization: element by element, with scales for all or along one axis.</summary>
internal static class QuantizedRegions
{
    /// <summary>QuantizeLinear and DequantizeLinear.</summary>
    public static NodeRegion? Linear(RegionQuery q)
    {
        if (q.Node.Int("block_size", 0) != 0 || !q.HasOneOutput)
            return null;
        List<(int, InputPart)> parts = [(0, InputPart.Same(q.Axis))];
        for (int i = 1; i < q.Node.Input.Count; i++)
        {
            if (q.In(i) is not { } dims || dims.Length == 0 || dims is [1])
                continue;
            if (dims.Length != 1)
                return null;
            if (q.AxisOf("axis", 1, q.Rank) == q.Axis)
                parts.Add((i, InputPart.Same(0)));
        }
        return q.Rule([.. parts]);
    }

    /// <summary>com.microsoft.QLinearConcat: the output's scale and zero point, then each part with its own.</summary>
    public static NodeRegion? Concat(RegionQuery q)
    {
        if (q.Axis == q.AxisOf("axis", 1, q.Rank))
            return null;
        List<(int, InputPart)> parts = [];
        for (int i = 2; i < q.Node.Input.Count; i += 3)
            parts.Add((i, InputPart.Same(q.Axis)));
        return q.Rule([.. parts]);
    }
}
