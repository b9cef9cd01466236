using System.Globalization;

namespace Serenity.Build.Text;

/// <summary>
/// Sizes as people write and read them. KB, MB and GB are decimal; KiB, MiB and GiB binary; so a budget written in KB is the smaller
/// reading and never grants too much.
/// </summary>
public static class ByteSize
{
    private static readonly (string Unit, long Bytes)[] _units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("KB", 1000), ("MB", 1000_000), ("GB", 1000_000_000), ("B", 1),
    ];

    /// <summary>The units, for messages.</summary>
    public const string UnitNames = "B, KB, KiB, MB, MiB, GB, GiB";

    /// <summary>
    /// Reads a size such as <c>512KiB</c>, <c>1.5 MB</c> or <c>200704</c> (bytes). Units are read without regard to case. A fraction of a
    /// byte is dropped where a unit makes it; bytes themselves are whole: who writes <c>1.5</c> has left a unit out.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">The size in bytes; positive.</param>
    /// <returns>False if the text is not a size, or is zero, negative, or above 2^63-1 bytes.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        bytes = 0;
        ReadOnlySpan<char> number = text.AsSpan().Trim();
        long unit = 1;
        foreach ((string name, long size) in _units)
        {
            if (!number.EndsWith(name, StringComparison.OrdinalIgnoreCase))
                continue;
            unit = size;
            number = number[..^name.Length].TrimEnd();
            break;
        }
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value))
            return false;
        // A decimal holds 28 digits, so the product below cannot overflow for any value that fits a long.
        if (value <= 0 || value > long.MaxValue || (unit == 1 && value != decimal.Floor(value)))
            return false;
        decimal product = decimal.Floor(value * unit);
        if (product is < 1 or > long.MaxValue)
            return false;
        bytes = (long)product;
        return true;
    }

    /// <summary>A size for people: exact bytes, and from 1 KiB on a rounded binary unit, as <c>802816 bytes (784 KiB)</c>.</summary>
    public static string Format(long bytes)
    {
        string exact = Exact(bytes);
        return Math.Abs((decimal)bytes) < 1024 ? exact : $"{exact} ({Rounded(bytes)})";
    }

    /// <summary>A size for people, rounded to one decimal of a binary unit: <c>784 KiB</c>, <c>1.5 MiB</c>, <c>12 B</c>.</summary>
    public static string Rounded(long bytes)
    {
        decimal magnitude = Math.Abs((decimal)bytes);
        // What would round to 1024 is one of the next unit.
        (string unit, long size) = magnitude switch
        {
            >= (1L << 30) - (1L << 20) / 20m => ("GiB", 1L << 30),
            >= (1L << 20) - (1L << 10) / 20m => ("MiB", 1L << 20),
            >= 1L << 10 => ("KiB", 1L << 10),
            _ => ("B", 1L),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{(decimal)bytes / size:0.#} {unit}");
    }

    /// <summary>Two sizes to be compared, rounded; exact where they differ and rounding would hide it: <c>("1048000 bytes", "1048576 bytes")</c>.</summary>
    public static (string Size, string Other) Compared(long bytes, long other)
    {
        (string size, string otherSize) = (Rounded(bytes), Rounded(other));
        return bytes != other && size == otherSize ? (Exact(bytes), Exact(other)) : (size, otherSize);
    }

    /// <summary>The smallest budget in whole KiB (below 1 KiB: bytes) that is at least this much, as one would write it: <c>785KiB</c>.</summary>
    public static string RoundUpBudget(long bytes) => bytes < 1024
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes}B")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024 + (bytes % 1024 == 0 ? 0 : 1)}KiB");

    /// <summary>A budget of just so many bytes, in the largest unit in which it is a whole number: <c>1MiB</c>, <c>1536KiB</c>, <c>200KB</c>, <c>1001</c>.</summary>
    public static string Budget(long bytes)
    {
        foreach ((string unit, long size) in _units.Where(u => u.Bytes > 1 && bytes > 0 && bytes % u.Bytes == 0).OrderByDescending(u => u.Bytes).Take(1))
            return string.Create(CultureInfo.InvariantCulture, $"{bytes / size}{unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{bytes}");
    }

    private static string Exact(long bytes) => bytes == 1 ? "1 byte" : string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes");
}
