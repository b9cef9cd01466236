using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Graph;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Rewrites.Rules;

/// <summary>What a Slice with constant bounds takes along one axis: <paramref name="Count"/> elements from <paramref name="Start"/>, every <paramref name="Step"/>-th.</summary>
internal readonly record struct SliceRange(int Axis, long Start, long Count, long Step)
{
    /// <summary>The ranges of a Slice, one per axis it names; null where it is none, a bound is not constant, or it goes backwards.</summary>
    public static SliceRange[]? Of(RewriteGraph graph, NodeProto node)
    {
        if (!node.Is("Slice") || graph.TypeOf(node.Input[0]) is not { } type)
            return null;
        bool attributes = graph.Opset < 10;
        long[]? starts = attributes ? node.Ints("starts") : PartwiseOperators.Integers(graph, node.In(1));
        long[]? ends = attributes ? node.Ints("ends") : PartwiseOperators.Integers(graph, node.In(2));
        if (starts is null || ends is null || starts.Length != ends.Length)
            return null;
        long[]? axes = attributes ? node.Ints("axes") : node.In(3).Length > 0 ? PartwiseOperators.Integers(graph, node.In(3)) : null;
        if (!attributes && node.In(3).Length > 0 && axes is null)
            return null;
        axes ??= [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        long[] ones = new long[starts.Length];
        Array.Fill(ones, 1);
        long[]? steps = !attributes && node.In(4).Length > 0 ? PartwiseOperators.Integers(graph, node.In(4)) : ones;
        if (steps is null || axes.Length != starts.Length || steps.Length != starts.Length)
            return null;
        SliceRange[] ranges = new SliceRange[starts.Length];
        for (int i = 0; i < ranges.Length; i++)
        {
            int axis = (int)(axes[i] < 0 ? axes[i] + type.Dims.Length : axes[i]);
            long size = type.Dims[axis], step = steps[i];
            long start = Math.Clamp(starts[i] < 0 ? starts[i] + size : starts[i], 0, size);
            long end = Math.Clamp(ends[i] < 0 ? ends[i] + size : ends[i], 0, size);
            if (step < 1 || end <= start)
                return null;
            ranges[i] = new SliceRange(axis, start, (end - start + step - 1) / step, step);
        }
        return ranges;
    }
}
