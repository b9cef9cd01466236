using System.Buffers.Binary;
using Serenity.Onnx.Models;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites.Graph;

/// <summary>
/// The bytes of constant tensors, little-endian and dense, read once. Strings and elements of less than a byte are not read: a rewrite
/// that needs them does not match. Of what lies outside the model, which may be gigabytes, no more than <see cref="MostOutside"/> is kept, and slices only as long as somebody has them.
/// </summary>
/// <param name="modelPath">The source model's file, beside which external data lies.</param>
internal sealed class WeightReader(string modelPath)
{
    private readonly Dictionary<TensorProto, byte[]> _cache = new((IEqualityComparer<TensorProto>)ReferenceEqualityComparer.Instance);

    /// <summary>Bytes of external data that are kept: some weights of a layer, which are cut in turns.</summary>
    private const long MostOutside = 64 << 20;

    private readonly Dictionary<SliceKey, byte[]> _slices = [];

    private readonly Dictionary<SliceKey, WeakReference<byte[]>> _outsideSlices = [];

    // The one read first goes first.
    private readonly Queue<TensorProto> _outside = [];

    private long _outsideBytes;

    /// <summary>Bytes per element, or 0 for a type whose elements are not whole bytes.</summary>
    public static int ElementSize(int dataType) => (DataType)dataType switch
    {
        DataType.Bool or DataType.Int8 or DataType.Uint8 => 1,
        DataType.Float16 or DataType.Bfloat16 or DataType.Int16 or DataType.Uint16 => 2,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4,
        DataType.Double or DataType.Int64 or DataType.Uint64 => 8,
        _ => 0,
    };

    /// <summary>True if the values of a tensor can be had.</summary>
    public static bool CanRead(TensorProto tensor) => ElementSize(tensor.DataType) > 0;

    /// <summary>The bytes of a tensor that <see cref="CanRead"/>.</summary>
    public byte[] Read(TensorProto tensor)
    {
        if (!_cache.TryGetValue(tensor, out byte[]? bytes))
        {
            bytes = TensorData.IsExternal(tensor) ? ReadOutside(tensor) : TensorData.ToRaw(tensor);
            _cache.Add(tensor, bytes);
        }
        return bytes;
    }

    /// <summary>The bytes of the elements [start, start + count) of a tensor along an axis; cut once, however many candidates want them.</summary>
    public byte[] ReadSlice(TensorProto tensor, int axis, long start, long count)
    {
        SliceKey key = new(tensor, axis, start, count);
        bool isOutside = TensorData.IsExternal(tensor);
        if (isOutside ? _outsideSlices.TryGetValue(key, out WeakReference<byte[]>? held) && held.TryGetTarget(out byte[]? slice) : _slices.TryGetValue(key, out slice))
            return slice!;
        slice = TensorSlice.Cut(Read(tensor), [.. tensor.Dims], ElementSize(tensor.DataType), axis, start, count);
        if (isOutside)
            _outsideSlices[key] = new WeakReference<byte[]>(slice);
        else
            _slices.Add(key, slice);
        return slice;
    }

    private byte[] ReadOutside(TensorProto tensor)
    {
        byte[] bytes = ExternalData.Read(tensor, modelPath);
        _outside.Enqueue(tensor);
        _outsideBytes += bytes.Length;
        while (_outsideBytes > MostOutside && _outside.Count > 1)
        {
            _cache.Remove(_outside.Dequeue(), out byte[]? gone);
            _outsideBytes -= gone!.Length;
        }
        return bytes;
    }

    /// <summary>The values of a float32 tensor, or null for another type.</summary>
    public float[]? ReadFloats(TensorProto tensor)
    {
        if (tensor.DataType != (int)DataType.Float)
            return null;
        byte[] bytes = Read(tensor);
        float[] values = new float[bytes.Length / 4];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 * i));
        return values;
    }

    /// <summary>A slice of one tensor object: comparing contents would take longer than cutting.</summary>
    private sealed record SliceKey(TensorProto Tensor, int Axis, long Start, long Count)
    {
        public bool Equals(SliceKey? other) =>
            other is not null && ReferenceEquals(Tensor, other.Tensor) && (Axis, Start, Count) == (other.Axis, other.Start, other.Count);

        public override int GetHashCode() =>
            HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(Tensor), Axis, Start, Count);
    }
}
