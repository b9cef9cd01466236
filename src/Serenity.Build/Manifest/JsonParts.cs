using System.Text.Json;

namespace Serenity.Build.Manifest;

/// <summary>Values of kinds that many records of a manifest have.</summary>
internal static class JsonParts
{
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

    public static void Numbers(Utf8JsonWriter json, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray();
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
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
}
