using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Serenity.Onnx.Isolation.Messages;

/// <summary>Reads what <see cref="MessageWriter"/> wrote. A count is held against the bytes that are left before anything is made for it, so a message that was cut short takes no memory.</summary>
/// <param name="bytes">The message.</param>
/// <exception cref="InvalidDataException">Of every method: the message is cut short, or is none.</exception>
internal sealed class MessageReader(byte[] bytes)
{
    private int _at;

    /// <summary>Reads a message, all of it.</summary>
    public static T Read<T>(byte[] bytes, Func<MessageReader, T> read)
        where T : class
    {
        MessageReader reader = new(bytes);
        T value = read(reader);
        return reader._at == bytes.Length ? value : throw new InvalidDataException($"{bytes.Length - reader._at} bytes are left behind the end of the message.");
    }

    /// <summary>A truth value.</summary>
    public bool Bool() => Take(1)[0] switch
    {
        0 => false,
        1 => true,
        _ => throw new InvalidDataException($"There is no truth value at byte {_at - 1}."),
    };

    /// <summary>A number of 64 bits.</summary>
    public long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    /// <summary>A number of 32 bits.</summary>
    public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    /// <summary>A floating-point number.</summary>
    public double Double() => BitConverter.Int64BitsToDouble(Long());

    /// <summary>A text.</summary>
    public string Text()
    {
        int length = Count(sizeof(char));
        return new string(MemoryMarshal.Cast<byte, char>(Take(length * sizeof(char))));
    }

    /// <summary>A truth value that may be missing.</summary>
    public bool? OptionalBool() => Bool() ? Bool() : null;

    /// <summary>A number that may be missing.</summary>
    public long? OptionalLong() => Bool() ? Long() : null;

    /// <summary>A number that may be missing.</summary>
    public int? OptionalInt() => Bool() ? Int() : null;

    /// <summary>A number that may be missing.</summary>
    public double? OptionalDouble() => Bool() ? Double() : null;

    /// <summary>A text that may be missing.</summary>
    public string? OptionalText() => Bool() ? Text() : null;

    /// <summary>Anything that may be missing.</summary>
    public T? Optional<T>(Func<MessageReader, T> read)
        where T : class => Bool() ? read(this) : null;

    /// <summary>A list.</summary>
    public T[] List<T>(Func<MessageReader, T> read)
        where T : class
    {
        T[] values = new T[Count(1)];
        for (int i = 0; i < values.Length; i++)
            values[i] = read(this);
        return values;
    }

    /// <summary>Numbers.</summary>
    public long[] Longs()
    {
        long[] values = new long[Count(sizeof(long))];
        for (int i = 0; i < values.Length; i++)
            values[i] = Long();
        return values;
    }

    /// <summary>Numbers.</summary>
    public int[] Ints()
    {
        int[] values = new int[Count(sizeof(int))];
        for (int i = 0; i < values.Length; i++)
            values[i] = Int();
        return values;
    }

    /// <summary>Texts.</summary>
    public string[] Texts() => List(static r => r.Text());

    /// <summary>Values by name.</summary>
    public Dictionary<string, T> Map<T>(Func<MessageReader, T> read)
        where T : class
    {
        Dictionary<string, T> values = new(StringComparer.Ordinal);
        for (int count = Count(1); count > 0; count--)
            values[Text()] = read(this);
        return values;
    }

    /// <summary>Texts by name.</summary>
    public Dictionary<string, string> TextMap() => Map(static r => r.Text());

    /// <summary>Numbers by name.</summary>
    public Dictionary<string, long> LongMap()
    {
        Dictionary<string, long> values = new(StringComparer.Ordinal);
        for (int count = Count(1); count > 0; count--)
            values[Text()] = Long();
        return values;
    }

    /// <summary>A count of things that take so many bytes each at least.</summary>
    public int Count(int bytesEach)
    {
        int count = Int();
        return count >= 0 && count <= (bytes.Length - _at) / bytesEach
            ? count : throw new InvalidDataException($"At byte {_at - sizeof(int)} {count} are announced, for which too few bytes are left.");
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > bytes.Length - _at)
            throw new InvalidDataException($"The message ends at byte {bytes.Length}, in the midst of a value.");
        ReadOnlySpan<byte> taken = bytes.AsSpan(_at, length);
        _at += length;
        return taken;
    }
}
