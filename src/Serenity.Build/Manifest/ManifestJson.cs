using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Manifest;

/// <summary>
/// Reads and writes manifests. The text is the same on every machine: property order of the records, "\n" line ends, no byte order mark,
/// shortest round-trip numbers. One line per top-level property, and per element of a list of objects or names, so that two manifests
/// compare well line by line.
/// </summary>
public static class ManifestJson
{
    private static readonly JsonWriterOptions Inline = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The manifest as UTF-8 text.</summary>
    public static byte[] Write(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        using JsonDocument document = JsonSerializer.SerializeToDocument(manifest, ManifestJsonContext.Default.MemoryManifest);
        ArrayBufferWriter<byte> output = new();
        output.Write("{\n"u8);
        bool first = true;
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (!first)
                output.Write(",\n"u8);
            first = false;
            output.Write("  "u8);
            WriteInline(output, property.Name);
            output.Write(": "u8);
            WriteValue(output, property.Value);
        }
        output.Write("\n}\n"u8);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a manifest's text.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="file">The file it came from, for messages.</param>
    /// <exception cref="SerenityException">SER1602: not a manifest, damaged, or of a later version.</exception>
    public static MemoryManifest Read(ReadOnlySpan<byte> utf8, string file)
    {
        try
        {
            MemoryManifest? manifest = JsonSerializer.Deserialize(utf8, ManifestJsonContext.Default.MemoryManifest);
            if (manifest?.Version == 1)
                return manifest;
        }
        catch (JsonException problem)
        {
            throw Damaged(file, problem);
        }
        throw Damaged(file, null);
    }

    /// <summary>The error for a file that is not a manifest we can read.</summary>
    internal static SerenityException Damaged(string file, Exception? inner) => new(
        SerenityCodes.BadManifest, file, "The memory manifest is damaged or was written by another version. Build the model again to write it anew.", inner);

    private static void WriteValue(ArrayBufferWriter<byte> output, JsonElement value)
    {
        bool lines = value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value[0].ValueKind != JsonValueKind.Number;
        if (!lines)
        {
            WriteInline(output, value);
            return;
        }
        output.Write("[\n"u8);
        bool first = true;
        foreach (JsonElement element in value.EnumerateArray())
        {
            if (!first)
                output.Write(",\n"u8);
            first = false;
            output.Write("    "u8);
            WriteInline(output, element);
        }
        output.Write("\n  ]"u8);
    }

    private static void WriteInline(ArrayBufferWriter<byte> output, JsonElement value)
    {
        using Utf8JsonWriter writer = new(output, Inline);
        value.WriteTo(writer);
    }

    private static void WriteInline(ArrayBufferWriter<byte> output, string text)
    {
        using Utf8JsonWriter writer = new(output, Inline);
        writer.WriteStringValue(text);
    }
}
