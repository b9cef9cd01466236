namespace Serenity.Onnx.Models;

/// <summary>One field of a message, as it stands in the bytes.</summary>
/// <param name="number">Its number.</param>
/// <param name="wire">How it is written: 0 varint, 1 eight bytes, 2 with its length, 5 four bytes.</param>
/// <param name="value">Its content, without tag and length; empty for a varint.</param>
internal readonly ref struct WireEntry(int number, int wire, ReadOnlySpan<byte> value)
{
    /// <summary>Its number.</summary>
    public int Number { get; } = number;

    /// <summary>True if it is written with its length: text, bytes, a message or packed numbers.</summary>
    public bool IsDelimited { get; } = wire == 2;

    /// <summary>Its content, without tag and length; empty for a varint.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;
}

/// <summary>The fields of a message, one after the other, with nothing parsed or kept; ends at what is no protobuf.</summary>
/// <param name="bytes">A whole message.</param>
internal ref struct WireFields(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The field at hand.</summary>
    public WireEntry Current { get; private set; }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly WireFields GetEnumerator() => this;

    /// <summary>Goes on to the next.</summary>
    public bool MoveNext()
    {
        if (!Varint(out ulong tag) || tag >> 3 is 0 or > int.MaxValue)
            return false;
        int wire = (int)(tag & 7);
        long length = wire switch { 0 => 0, 1 => 8, 5 => 4, 2 when Varint(out ulong stated) && stated <= int.MaxValue => (long)stated, _ => -1 };
        if (length < 0 || length > _rest.Length || (wire == 0 && !Varint(out _)))
            return false;
        Current = new WireEntry((int)(tag >> 3), wire, _rest[..(int)length]);
        _rest = _rest[(int)length..];
        return true;
    }

    private bool Varint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < _rest.Length && i < 10; i++)
        {
            value |= i < 9 ? (ulong)(_rest[i] & 0x7F) << (7 * i) : 0;
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return true;
            }
        }
        return false;
    }
}
