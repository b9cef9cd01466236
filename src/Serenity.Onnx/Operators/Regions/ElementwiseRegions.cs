namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of operators that work element by element, with or without broadcasting.</summary>
internal static class ElementwiseRegions
{
    /// <summary>Elements that the widest vector unit holds.</summary>
    private const long Packet = 16;

    /// <summary>One operand; whatever else there is, is the same for all elements.</summary>
    public static NodeRegion? Unary(RegionQuery q) => Broadcast(q, [0]);

    /// <summary>One operand, of which a piece rounds as the whole does in whole packets only (<see cref="OperatorTraits.InPackets"/>).</summary>
    public static NodeRegion? InPackets(RegionQuery q) => Broadcast(q, [0]) is { } rule ? rule with { Stable = WholePackets(q) } : null;

    /// <summary>All inputs are operands.</summary>
    public static NodeRegion? OfAllInputs(RegionQuery q) => Broadcast(q, [.. Enumerable.Range(0, q.Node.Input.Count)]);

    private static Func<Interval, bool> WholePackets(RegionQuery q)
    {
        // Whatever a size that is not fixed is, it is a factor.
        long whole = q.Dims.Where((_, axis) => !q.IsOpen(axis)).Aggregate(1L, (a, b) => a * b), position = q.IsOpen(q.Axis) ? whole : whole / q.Extent;
        return part => whole % Packet == 0 && position * part.Length % Packet == 0;
    }

    /// <summary>A Dropout that passes on what it is given.</summary>
    public static NodeRegion? Dropout(RegionQuery q) =>
        q.HasOneOutput && DropoutMode.IsOff(q.Node, q.Values.Opset, q.Values.Constant) ? Broadcast(q, [0]) : null;

    /// <summary>Inputs that broadcast to the output: of size 1 along the axis, or without it, they are the same for all pieces.</summary>
    public static NodeRegion? Broadcast(RegionQuery q, int[] operands)
    {
        if (!q.HasOneOutput)
            return null;
        List<(int, InputPart)> parts = [];
        foreach (int input in operands)
        {
            if (q.In(input) is not { } dims)
                continue;
            int axis = q.Axis - (q.Rank - dims.Length);
            if (axis < 0 || (dims[axis] == 1 && !q.Values.IsOpen(q.Node.In(input), axis)))
                continue;
            if (dims[axis] != q.Extent)
                return null;
            parts.Add((input, InputPart.Same(axis)));
        }
        return parts.Count == 0 ? null : q.Rule([.. parts]);
    }
}
