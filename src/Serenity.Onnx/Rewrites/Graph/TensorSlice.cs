using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>Cuts constant tensors along an axis.</summary>
internal static class TensorSlice
{
    /// <summary>A new constant: the elements [start, start + count) of a tensor along an axis.</summary>
    /// <returns>Its name.</returns>
    public static string Add(RewriteGraph graph, TensorProto tensor, int axis, long start, long count, string name)
    {
        long[] dims = [.. tensor.Dims];
        if (start == 0 && count == dims[axis] && tensor.Name.Length > 0 && graph.Constant(tensor.Name) == tensor)
            return tensor.Name;
        byte[] to = graph.Weights.ReadSlice(tensor, axis, start, count);
        dims[axis] = count;
        return graph.NewConstant(name, (DataType)tensor.DataType, dims, to);
    }

    /// <summary>The bytes of a slice.</summary>
    public static byte[] Cut(byte[] from, long[] dims, int elementSize, int axis, long start, long count)
    {
        long inner = elementSize, outer = 1;
        for (int i = axis + 1; i < dims.Length; i++)
            inner *= dims[i];
        for (int i = 0; i < axis; i++)
            outer *= dims[i];
        byte[] to = new byte[outer * count * inner];
        for (long o = 0; o < outer; o++)
        {
            from.AsSpan(checked((int)((o * dims[axis] + start) * inner)), checked((int)(count * inner)))
                .CopyTo(to.AsSpan((int)(o * count * inner)));
        }
        return to;
    }
}
