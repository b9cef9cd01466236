using System.Globalization;
using System.Text.Json;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Options.Syntax;

/// <summary>Names of values and the most of their dimensions, as <c>/NonZero_output_0=100;/audio=1x1x88200</c>; null for none.</summary>
public sealed class BoundsSyntax : OptionSyntax<IReadOnlyDictionary<string, long[]>?>
{
    /// <inheritdoc/>
    public override string ValueName => "value=size";

    /// <inheritdoc/>
    public override bool IsNameList => true;

    /// <inheritdoc/>
    public override string Schema => """{ "type": "object", "additionalProperties": { "type": "array", "items": { "type": "integer", "minimum": 0 } } }""";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, long[]> Parse(string text)
    {
        SortedDictionary<string, long[]> bounds = new(StringComparer.Ordinal);
        foreach (string part in NameList.Split(text))
        {
            // The last "=": a value's name may hold one, a size cannot.
            int at = part.LastIndexOf('=');
            string name = at < 0 ? "" : part[..at].TrimEnd();
            if (name.Length == 0)
                throw new FormatException($"'{part}' is not of the form value=size, as in /NonZero_output_0=100");
            long[] sizes = [.. part[(at + 1)..].Split('x', StringSplitOptions.TrimEntries).Select(size =>
                long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
                : throw new FormatException($"a bound is a whole number, or one for each dimension as in 1x1x500, which '{part[(at + 1)..].Trim()}' in '{part}' is not"))];
            if (!bounds.TryAdd(name, sizes))
                throw new FormatException($"'{name}' is given twice");
        }
        return bounds;
    }

    /// <inheritdoc/>
    public override string Format(IReadOnlyDictionary<string, long[]>? value) =>
        NameList.Join(value!.OrderBy(b => b.Key, StringComparer.Ordinal).Select(b => $"{b.Key}={string.Join('x', b.Value.Select(size => size.ToString(CultureInfo.InvariantCulture)))}"));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter json, IReadOnlyDictionary<string, long[]>? value)
    {
        json.WriteStartObject();
        foreach ((string name, long[] sizes) in value!.OrderBy(b => b.Key, StringComparer.Ordinal))
        {
            json.WriteStartArray(name);
            foreach (long size in sizes)
                json.WriteNumberValue(size);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, long[]> Read(JsonElement json)
    {
        SortedDictionary<string, long[]> bounds = new(StringComparer.Ordinal);
        foreach (JsonProperty bound in json.EnumerateObject())
            bounds[bound.Name] = [.. bound.Value.EnumerateArray().Select(size => size.GetInt64())];
        return bounds;
    }
}
