using System.Globalization;
using System.Text.Json;

namespace Serenity.Build.Options.Syntax;

/// <summary>Names and sizes, as <c>batch=1;seq=128</c>.</summary>
public sealed class DimensionsSyntax : OptionSyntax<IReadOnlyDictionary<string, long>>
{
    /// <inheritdoc/>
    public override string ValueName => "name=size";

    /// <inheritdoc/>
    public override string Schema => """{ "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 } }""";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, long> Parse(string text)
    {
        SortedDictionary<string, long> dimensions = new(StringComparer.Ordinal);
        foreach (string part in text.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // The last "=": a dimension's name may hold one, as in "seq=2*n", a size cannot.
            int at = part.LastIndexOf('=');
            string dimension = at < 0 ? "" : part[..at].TrimEnd();
            ReadOnlySpan<char> number = part.AsSpan(at + 1).Trim();
            if (dimension.Length == 0 || number.Length == 0)
                throw new FormatException($"'{part}' is not of the form name=size, as in batch=1;seq=128");
            if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                throw new FormatException($"a size is a whole number, which '{number}' in '{part}' is not");
            if (!dimensions.TryAdd(dimension, size))
                throw new FormatException($"'{dimension}' is given twice");
        }
        return dimensions;
    }

    /// <inheritdoc/>
    public override string Format(IReadOnlyDictionary<string, long> value) => string.Join(
        ';', value.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => string.Create(CultureInfo.InvariantCulture, $"{d.Key}={d.Value}")));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, long> value)
    {
        json.WriteStartObject();
        foreach ((string name, long size) in value.OrderBy(d => d.Key, StringComparer.Ordinal))
            json.WriteNumber(name, size);
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, long> Read(JsonElement json)
    {
        SortedDictionary<string, long> dimensions = new(StringComparer.Ordinal);
        foreach (JsonProperty dimension in json.EnumerateObject())
            dimensions[dimension.Name] = dimension.Value.GetInt64();
        return dimensions;
    }
}
