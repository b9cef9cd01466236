using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Schema;
using static Serenity.Onnx.Schema.TensorProto.Types;

namespace Serenity.Onnx.Models;

/// <summary>What a tensor's shape and element type say about its data.</summary>
internal static class TensorData
{
    /// <summary>Bytes of the tensor's data by its shape; null for strings and element types this version does not know.</summary>
    /// <exception cref="OverflowException">It does not fit 63 bits.</exception>
    public static long? ExpectedBytes(TensorProto tensor)
    {
        DataType type = (DataType)tensor.DataType;
        return IsSized(type) ? new TensorType(type, [.. tensor.Dims]).Bytes : null;
    }

    /// <summary>True if the data lies in another file.</summary>
    public static bool IsExternal(TensorProto tensor) => tensor.DataLocation == DataLocation.External;

    /// <summary>What does not fit between shape, element type and data, as a clause for an error message; null if all fits.</summary>
    public static string? Problem(TensorProto tensor)
    {
        DataType type = (DataType)tensor.DataType;
        if (type == DataType.Undefined)
            return "it has no element type";
        if (!Enum.IsDefined(type))
            return null;
        foreach (long dim in tensor.Dims)
        {
            if (dim < 0)
                return $"its shape [{string.Join(",", tensor.Dims)}] has a negative dimension";
        }
        long count;
        long? bytes;
        try
        {
            count = new TensorType(type, [.. tensor.Dims]).ElementCount;
            bytes = ExpectedBytes(tensor);
        }
        catch (OverflowException)
        {
            return $"its shape [{string.Join(",", tensor.Dims)}] has more bytes than fit 63 bits";
        }
        if (IsExternal(tensor))
            return type == DataType.String ? "strings cannot be external data" : null;
        string of = $"its shape [{string.Join(",", tensor.Dims)}] of {Name(type)} takes";
        if (type == DataType.String)
            return tensor.StringData.Count == count ? null : $"{of} {Counted.Of(count, "string")}, it has {tensor.StringData.Count}";
        if (tensor.HasRawData && (tensor.RawData.Length > 0 || TypedCount(tensor, type) == 0))
            return tensor.RawData.Length == bytes ? null : $"{of} {Counted.Of(bytes!.Value, "byte")} of data, it has {tensor.RawData.Length}";
        long entries = EntriesFor(type, count, bytes!.Value);
        long have = TypedCount(tensor, type);
        return have == entries ? null : $"{of} {Counted.Of(entries, "value")}, it has {have}";
    }

    /// <summary>Moves the data of an embedded tensor from a typed field to raw bytes.</summary>
    /// <exception cref="NotSupportedException">Strings, or an element type this version does not know.</exception>
    public static void MakeRaw(TensorProto tensor)
    {
        if (tensor.RawData.Length > 0)
            return;
        byte[] raw = ToRaw(tensor);
        tensor.FloatData.Clear();
        tensor.DoubleData.Clear();
        tensor.Int32Data.Clear();
        tensor.Int64Data.Clear();
        tensor.Uint64Data.Clear();
        tensor.RawData = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(raw);
    }

    /// <summary>The data of an embedded tensor as raw bytes, little-endian.</summary>
    /// <exception cref="NotSupportedException">Strings, or an element type this version does not know.</exception>
    public static byte[] ToRaw(TensorProto tensor)
    {
        DataType type = (DataType)tensor.DataType;
        if (!IsSized(type))
            throw new NotSupportedException($"The data of '{tensor.Name}' has no raw form.");
        if (tensor.HasRawData && (tensor.RawData.Length > 0 || TypedCount(tensor, type) == 0))
            return tensor.RawData.ToByteArray();
        byte[] raw = new byte[ExpectedBytes(tensor)!.Value];
        Span<byte> rest = raw;
        int width = Math.Max(TensorType.BitsPerElement(type) / 8, 1);
        // The element type's own field alone, as ONNX Runtime does: a file may hold data in others, which nobody reads.
        switch (type)
        {
            case DataType.Float or DataType.Complex64:
                foreach (float value in tensor.FloatData)
                    Put(ref rest, 4, BitConverter.SingleToUInt32Bits(value));
                break;
            case DataType.Double or DataType.Complex128:
                foreach (double value in tensor.DoubleData)
                    Put(ref rest, 8, BitConverter.DoubleToUInt64Bits(value));
                break;
            case DataType.Int64:
                foreach (long value in tensor.Int64Data)
                    Put(ref rest, 8, unchecked((ulong)value));
                break;
            case DataType.Uint32 or DataType.Uint64:
                foreach (ulong value in tensor.Uint64Data)
                    Put(ref rest, width, value);
                break;
            default:
                foreach (int value in tensor.Int32Data)
                    Put(ref rest, width, unchecked((ulong)value));
                break;
        }
        return raw;
    }

    private static void Put(ref Span<byte> rest, int width, ulong bits)
    {
        for (int i = 0; i < width; i++)
            rest[i] = (byte)(bits >> (8 * i));
        rest = rest[width..];
    }

    /// <summary>The element type as ONNX writes it: float, int8, ...</summary>
    public static string Name(DataType type) => type.ToString().ToLowerInvariant();

    private static bool IsSized(DataType type) => Enum.IsDefined(type) && type is not (DataType.Undefined or DataType.String);

    // Entries of the typed field: complex numbers take two, elements of less than 8 bits are packed into bytes, one byte an entry.
    private static long EntriesFor(DataType type, long count, long bytes) => type switch
    {
        DataType.Complex64 or DataType.Complex128 => checked(count * 2),
        _ when TensorType.BitsPerElement(type) < 8 => bytes,
        _ => count,
    };

    private static long TypedCount(TensorProto tensor, DataType type) => type switch
    {
        DataType.Float or DataType.Complex64 => tensor.FloatData.Count,
        DataType.Double or DataType.Complex128 => tensor.DoubleData.Count,
        DataType.Int64 => tensor.Int64Data.Count,
        DataType.Uint32 or DataType.Uint64 => tensor.Uint64Data.Count,
        _ => tensor.Int32Data.Count,
    };
}
