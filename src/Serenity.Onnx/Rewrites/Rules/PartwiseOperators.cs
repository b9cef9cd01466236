using System.Buffers.Binary;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>The operators that treat every slice along an axis on its own, and how each is applied to one part of a concat.</summary>
internal static class PartwiseOperators
{
    /// <summary>True if the node, read at the concat, can be applied part by part.</summary>
    public static bool Applies(RewriteGraph graph, ConcatParts concat, NodeProto node)
    {
        if (node.Input.Count(i => i == concat.Value) != 1)
            return false;
        Operator entry = OperatorTable.Of(node, graph.Opset);
        int at = node.Input.IndexOf(concat.Value);
        if (!entry.IsStandard)
            return at == 0 && entry.Kind == OperatorKind.Elementwise && !entry.Has(OperatorTraits.Quantized);
        // ONNX Runtime takes pairs of casts out when it loads a model.
        if (node.IsCast() && graph.Executor.Traits().TakesOutCasts && concat.Parts.Any(p => graph.Producer(p)?.IsCast() == true))
            return false;
        if (entry.Kind == OperatorKind.Broadcast)
            return node.Input.Count == 2 && !entry.Has(OperatorTraits.MatchesByAttribute) && entry.Roles[at] == InputRole.Data && BinaryApplies(graph, concat, node.Input[1 - at], node);
        if (at != 0)
            return false;
        if (entry.Randomness == Randomness.InTraining)
            return DropoutMode.IsOff(node, graph.Opset, graph.Constant);
        return entry.Kind switch
        {
            OperatorKind.Elementwise => true,
            OperatorKind.Pool or OperatorKind.GlobalPool => concat.Axis == 1,
            OperatorKind.Reduction => ReducesBehind(graph, concat, node),
            OperatorKind.Normalization => concat.Axis == 1 && entry.Has(OperatorTraits.ByChannel) && node.Int("training_mode", 0) == 0 && PerChannel(graph, concat, node, entry.Roles),
            OperatorKind.Quantization or OperatorKind.Dequantization => QuantizationApplies(graph, concat, node),
            OperatorKind.Softmax => graph.Opset >= 13 && ConcatParts.AxisOf(node, Rank(graph, concat), -1) != concat.Axis,
            OperatorKind.Movement => Moves(graph, concat, node),
            _ => false,
        };
    }

    /// <summary>What moves elements, but none along the concat's axis.</summary>
    private static bool Moves(RewriteGraph graph, ConcatParts concat, NodeProto node) => node.OpType switch
    {
        "Slice" => SliceRange.Of(graph, node) is { } ranges && ranges.All(r => r.Axis != concat.Axis),
        "Pad" => PadsNothingAt(graph, concat, node),
        "Resize" or "Upsample" => KeepsSizeAt(graph, concat, node),
        _ => false,
    };

    /// <summary>The node for one part; name and output are the caller's to set.</summary>
    public static NodeProto ForPart(RewriteGraph graph, ConcatParts concat, NodeProto node, int part)
    {
        NodeProto copy = node.Clone();
        copy.Input[node.Input.IndexOf(concat.Value)] = concat.Parts[part];
        long start = concat.Sizes.Take(part).Sum(), size = concat.Sizes[part];
        switch (node.Kind())
        {
            case OperatorKind.Normalization:
                for (int i = 1; i < node.Input.Count; i++)
                    Cut(i, 0);
                break;
            case OperatorKind.Quantization or OperatorKind.Dequantization:
                for (int i = 1; i < node.Input.Count; i++)
                {
                    if (graph.Constant(node.Input[i]) is { Dims.Count: 1 } scale && scale.Dims[0] == concat.Total && scale.Dims[0] > 1)
                        Cut(i, 0);
                }
                break;
            case OperatorKind.Broadcast:
                int other = 1 - node.Input.IndexOf(concat.Value);
                if (SameParts(graph, concat, node.Input[other]) is { } parts)
                    copy.Input[other] = parts.Parts[part];
                else if (OtherAxis(graph, concat, node.Input[other]) is { } axis)
                    Cut(other, axis);
                break;
            case OperatorKind.Movement when node.Is("Resize") && node.In(3).Length > 0:
                byte[] sizes = [.. graph.Weights.Read(graph.Constant(node.Input[3])!)];
                BinaryPrimitives.WriteInt64LittleEndian(sizes.AsSpan(8 * concat.Axis), size);
                copy.Input[3] = graph.NewConstant($"{node.Input[3]}/part{part + 1}", TensorProto.Types.DataType.Int64, [sizes.Length / 8], sizes);
                break;
        }
        return copy;

        void Cut(int input, int axis)
        {
            if (node.In(input) is { Length: > 0 } name)
                copy.Input[input] = TensorSlice.Add(graph, graph.Constant(name)!, axis, start, size, $"{name}/part{part + 1}");
        }
    }

    private static int Rank(RewriteGraph graph, ConcatParts concat) => graph.TypeOf(concat.Value)!.Dims.Length;

    private static bool PerChannel(RewriteGraph graph, ConcatParts concat, NodeProto node, InputRoles roles)
    {
        for (int i = 0; i < node.Input.Count; i++)
        {
            if (roles[i] != InputRole.PerChannel)
                continue;
            if (graph.Constant(node.In(i)) is not { Dims.Count: 1 } constant || constant.Dims[0] != concat.Total || !WeightReader.CanRead(constant))
                return false;
        }
        return true;
    }

    /// <summary>True for a reduction as a reader that may have fewer axes than the concat.</summary>
    public static bool IsReduction(NodeProto node) => OperatorTable.Of(node) is { Kind: OperatorKind.Reduction, IsStandard: true };

    /// <summary>True if the last axes are reduced and the concat's is none of them: then every row is summed up as before.</summary>
    private static bool ReducesBehind(RewriteGraph graph, ConcatParts concat, NodeProto node)
    {
        int rank = Rank(graph, concat);
        long[]? axes = node.In(1).Length > 0 ? Integers(graph, node.In(1)) : node.Ints("axes");
        if (axes is not { Length: > 0 })
            return false;
        HashSet<long> reduced = [.. axes.Select(a => a < 0 ? a + rank : a)];
        return reduced.Min() > concat.Axis && reduced.Min() == rank - reduced.Count && reduced.Max() == rank - 1;
    }

    /// <summary>
    /// The parts of the other operand, where it is a concat of parts of the same sizes: a gate computed from the concat itself, as in x · sigmoid(x), which comes by here
    /// on the way of the gate.
    /// </summary>
    private static ConcatParts? SameParts(RewriteGraph graph, ConcatParts concat, string other) =>
        ConcatParts.Of(graph, other) is { } parts && parts.Axis == concat.Axis && parts.Sizes.SequenceEqual(concat.Sizes) && Rank(graph, parts) == Rank(graph, concat) ? parts : null;

    /// <summary>The other operand must not grow the result, and is the same for all parts, a constant that can be cut, or in parts of the same sizes itself.</summary>
    private static bool BinaryApplies(RewriteGraph graph, ConcatParts concat, string other, NodeProto node)
    {
        if (graph.TypeOf(other) is not { } type || graph.TypeOf(concat.Value) is not { } whole || graph.TypeOf(node.Output[0]) is not { } result)
            return false;
        if (!result.Dims.AsSpan().SequenceEqual(whole.Dims) || type.Dims.Length > whole.Dims.Length)
            return false;
        return concat.Alike.Contains(other) || SameParts(graph, concat, other) is not null
            || OtherAxis(graph, concat, other) is null || graph.Constant(other) is { } constant && WeightReader.CanRead(constant);
    }

    /// <summary>The axis at which an operand differs from part to part; null if it is the same for all.</summary>
    private static int? OtherAxis(RewriteGraph graph, ConcatParts concat, string other)
    {
        long[] dims = graph.TypeOf(other)!.Dims;
        int axis = concat.Axis - (Rank(graph, concat) - dims.Length);
        return axis >= 0 && dims[axis] != 1 ? axis : null;
    }

    private static bool QuantizationApplies(RewriteGraph graph, ConcatParts concat, NodeProto node)
    {
        for (int i = 1; i < node.Input.Count; i++)
        {
            if (node.Input[i].Length == 0)
                continue;
            if (graph.Constant(node.Input[i]) is not { } tensor || tensor.Dims.Count > 1 || !WeightReader.CanRead(tensor))
                return false;
            bool whole = tensor.Dims.Count == 0 || tensor.Dims[0] == 1;
            bool cut = !whole && ConcatParts.AxisOf(node, Rank(graph, concat)) == concat.Axis;
            // Along another axis the scales are the same for every part.
            if (!whole && !cut && tensor.Dims[0] == concat.Total)
                return false;
        }
        return node.Int("block_size", 0) == 0;
    }

    private static bool PadsNothingAt(RewriteGraph graph, ConcatParts concat, NodeProto node)
    {
        int rank = Rank(graph, concat);
        long[]? pads = graph.Opset < 11 ? node.Ints("pads") ?? node.Ints("paddings") : Integers(graph, node.In(1));
        return node.In(3).Length == 0 && pads is not null && pads.Length == 2 * rank && pads[concat.Axis] == 0 && pads[concat.Axis + rank] == 0;
    }

    private static bool KeepsSizeAt(RewriteGraph graph, ConcatParts concat, NodeProto node)
    {
        if (node.Find("axes") is not null || node.Text("coordinate_transformation_mode", "") == "tf_crop_and_resize")
            return false;
        // Opset 10 and Upsample 9 take scales second; older Upsample has them as an attribute.
        if (node.OpType == "Upsample" || graph.Opset < 11)
            return graph.Opset < 9 ? node.Find("scales")?.Floats is { } s && s[concat.Axis] == 1 : Scales(graph, node.In(1), concat.Axis);
        if (node.In(3).Length > 0)
            return IsAbsent(graph, node.In(2)) && Integers(graph, node.In(3)) is { } sizes && sizes[concat.Axis] == concat.Total
                && node.Text("keep_aspect_ratio_policy", "stretch") == "stretch";
        return Scales(graph, node.In(2), concat.Axis);
    }

    /// <summary>True for an input that is left out; before opset 13 an empty tensor stands in its place.</summary>
    private static bool IsAbsent(RewriteGraph graph, string name) =>
        name.Length == 0 || graph.Constant(name) is { } tensor && tensor.Dims.Contains(0);

    private static bool Scales(RewriteGraph graph, string name, int axis) =>
        graph.Constant(name) is { } tensor && graph.Weights.ReadFloats(tensor) is { } scales && axis < scales.Length && scales[axis] == 1;

    /// <summary>The values of a constant int64 tensor, or null.</summary>
    internal static long[]? Integers(RewriteGraph graph, string name)
    {
        if (graph.Constant(name) is not { DataType: (int)TensorProto.Types.DataType.Int64 } tensor)
            return null;
        byte[] bytes = graph.Weights.Read(tensor);
        long[] values = new long[bytes.Length / 8];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8 * i));
        return values;
    }
}
