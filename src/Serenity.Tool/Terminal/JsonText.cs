using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Serenity.Build.Manifest;

namespace Serenity.Tool.Terminal;

/// <summary>Results as JSON: camelCase, enumerations by name as in the manifest, absent where there is nothing.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // The verdict is written in lower case there, all others as they are named.
        Converters = { new JsonStringEnumConverter<BudgetVerdict>(JsonNamingPolicy.CamelCase), new JsonStringEnumConverter() },
    };

    /// <summary>Writes a value and a line break.</summary>
    public static void Write<T>(TextWriter output, T value)
    {
        output.Write(JsonSerializer.Serialize(value, _options).ReplaceLineEndings("\n"));
        output.Write('\n');
    }
}
