using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>
/// Writes what parent and host hand each other, as bytes that <see cref="MessageReader"/> reads: values one after another, without names, as both are of one build. A serializer that
/// goes by types is compiled for each of them as it runs, which takes a process that has just started longer than planning a small model.
/// </summary>
internal sealed class MessageWriter
{
    private byte[] _bytes = new byte[4096];
    private int _length;

    /// <summary>Writes a message.</summary>
    public static byte[] ToBytes<T>(T value, Action<MessageWriter, T> write)
        where T : class
    {
        MessageWriter writer = new();
        write(writer, value);
        return writer._bytes.AsSpan(0, writer._length).ToArray();
    }

    /// <summary>A truth value.</summary>
    public void Bool(bool value) => Room(1)[0] = value ? (byte)1 : (byte)0;

    /// <summary>A number of 64 bits.</summary>
    public void Long(long value) => BinaryPrimitives.WriteInt64LittleEndian(Room(sizeof(long)), value);

    /// <summary>A number of 32 bits, or a constant of an enumeration.</summary>
    public void Int(int value) => BinaryPrimitives.WriteInt32LittleEndian(Room(sizeof(int)), value);

    /// <summary>A floating-point number, all its bits.</summary>
    public void Double(double value) => Long(BitConverter.DoubleToInt64Bits(value));

    /// <summary>A text, whatever stands in it.</summary>
    public void Text(string value)
    {
        Int(value.Length);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(value.AsSpan());
        bytes.CopyTo(Room(bytes.Length));
    }

    /// <summary>A truth value that may be missing.</summary>
    public void OptionalBool(bool? value)
    {
        Bool(value is not null);
        if (value is { } given)
            Bool(given);
    }

    /// <summary>A number that may be missing.</summary>
    public void OptionalLong(long? value)
    {
        Bool(value is not null);
        if (value is { } given)
            Long(given);
    }

    /// <summary>A number that may be missing.</summary>
    public void OptionalInt(int? value)
    {
        Bool(value is not null);
        if (value is { } given)
            Int(given);
    }

    /// <summary>A number that may be missing.</summary>
    public void OptionalDouble(double? value)
    {
        Bool(value is not null);
        if (value is { } given)
            Double(given);
    }

    /// <summary>A text that may be missing.</summary>
    public void OptionalText(string? value)
    {
        Bool(value is not null);
        if (value is not null)
            Text(value);
    }

    /// <summary>Anything that may be missing.</summary>
    public void Optional<T>(T? value, Action<MessageWriter, T> write)
        where T : class
    {
        Bool(value is not null);
        if (value is not null)
            write(this, value);
    }

    /// <summary>A list.</summary>
    public void List<T>(IReadOnlyList<T> values, Action<MessageWriter, T> write)
        where T : class
    {
        Int(values.Count);
        for (int i = 0; i < values.Count; i++)
            write(this, values[i]);
    }

    /// <summary>Numbers.</summary>
    public void Longs(IReadOnlyList<long> values)
    {
        Int(values.Count);
        for (int i = 0; i < values.Count; i++)
            Long(values[i]);
    }

    /// <summary>Numbers.</summary>
    public void Ints(IReadOnlyList<int> values)
    {
        Int(values.Count);
        for (int i = 0; i < values.Count; i++)
            Int(values[i]);
    }

    /// <summary>Texts.</summary>
    public void Texts(IReadOnlyList<string> values) => List(values, static (w, text) => w.Text(text));

    /// <summary>Values by name, in the order that they are in.</summary>
    public void Map<T>(IReadOnlyDictionary<string, T> values, Action<MessageWriter, T> write)
        where T : class
    {
        Int(values.Count);
        foreach ((string name, T value) in values)
        {
            Text(name);
            write(this, value);
        }
    }

    /// <summary>Texts by name.</summary>
    public void TextMap(IReadOnlyDictionary<string, string> values) => Map(values, static (w, text) => w.Text(text));

    /// <summary>Numbers by name.</summary>
    public void LongMap(IReadOnlyDictionary<string, long> values)
    {
        Int(values.Count);
        foreach ((string name, long value) in values)
        {
            Text(name);
            Long(value);
        }
    }

    private Span<byte> Room(int bytes)
    {
        if (bytes > _bytes.Length - _length)
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(2L * _bytes.Length, (long)_length + bytes)));
        _length += bytes;
        return _bytes.AsSpan(_length - bytes, bytes);
    }
}
