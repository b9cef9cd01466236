using System.Text.Json;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Manifest;

/// <summary>
/// Reads and writes manifests. The text is the same on every machine: property order of the records, "\n" line ends, no byte order mark,
/// shortest round-trip numbers. One line per top-level property, and per element of a list of objects or names, so that two manifests
/// compare well line by line. Names are in camel case; what is absent is left out.
/// </summary>
public static class ManifestJson
{
    /// <summary>The manifest as UTF-8 text.</summary>
    public static byte[] Write(MemoryManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        using ManifestWriter writer = new();
        return writer.Write(manifest);
    }

    /// <summary>Reads a manifest's text.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="file">The file it came from, for messages.</param>
    /// <exception cref="SerenityException">SER1602: not a manifest, damaged, or of a later version.</exception>
    public static MemoryManifest Read(ReadOnlySpan<byte> utf8, string file)
    {
        try
        {
            Utf8JsonReader reader = new(utf8);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            MemoryManifest manifest = ManifestReader.Read(document.RootElement);
            if (manifest.Version == 1 && !reader.Read())
                return manifest;
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Damaged(file, problem);
        }
        throw Damaged(file, null);
    }

    /// <summary>The error for a file that is not a manifest we can read.</summary>
    internal static SerenityException Damaged(string file, Exception? inner) => new(
        SerenityCodes.BadManifest, file, "The memory manifest is damaged or was written by another version. Build the model again to write it anew.", inner);
}
