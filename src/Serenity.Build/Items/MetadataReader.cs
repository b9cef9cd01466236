using System.Globalization;
using Serenity.Build.Text;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Items;

/// <summary>
/// Reads the values of a <c>SerenityModel</c> or <c>SerenityDevice</c> item. A value that is not understood is error SER1101, which
/// names the metadata, the value and what is allowed. An empty value means the default.
/// </summary>
/// <param name="file">The item as the user named it; the file that errors point at.</param>
/// <param name="value">Gives the text of a metadata; empty if it is not set.</param>
public sealed class MetadataReader(string file, Func<string, string> value)
{
    private static readonly Dictionary<string, long> None = new(StringComparer.Ordinal);

    /// <summary>Text as it is.</summary>
    public string Text(string name) => value(name).Trim();

    /// <summary>true or false.</summary>
    public bool Boolean(string name, bool otherwise)
    {
        string text = Text(name);
        if (text.Length == 0)
            return otherwise;
        return bool.TryParse(text, out bool result) ? result : throw Bad(name, text, "it can be true or false");
    }

    /// <summary>One of an enumeration's names, in any case; never its number.</summary>
    public T Choice<T>(string name, T otherwise)
        where T : struct, Enum
    {
        string text = Text(name);
        if (text.Length == 0)
            return otherwise;
        foreach (T candidate in Enum.GetValues<T>())
        {
            if (string.Equals(candidate.ToString(), text, StringComparison.OrdinalIgnoreCase))
                return candidate;
        }
        throw Bad(name, text, $"it can be {string.Join(", ", Enum.GetNames<T>())}");
    }

    /// <summary>A positive whole number; null if not set.</summary>
    public long? PositiveNumber(string name)
    {
        string text = Text(name);
        if (text.Length == 0)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0
            ? number
            : throw Bad(name, text, "it must be a positive whole number");
    }

    /// <summary>A multiple, from 1 to 1000, such as 1.5.</summary>
    public double Multiple(string name, double otherwise)
    {
        string text = Text(name);
        if (text.Length == 0)
            return otherwise;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number is >= 1 and <= 1000
            ? number
            : throw Bad(name, text, "it must be a number from 1 to 1000, such as 1.5");
    }

    /// <summary>A power of two up to <paramref name="largest"/>.</summary>
    public int PowerOfTwo(string name, int otherwise, int largest)
    {
        long number = PositiveNumber(name) ?? otherwise;
        return number <= largest && long.IsPow2(number)
            ? (int)number
            : throw Bad(name, Text(name), FormattableString.Invariant($"it must be a power of two, at most {largest}"));
    }

    /// <summary>A size with a unit; null if not set.</summary>
    public long? Size(string name)
    {
        string text = Text(name);
        if (text.Length == 0)
            return null;
        return ByteSize.TryParse(text, out long bytes)
            ? bytes
            : throw Bad(name, text, $"it must be a positive size such as 512KiB or 1.5MB; the units are {ByteSize.UnitNames}");
    }

    /// <summary>Names and sizes, as <c>batch=1;seq=128</c>.</summary>
    public IReadOnlyDictionary<string, long> Dimensions(string name)
    {
        string text = Text(name);
        if (text.Length == 0)
            return None;
        SortedDictionary<string, long> dimensions = new(StringComparer.Ordinal);
        foreach (string part in text.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // The last "=": a dimension's name may hold one, as in "seq=2*n", a size cannot.
            int at = part.LastIndexOf('=');
            string dimension = at < 0 ? "" : part[..at].TrimEnd();
            ReadOnlySpan<char> number = part.AsSpan(at + 1).Trim();
            if (dimension.Length == 0 || number.Length == 0)
                throw Bad(name, text, $"'{part}' is not of the form name=size, as in batch=1;seq=128");
            if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                throw Bad(name, text, $"a size is a whole number, which '{number}' in '{part}' is not");
            if (!dimensions.TryAdd(dimension, size))
                throw Bad(name, text, $"'{dimension}' is given twice");
        }
        return dimensions;
    }

    private SerenityException Bad(string name, string text, string allowed) =>
        new(SerenityCodes.BadOption, file, $"{name}=\"{text}\" is not understood: {allowed}.");
}
