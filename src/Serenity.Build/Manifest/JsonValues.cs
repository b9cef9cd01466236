using System.Text.Json;

namespace Serenity.Build.Manifest;

/// <summary>Reads values of kinds that many records of a manifest have. What is missing or of the wrong kind throws what <see cref="JsonElement"/> does, or <see cref="FormatException"/>.</summary>
internal static class JsonValues
{
    public static string TextOf(JsonElement owner, string name) => TextOf(owner.GetProperty(name));

    public static string TextOf(JsonElement value) => value.GetString() ?? throw new FormatException("A text is missing.");

    public static long Number(JsonElement owner, string name) => owner.GetProperty(name).GetInt64();

    public static string? OptionalText(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement value) ? TextOf(value) : null;

    public static long? OptionalNumber(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : null;

    public static double? OptionalFraction(JsonElement owner, string name) => owner.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : null;

    public static SortedDictionary<string, string> Texts(JsonElement values)
    {
        SortedDictionary<string, string> texts = new(StringComparer.Ordinal);
        foreach (JsonProperty value in values.EnumerateObject())
            texts[value.Name] = TextOf(value.Value);
        return texts;
    }

    /// <summary>Sizes by the name of their dimension.</summary>
    public static SortedDictionary<string, long> Sizes(JsonElement values)
    {
        SortedDictionary<string, long> sizes = new(StringComparer.Ordinal);
        foreach (JsonProperty value in values.EnumerateObject())
            sizes[value.Name] = value.Value.GetInt64();
        return sizes;
    }

    public static string[] Names(JsonElement array) => List(array, TextOf);

    public static T[] List<T>(JsonElement array, Func<JsonElement, T> read)
        where T : class
    {
        T[] list = new T[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in array.EnumerateArray())
            list[count++] = read(element);
        return list;
    }

    public static long[] Numbers(JsonElement array)
    {
        long[] numbers = new long[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in array.EnumerateArray())
            numbers[count++] = element.GetInt64();
        return numbers;
    }

    public static int[] Steps(JsonElement array)
    {
        int[] steps = new int[array.GetArrayLength()];
        int count = 0;
        foreach (JsonElement element in array.EnumerateArray())
            steps[count++] = element.GetInt32();
        return steps;
    }
}
