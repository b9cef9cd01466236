using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators;

/// <summary>Element type and full shape of one tensor value: all dimensions known.</summary>
/// <param name="ElementType">ONNX element type.</param>
/// <param name="Dims">Dimensions, outermost first; empty for a scalar. Never negative.</param>
public sealed record TensorType(TensorProto.Types.DataType ElementType, long[] Dims)
{
    /// <summary>Number of elements.</summary>
    /// <exception cref="OverflowException">It does not fit 63 bits.</exception>
    public long ElementCount
    {
        get
        {
            // A zero makes all else irrelevant, wherever it stands.
            if (Array.IndexOf(Dims, 0L) >= 0)
                return 0;
            long count = 1;
            foreach (long dim in Dims)
                count = checked(count * dim);
            return count;
        }
    }

    /// <summary>Bytes of the tensor's data, unpadded; 4-bit elements are packed two to a byte, 2-bit ones four, rounded up.</summary>
    /// <exception cref="OverflowException">It does not fit 63 bits.</exception>
    /// <exception cref="NotSupportedException">The element type has no fixed size (strings).</exception>
    public long Bytes => checked((ElementCount * BitsPerElement(ElementType) + 7) / 8);

    /// <summary>Size of one element in bits.</summary>
    /// <exception cref="NotSupportedException">The element type has no fixed size (strings), or is not known.</exception>
    public static int BitsPerElement(TensorProto.Types.DataType type) => type switch
    {
        TensorProto.Types.DataType.Uint2 or TensorProto.Types.DataType.Int2 => 2,
        TensorProto.Types.DataType.Uint4 or TensorProto.Types.DataType.Int4 or TensorProto.Types.DataType.Float4E2M1 => 4,
        TensorProto.Types.DataType.Bool or TensorProto.Types.DataType.Int8 or TensorProto.Types.DataType.Uint8 or
        TensorProto.Types.DataType.Float8E4M3Fn or TensorProto.Types.DataType.Float8E4M3Fnuz or
        TensorProto.Types.DataType.Float8E5M2 or TensorProto.Types.DataType.Float8E5M2Fnuz or
        TensorProto.Types.DataType.Float8E8M0 => 8,
        TensorProto.Types.DataType.Float16 or TensorProto.Types.DataType.Bfloat16 or
        TensorProto.Types.DataType.Int16 or TensorProto.Types.DataType.Uint16 => 16,
        TensorProto.Types.DataType.Float or TensorProto.Types.DataType.Int32 or TensorProto.Types.DataType.Uint32 => 32,
        TensorProto.Types.DataType.Double or TensorProto.Types.DataType.Int64 or TensorProto.Types.DataType.Uint64 or
        TensorProto.Types.DataType.Complex64 => 64,
        TensorProto.Types.DataType.Complex128 => 128,
        _ => throw new NotSupportedException($"Element type {type} has no fixed size."),
    };

    /// <inheritdoc/>
    public bool Equals(TensorType? other) => other is not null && ElementType == other.ElementType && Dims.AsSpan().SequenceEqual(other.Dims);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = new();
        hash.Add(ElementType);
        foreach (long dim in Dims)
            hash.Add(dim);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ElementType}[{string.Join(",", Dims)}]";
}
