using System.Text.Json;

namespace Serenity.Build.Manifest;

/// <summary>Writes values of kinds that many records of a manifest have.</summary>
internal static class JsonParts
{
    /// <summary>A property that is a list of objects.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="property">Its name.</param>
    /// <param name="elements">The objects.</param>
    /// <param name="write">Writes the properties of one.</param>
    public static void Objects<T>(Utf8JsonWriter json, string property, IEnumerable<T> elements, Action<Utf8JsonWriter, T> write)
        where T : class
    {
        json.WriteStartArray(property);
        foreach (T element in elements)
        {
            json.WriteStartObject();
            write(json, element);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void Names(Utf8JsonWriter json, string property, IReadOnlyList<string> names)
    {
        json.WriteStartArray(property);
        foreach (string name in names)
            json.WriteStringValue(name);
        json.WriteEndArray();
    }

    public static void Steps(Utf8JsonWriter json, string property, IReadOnlyList<int>? steps)
    {
        if (steps is null)
            return;
        json.WriteStartArray(property);
        foreach (int step in steps)
            json.WriteNumberValue(step);
        json.WriteEndArray();
    }

    public static void Numbers(Utf8JsonWriter json, string property, IReadOnlyList<long> numbers)
    {
        json.WritePropertyName(property);
        Numbers(json, numbers);
    }

    public static void Numbers(Utf8JsonWriter json, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray();
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    /// <summary>Sizes by the name of their dimension, in the order of the names.</summary>
    public static void Sizes(Utf8JsonWriter json, string property, IReadOnlyDictionary<string, long> sizes)
    {
        json.WriteStartObject(property);
        foreach ((string dimension, long size) in sizes.OrderBy(s => s.Key, StringComparer.Ordinal))
            json.WriteNumber(dimension, size);
        json.WriteEndObject();
    }

    public static void Optional(Utf8JsonWriter json, string property, string? value)
    {
        if (value is not null)
            json.WriteString(property, value);
    }

    public static void Optional(Utf8JsonWriter json, string property, long? value)
    {
        if (value is { } number)
            json.WriteNumber(property, number);
    }

    public static void Optional(Utf8JsonWriter json, string property, double? value)
    {
        if (value is { } number)
            json.WriteNumber(property, number);
    }
}
