using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Regions;

/// <summary>Region rules of operators that work element by element, with or without broadcasting.</summary>
internal static class ElementwiseRegions
{
    private static readonly HashSet<string> _unary = new(StringComparer.Ordinal)
    {
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Cast", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu",
        "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid",
        "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
    };

    /// <summary>
    /// Computed by Eigen, several elements at a time and what is left over one by one, by another routine: a piece rounds as the whole does only if neither leaves any
    /// over. (<see cref="Contract.RuntimeRules.VectorRemainders"/>, seen for Elu; sigmoid, tanh, exp and erf are ONNX Runtime's own, and are the same for every element.)
    /// </summary>
    private static readonly HashSet<string> _packets = new(StringComparer.Ordinal)
    {
        "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Celu", "Cos", "Cosh", "Elu", "Log", "Mish", "Selu", "Sin", "Sinh", "Softplus", "Swish", "Tan",
    };

    /// <summary>Elements that the widest vector unit holds.</summary>
    private const long Packet = 16;

    private static readonly HashSet<string> _broadcast = new(StringComparer.Ordinal)
    {
        "Add", "And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min",
        "Mod", "Mul", "Or", "Pow", "PRelu", "Sub", "Sum", "Where", "Xor",
    };

    private static readonly HashSet<string> _microsoftUnary = new(StringComparer.Ordinal) { "Gelu", "FastGelu", "QuickGelu", "BiasGelu", "BiasAdd" };

    /// <summary>An operator of the standard.</summary>
    public static NodeRegion? Standard(RegionQuery q)
    {
        if (_unary.Contains(q.Node.OpType))
            return Broadcast(q, [0]) is { } rule && _packets.Contains(q.Node.OpType) ? rule with { Stable = WholePackets(q) } : Broadcast(q, [0]);
        // Before opset 7 operands are matched by an attribute.
        return _broadcast.Contains(q.Node.OpType) && q.Values.Opset >= 7 ? Broadcast(q, [.. Enumerable.Range(0, q.Node.Input.Count)]) : null;
    }

    private static Func<Interval, bool> WholePackets(RegionQuery q)
    {
        long whole = q.Dims.Aggregate(1L, (a, b) => a * b), position = whole / q.Extent;
        return part => whole % Packet == 0 && position * part.Length % Packet == 0;
    }

    /// <summary>An operator of ONNX Runtime's own.</summary>
    public static NodeRegion? Microsoft(RegionQuery q) =>
        _microsoftUnary.Contains(q.Node.OpType) ? Broadcast(q, [.. Enumerable.Range(0, q.Node.Input.Count)]) : null;

    /// <summary>A Dropout of a model that is not being trained.</summary>
    public static NodeRegion? Dropout(RegionQuery q)
    {
        bool trains = q.Values.Opset >= 12 ? q.Node.In(2).Length > 0 : q.Values.Opset < 7 && q.Node.Int("is_test", 0) == 0;
        return trains || !q.HasOneOutput ? null : Broadcast(q, [0]);
    }

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
            if (axis < 0 || dims[axis] == 1)
                continue;
            if (dims[axis] != q.Extent)
                return null;
            parts.Add((input, InputPart.Same(axis)));
        }
        return parts.Count == 0 ? null : q.Rule([.. parts]);
    }
}
