using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Serenity.Onnx.Schema;
using DataType = Serenity.Onnx.Schema.TensorProto.Types.DataType;

namespace Serenity.Onnx.Rewrites;

/// <summary>
/// The bytes of a constant tensor, little-endian and dense, wherever the file keeps them: in raw data, in a typed field, or in an
/// external file beside the model. Answers null for what it cannot read (strings, elements of less than a byte, missing or short
/// external data): a rewrite that needs the values then does not match.
/// </summary>
/// <param name="folder">Folder of the model, for external data.</param>
internal sealed class WeightReader(string folder)
{
    private readonly Dictionary<TensorProto, byte[]?> _cache = new(ReferenceEqualityComparer.Instance as IEqualityComparer<TensorProto>);

    /// <summary>Bytes per element, or 0 for a type whose elements are not whole bytes.</summary>
    public static int ElementSize(int dataType) => (DataType)dataType switch
    {
        DataType.Bool or DataType.Int8 or DataType.Uint8 => 1,
        DataType.Float16 or DataType.Bfloat16 or DataType.Int16 or DataType.Uint16 => 2,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4,
        DataType.Double or DataType.Int64 or DataType.Uint64 => 8,
        _ => 0,
    };

    /// <summary>True if the values of a tensor can be had, without reading them.</summary>
    public bool CanRead(TensorProto tensor)
    {
        int size = ElementSize(tensor.DataType);
        if (size == 0)
            return false;
        if (tensor.DataLocation != TensorProto.Types.DataLocation.External)
            return true;
        return External(tensor, out string path, out long offset, out long length) && new FileInfo(path) is { Exists: true } file
            && offset + length <= file.Length;
    }

    /// <summary>The bytes, or null where they cannot be had.</summary>
    public byte[]? Read(TensorProto tensor)
    {
        if (!_cache.TryGetValue(tensor, out byte[]? bytes))
        {
            bytes = ReadOnce(tensor);
            _cache.Add(tensor, bytes);
        }
        return bytes;
    }

    /// <summary>The values of a float, double or 16-bit float tensor, or null.</summary>
    public float[]? ReadFloats(TensorProto tensor)
    {
        byte[]? bytes = Read(tensor);
        if (bytes is null)
            return null;
        switch ((DataType)tensor.DataType)
        {
            case DataType.Float:
                float[] values = new float[bytes.Length / 4];
                for (int i = 0; i < values.Length; i++)
                    values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4 * i));
                return values;
            default:
                return null;
        }
    }

    private byte[]? ReadOnce(TensorProto tensor)
    {
        int size = ElementSize(tensor.DataType);
        if (size == 0)
            return null;
        long count = 1;
        foreach (long dim in tensor.Dims)
            count = checked(count * dim);
        byte[]? bytes = tensor.DataLocation == TensorProto.Types.DataLocation.External ? ReadExternal(tensor)
            : tensor.RawData.Length > 0 ? tensor.RawData.ToByteArray()
            : ReadFields(tensor, size, count);
        return bytes is not null && bytes.Length == count * size ? bytes : null;
    }

    private static byte[]? ReadFields(TensorProto tensor, int size, long count)
    {
        byte[] bytes = new byte[count * size];
        switch ((DataType)tensor.DataType)
        {
            case DataType.Float when tensor.FloatData.Count == count:
                for (int i = 0; i < count; i++)
                    BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * size), tensor.FloatData[i]);
                return bytes;
            case DataType.Double when tensor.DoubleData.Count == count:
                for (int i = 0; i < count; i++)
                    BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * size), tensor.DoubleData[i]);
                return bytes;
            case DataType.Int64 when tensor.Int64Data.Count == count:
                for (int i = 0; i < count; i++)
                    BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * size), tensor.Int64Data[i]);
                return bytes;
            case DataType.Uint64 or DataType.Uint32 when tensor.Uint64Data.Count == count:
                for (int i = 0; i < count; i++)
                    Write(bytes, i, size, unchecked((long)tensor.Uint64Data[i]));
                return bytes;
            case DataType.Float or DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Uint32:
                return null;
            default:
                if (tensor.Int32Data.Count != count)
                    return null;
                for (int i = 0; i < count; i++)
                    Write(bytes, i, size, tensor.Int32Data[i]);
                return bytes;
        }
    }

    private static void Write(byte[] bytes, int index, int size, long value)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(eight, value);
        eight[..size].CopyTo(bytes.AsSpan(index * size));
    }

    private byte[]? ReadExternal(TensorProto tensor)
    {
        if (!CanRead(tensor) || !External(tensor, out string path, out long offset, out long length))
            return null;
        byte[] bytes = new byte[length];
        using FileStream stream = File.OpenRead(path);
        stream.Position = offset;
        return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length ? bytes : null;
    }

    private bool External(TensorProto tensor, out string path, out long offset, out long length)
    {
        path = "";
        offset = 0;
        length = ElementSize(tensor.DataType);
        foreach (long dim in tensor.Dims)
            length = checked(length * dim);
        foreach (StringStringEntryProto entry in tensor.ExternalData)
        {
            switch (entry.Key)
            {
                case "location":
                    path = Path.GetFullPath(Path.Combine(folder, entry.Value));
                    break;
                case "offset" when !long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out offset):
                    return false;
            }
        }
        // A location outside the model's folder is refused, as everywhere.
        string root = Path.GetFullPath(folder);
        return path.StartsWith(root.EndsWith(Path.DirectorySeparatorChar) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }
}
