using System.Runtime.InteropServices;
using Serenity.Onnx.Models;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime;

/// <summary>
/// What kernels of reductions take of the C library while they run, which no allocator sees: an index of 8 bytes for each place where a sum begins, and for each run of elements that goes into
/// one (ONNX Runtime's <c>NoTransposePrepareForReduce</c>). Axes that lie beside each other and are both reduced or both kept count as one; the last of each kind is walked without
/// indices. Some kernels of some
/// forms need none, so it is a bound.
/// </summary>
internal static class ReductionIndices
{
    private const long IndexBytes = 8;

    /// <summary>The most that one node of a graph takes, in bytes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Types of its values.</param>
    public static long Most(GraphProto graph, ShapeTable shapes)
    {
        long most = 0;
        foreach (NodeProto node in graph.Node)
        {
            if (node.Kind() is OperatorKind.Reduction or OperatorKind.Selection && shapes.Find(node.In(0)) is { } type && Axes(node, graph) is { Length: > 0 } axes)
                most = Math.Max(most, Bytes(type.Dims, axes));
        }
        return most;
    }

    /// <summary>Bytes of the indices for some axes of a tensor.</summary>
    internal static long Bytes(ReadOnlySpan<long> dims, ReadOnlySpan<long> axes)
    {
        bool[] reduced = new bool[dims.Length];
        foreach (long axis in axes)
        {
            long at = axis + (axis < 0 ? dims.Length : 0);
            if (at >= 0 && at < dims.Length)
                reduced[at] = true;
        }
        // Of each kind: all of it, and its last run of neighbours.
        (long All, long Last) kept = (1, 1), sums = (1, 1);
        for (int d = 0; d < dims.Length; d++)
        {
            bool continues = d > 0 && reduced[d] == reduced[d - 1];
            ref (long All, long Last) of = ref reduced[d] ? ref sums : ref kept;
            of = (of.All * dims[d], continues ? of.Last * dims[d] : dims[d]);
        }
        return kept.Last == 0 || sums.Last == 0 ? 0 : IndexBytes * ((kept.All / kept.Last) + (sums.All / sums.Last));
    }

    /// <summary>The axes that a node reduces; null where it reduces all, or they are no constant.</summary>
    private static long[]? Axes(NodeProto node, GraphProto graph)
    {
        if (node.Kind() == OperatorKind.Selection)
            return [node.Int("axis", 0)];
        if (node.Ints("axes") is { } stated)
            return stated;
        return graph.Initializer.FirstOrDefault(t => t.Name == node.In(1)) is { DataType: (int)TensorProto.Types.DataType.Int64 } tensor && !TensorData.IsExternal(tensor)
            ? MemoryMarshal.Cast<byte, long>(TensorData.ToRaw(tensor)).ToArray() : null;
    }
}
